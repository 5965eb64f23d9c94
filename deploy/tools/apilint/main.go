// Command apilint checks the project's protos against the API Improvement Proposals (aip.dev) with Google's
// api-linter. Elements that differ on purpose are listed by name in a file of exceptions, with the reason.
// An exception that no element needs is an error too. The exit status is 1 if there are findings.
//
//	apilint PROTO-DIRECTORY EXCEPTIONS
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bufbuild/protocompile"
	"github.com/googleapis/api-linter/v2/lint"
	"github.com/googleapis/api-linter/v2/rules"
	"google.golang.org/protobuf/reflect/protoreflect"
	"gopkg.in/yaml.v3"
)

// exception allows some elements to break some rules.
type exception struct {
	Rules []string
	// Names are full names of RPCs, messages and fields. None: any element.
	Names  []string
	Reason string
}

func (e exception) allows(rule, name string) bool {
	return slices.Contains(e.Rules, rule) && (len(e.Names) == 0 || slices.Contains(e.Names, name))
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: apilint PROTO-DIRECTORY EXCEPTIONS")
		os.Exit(2)
	}
	findings, err := run(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "apilint:", err)
		os.Exit(2)
	}
	for _, finding := range findings {
		fmt.Println(finding)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

func run(directory, exceptions string) ([]string, error) {
	allowed, err := readExceptions(exceptions)
	if err != nil {
		return nil, err
	}
	files, err := compile(directory)
	if err != nil {
		return nil, err
	}
	problems, err := check(files)
	if err != nil {
		return nil, err
	}
	return judge(problems, allowed), nil
}

func readExceptions(path string) ([]exception, error) {
	text, err := os.ReadFile(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	var exceptions []exception
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&exceptions); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, e := range exceptions {
		if e.Reason == "" || len(e.Rules) == 0 {
			return nil, fmt.Errorf("%s: an exception has no reason or no rules: %+v", path, e)
		}
	}
	return exceptions, nil
}

// compile reads the project's protos; those of others in third_party are read only as imports.
func compile(directory string) ([]protoreflect.FileDescriptor, error) {
	var paths []string
	//nolint:gosec // named on the command line
	err := filepath.WalkDir(filepath.Join(directory, "couponlink"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".proto" {
			return err
		}
		path, err = filepath.Rel(directory, path)
		paths = append(paths, filepath.ToSlash(path))
		return err
	})
	if err != nil {
		return nil, err
	}
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{directory, filepath.Join(directory, "third_party")},
		}),
		SourceInfoMode: protocompile.SourceInfoExtraOptionLocations,
	}
	compiled, err := compiler.Compile(context.Background(), paths...)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	for _, file := range compiled {
		files = append(files, file)
	}
	return files, nil
}

// check runs all rules. A comment in a proto cannot turn one off.
func check(files []protoreflect.FileDescriptor) ([]lint.Problem, error) {
	registry := lint.NewRuleRegistry()
	if err := rules.Add(registry); err != nil {
		return nil, err
	}
	responses, err := lint.New(registry, nil, lint.IgnoreCommentDisables(true)).LintProtos(files...)
	if err != nil {
		return nil, err
	}
	var problems []lint.Problem
	for _, response := range responses {
		problems = append(problems, response.Problems...)
	}
	if len(problems) == 0 {
		return nil, errors.New("no finding at all, not even those that are allowed: were the protos read?")
	}
	return problems, nil
}

// judge returns the problems that no exception allows, and the rules and names that exceptions do not need.
func judge(problems []lint.Problem, exceptions []exception) []string {
	var findings []string
	needed := make([]map[string]bool, len(exceptions))
	for i := range needed {
		needed[i] = map[string]bool{}
	}
	for _, p := range problems {
		rule, name := string(p.RuleID), string(p.Descriptor.FullName())
		i := slices.IndexFunc(exceptions, func(e exception) bool { return e.allows(rule, name) })
		if i < 0 {
			file := p.Descriptor.ParentFile()
			line := file.SourceLocations().ByDescriptor(p.Descriptor).StartLine + 1
			findings = append(findings, fmt.Sprintf("%s:%d: %s: %s: %s (%s)", file.Path(), line, name, rule, p.Message, p.GetRuleURI()))
			continue
		}
		needed[i][rule], needed[i][name] = true, true
	}
	for i, e := range exceptions {
		for _, part := range slices.Concat(e.Rules, e.Names) {
			if !needed[i][part] {
				findings = append(findings, fmt.Sprintf("exceptions: %s in the exception of %s allows nothing: remove it", part, e.Rules[0]))
			}
		}
	}
	slices.Sort(findings)
	return findings
}

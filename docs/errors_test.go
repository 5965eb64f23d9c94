package docs_test

import (
	"bytes"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A row of a table in the page begins with a reason and its codes: | `REASON` | CODE, CODE |.
var pageRow = regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]+)` \\|([A-Z_, ]*)\\|")

// Reasons that are INVALID_ and the name of a field need no row. The page names them in one list.
var pageField = regexp.MustCompile("`(INVALID_[A-Z0-9_]+)`")

// TestErrorsPageIsComplete compares the reasons and codes in errors.md with those that the code answers with.
func TestErrorsPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, field := range pageField.FindAllStringSubmatch(string(page), -1) {
		listed[field[1]] = "INVALID_ARGUMENT"
	}
	rows := map[string]bool{}
	for _, row := range pageRow.FindAllStringSubmatch(string(page), -1) {
		if rows[row[1]] {
			t.Errorf("errors.md has two rows for %s", row[1])
		}
		listed[row[1]], rows[row[1]] = row[2], true
	}
	given := reasonsInCode(t)
	if len(given) < 50 {
		t.Fatalf("found only %d reasons in the code, so this test looks in the wrong places", len(given))
	}
	for _, reason := range slices.Sorted(maps.Keys(given)) {
		codes, ok := listed[reason]
		if !ok {
			t.Errorf("errors.md lacks %s, which %s gives", reason, given[reason].place)
		}
		for code := range given[reason].codes {
			if ok && !slices.Contains(strings.Fields(strings.ReplaceAll(codes, ",", " ")), code) {
				t.Errorf("errors.md says that %s comes with%s; %s gives it with %s", reason, codes, given[reason].place, code)
			}
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(listed)) {
		if given[reason] == nil {
			t.Errorf("errors.md lists %s, which no code gives", reason)
		}
	}
}

// given is a reason in the code.
type given struct {
	place string          // a file that gives it
	codes map[string]bool // the codes that it is given with, where that call says both
}

// reasonsInCode returns the reasons in the services' code. A reason is a constant string in capitals that is passed as a
// parameter called reason, or set as a variable, constant or field whose name ends so.
func reasonsInCode(t *testing.T) map[string]*given {
	t.Helper()
	files := token.NewFileSet()
	packages, exports := goList(t)
	imports := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	found := map[string]*given{}
	for _, path := range slices.Sorted(maps.Keys(packages)) {
		var parsed []*ast.File
		for _, name := range packages[path] {
			file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
		if _, err := (&types.Config{Importer: imports}).Check(path, files, parsed, info); err != nil {
			t.Fatal(err)
		}
		s := search{info, func(reason, code string, at token.Pos) {
			if found[reason] == nil {
				place := files.Position(at)
				found[reason] = &given{filepath.Base(filepath.Dir(place.Filename)) + "/" + filepath.Base(place.Filename), map[string]bool{}}
			}
			if code != "" {
				found[reason].codes[code] = true
			}
		}}
		for _, file := range parsed {
			ast.Inspect(file, s.visit)
		}
	}
	return found
}

// search calls found for each reason in the syntax that it visits.
type search struct {
	info  *types.Info
	found func(reason, code string, at token.Pos)
}

func (s search) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if of, ok := s.info.TypeOf(n.Fun).(*types.Signature); ok {
			code := s.code(n)
			for i := range min(of.Params().Len(), len(n.Args)) {
				s.check(of.Params().At(i).Name(), n.Args[i], code)
			}
		}
	case *ast.CompositeLit:
		of, ok := s.info.TypeOf(n).Underlying().(*types.Struct)
		for i, value := range n.Elts {
			if pair, keyed := value.(*ast.KeyValueExpr); keyed {
				if name, named := pair.Key.(*ast.Ident); named {
					s.check(name.Name, pair.Value, "")
				}
			} else if ok {
				s.check(of.Field(i).Name(), value, "")
			}
		}
	case *ast.AssignStmt:
		for i, to := range n.Lhs {
			if len(n.Rhs) != len(n.Lhs) {
				break
			}
			switch to := to.(type) {
			case *ast.Ident:
				s.check(to.Name, n.Rhs[i], "")
			case *ast.SelectorExpr:
				s.check(to.Sel.Name, n.Rhs[i], "")
			}
		}
	case *ast.ValueSpec:
		for i, value := range n.Values {
			s.check(n.Names[i].Name, value, "")
			if named, ok := s.info.Defs[n.Names[i]].Type().(*types.Named); ok {
				s.check(named.Obj().Name(), value, "")
			}
		}
	}
	return true
}

// check reports a value as a reason if it is set under such a name. The names of what ends a scan begin with Fault.
func (s search) check(name string, value ast.Expr, code string) {
	if !strings.HasSuffix(strings.ToLower(name), "reason") && !strings.HasPrefix(name, "Fault") {
		return
	}
	if text := s.info.Types[value].Value; text != nil && text.Kind() == constant.String && reasonWord.MatchString(constant.StringVal(text)) {
		s.found(constant.StringVal(text), code, value.Pos())
	}
}

// code returns the gRPC code that a call names, by its name in the page; "" if it names none.
func (s search) code(call *ast.CallExpr) string {
	if to, ok := call.Fun.(*ast.SelectorExpr); ok && to.Sel.Name == "Invalid" {
		return "INVALID_ARGUMENT"
	}
	for _, arg := range call.Args {
		name, ok := arg.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		if of, ok := s.info.TypeOf(arg).(*types.Named); ok && (of.Obj().Name() == "Kind" && of.Obj().Pkg().Name() == "apperr" || of.Obj().Name() == "Code") {
			return strings.ToUpper(wordStart.ReplaceAllString(name.Sel.Name, "${1}_$2"))
		}
	}
	return ""
}

var wordStart = regexp.MustCompile("([a-z])([A-Z])")

var reasonWord = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

// goList returns the files of the services' packages, and where the compiled form of each of their imports is.
func goList(t *testing.T) (packages map[string][]string, exports map[string]string) {
	t.Helper()
	const form = "{{.ImportPath}}\t{{.Export}}{{if and .Module .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}\t{{$dir}}/{{.}}{{end}}{{end}}"
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", form, "../services/...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, exports = map[string][]string{}, map[string]string{}
	for line := range bytes.Lines(out) {
		words := strings.Split(strings.TrimSuffix(string(line), "\n"), "\t")
		exports[words[0]] = words[1]
		if len(words) > 2 && strings.Contains(words[0], "/services/") && !forTests(words[0]) {
			packages[words[0]] = words[2:]
		}
	}
	return packages, exports
}

// forTests says whether only tests and benchmarks use a package.
func forTests(path string) bool {
	return strings.HasSuffix(path, "test") || strings.HasSuffix(path, "bench") || strings.Contains(path, "/e2e") || strings.HasSuffix(path, "testprograms")
}

package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// Describe prints the settings of cfg with where each comes from, checks them, and returns what is wrong. Passwords in
// URLs are masked.
//
// A struct in cfg that has a method Check() error is checked by it.
func Describe(out io.Writer, name, description string, cfg any, args []string) error {
	parser, settings, err := parserOf(name, description, cfg)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, flag := range slices.SortedFunc(slices.Values(parsed.Flags()), func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) }) {
		if flag.Name == "help" || flag.Name == "version" {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", flag.Name, shown(fmt.Sprint(flag.Target.Interface())), sourceOf(parsed, flag, settings))
	}
	return errors.Join(table.Flush(), check(reflect.ValueOf(cfg)))
}

// sourceOf says where the value of a flag comes from.
func sourceOf(parsed *kong.Context, flag *kong.Flag, settings *file) string {
	for _, path := range parsed.Path {
		if path.Flag == flag && !path.Resolved {
			return "flag"
		}
	}
	if name := variableOf(flag); name != "" {
		return name
	}
	if _, ok := settings.values[flag.Name]; ok {
		return settings.path
	}
	return "default"
}

// shown returns a value as it may be printed: without the password of a URL.
func shown(value string) string {
	if value == "" {
		return `""`
	}
	if !strings.Contains(value, "@") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return "(not shown: it may have a password)"
	}
	return u.Redacted()
}

// check runs the Check methods of a struct and of those in it.
func check(v reflect.Value) error {
	v = reflect.Indirect(v)
	if v.Kind() != reflect.Struct {
		return nil
	}
	var faults []error
	if c, ok := v.Addr().Interface().(interface{ Check() error }); ok {
		faults = append(faults, c.Check())
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Anonymous {
			faults = append(faults, check(v.Field(i)))
		}
	}
	return errors.Join(faults...)
}

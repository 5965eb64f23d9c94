package couponlink_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/tracking"
)

var writePage = flag.Bool("write-settings-page", false, "write docs/settings.md instead of comparing it")

const settingsPage = "../../docs/settings.md"

// TestSettingsPage compares the table in settings.md with the programs' flags.
//
//	go test ./services/couponlink -run TestSettingsPage -write-settings-page
func TestSettingsPage(t *testing.T) {
	page, err := os.ReadFile(settingsPage)
	if err != nil {
		t.Fatal(err)
	}
	const begin = "| name | variable | default | programs | meaning |\n"
	text, _, ok := strings.Cut(string(page), begin)
	if !ok {
		t.Fatal("settings.md has no table")
	}
	want := text + begin + "| --- | --- | --- | --- | --- |\n" + settingsTable(t)
	if *writePage {
		if err := os.WriteFile(settingsPage, []byte(want), 0o600); err != nil { //nolint:gosec // the page of this repository
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Errorf("settings.md differs from the flags; -write-settings-page writes it. It should be:\n%s", want)
	}
}

// settingsTable has a row for each flag of the programs.
func settingsTable(t *testing.T) string {
	rows, programs := map[string]string{}, map[string][]string{}
	for _, program := range []struct {
		name string
		cfg  any
	}{{"couponlink", &couponlink.Config{}}, {"coupon", &coupon.Config{}}, {"tracking", &tracking.Config{}}, {"gateway", &gateway.Config{}}} {
		parser, err := kong.New(program.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range parser.Model.Flags {
			if len(f.Tag.Envs) == 0 {
				continue
			}
			if rows[f.Name] == "" {
				rows[f.Name] = fmt.Sprintf("`%s` | %s | %%s | %s |\n", f.Tag.Envs[0], defaultOf(f), strings.ReplaceAll(strings.ReplaceAll(f.Help, "%", "%%"), "|", "\\|"))
			}
			programs[f.Name] = append(programs[f.Name], program.name)
		}
	}
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		of := "all"
		if len(programs[name]) < 4 {
			of = strings.Join(programs[name], ", ")
		}
		fmt.Fprintf(&table, "| `%s` | "+rows[name], name, of)
	}
	return table.String()
}

func defaultOf(f *kong.Flag) string {
	switch {
	case f.Default != "":
		return "`" + f.Default + "`"
	case f.Target.Kind() == reflect.Bool:
		return "`false`"
	default:
		return ""
	}
}

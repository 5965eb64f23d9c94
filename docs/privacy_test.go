package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	tableBody = regexp.MustCompile(`(?ms)^CREATE TABLE ([a-z_]+) \((.*?)^\)`)
	column    = regexp.MustCompile(`(?m)^ +([a-z_0-9]+) +(?:ANY|TEXT|INTEGER|BLOB)\b`)
	addColumn = regexp.MustCompile(`(?m)^ALTER TABLE ([a-z_]+) ADD COLUMN ([a-z_0-9]+)`)
	quoted    = regexp.MustCompile("`([a-z_0-9]+)`")
)

// TestPrivacyClassifiesEveryColumn compares privacy.md with the tracking service's tables: each column of a table with a
// section is in one of its lists, and each other table is named.
func TestPrivacyClassifiesEveryColumn(t *testing.T) {
	page, err := os.ReadFile("privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := trackingColumns(t)
	if len(columns) < 15 || !slices.Contains(columns["clicks"], "dropped") || !slices.Contains(columns["clicks"], "user_agent") {
		t.Fatalf("found %d tables: this test looks in the wrong place", len(columns))
	}
	sections := strings.Split(string(page), "\n### ")
	for _, section := range sections[1:] {
		table, text, _ := strings.Cut(section, "\n")
		if columns[table] == nil {
			continue
		}
		listed := listedColumns(t, table, text)
		for _, name := range columns[table] {
			if listed[name] != 1 {
				t.Errorf("privacy.md has the column %s of %s in %d lists, want one: personal, free or others", name, table, listed[name])
			}
			delete(listed, name)
		}
		for name := range listed {
			t.Errorf("privacy.md lists %s of %s, which has no such column", name, table)
		}
		delete(columns, table)
	}
	for table := range columns {
		if !strings.Contains(string(page), "`"+table+"`") {
			t.Errorf("privacy.md does not say what the table %s has of people", table)
		}
	}
	for _, table := range []string{"clicks", "conversions", "postbacks", "deliveries", "deferred", "reservations", "requests"} {
		if columns[table] != nil {
			t.Errorf("privacy.md has no section for %s", table)
		}
	}
}

// listedColumns returns how often each column is in the lists of a table's section.
func listedColumns(t *testing.T, table, section string) map[string]int {
	t.Helper()
	listed := map[string]int{}
	for _, class := range []string{"personal", "free", "others"} {
		_, list, ok := strings.Cut(section, "\n- "+class+": ")
		if !ok {
			t.Errorf("privacy.md has no list %q for %s", class, table)
		}
		list, _, _ = strings.Cut(list, "\n")
		for _, name := range quoted.FindAllStringSubmatch(list, -1) {
			listed[name[1]]++
		}
	}
	return listed
}

// trackingColumns returns the columns of the tracking service's tables, by table, as its migrations create them.
func trackingColumns(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../services/tracking/internal/sqlitestore/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tableBody.FindAllStringSubmatch(string(text), -1) {
			for _, name := range column.FindAllStringSubmatch(table[2], -1) {
				columns[table[1]] = append(columns[table[1]], name[1])
			}
		}
		for _, added := range addColumn.FindAllStringSubmatch(string(text), -1) {
			columns[added[1]] = append(columns[added[1]], added[2])
		}
	}
	return columns
}

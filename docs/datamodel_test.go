package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var createTable = regexp.MustCompile(`(?m)^CREATE TABLE ([a-z_]+)`)

// TestDataModelNamesEveryTable compares data-model.md with the tables that the migrations create.
func TestDataModelNamesEveryTable(t *testing.T) {
	page, err := os.ReadFile("data-model.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../services/*/internal/sqlitestore/migrations/*.sql")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d migrations, error %v: this test looks in the wrong place", len(files), err)
	}
	for _, file := range files {
		migration, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range createTable.FindAllStringSubmatch(string(migration), -1) {
			if !strings.Contains(string(page), "`"+table[1]+"`") {
				t.Errorf("data-model.md lacks the table %s of %s", table[1], file)
			}
		}
	}
}

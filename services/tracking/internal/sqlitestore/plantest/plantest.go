// Package plantest checks SQLite's query plans for the tracking service.
//
// Only tests may import it.
package plantest

import (
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// Check checks the plan for one of storetest's queries. The plan must read an index in the query's order, so that a page
// costs the same however many rows there are, unless p says that the query scans.
func Check(t testing.TB, db *sql.DB, p storetest.Planned, query string, args ...any) {
	t.Helper()
	plan := sqlitetest.Explain(t, db, query, args...)
	first := regexp.MustCompile(`USING (?:COVERING )?(INDEX (\w+)|PRIMARY KEY)`).FindStringSubmatch(plan)
	sorts := strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "TEMP B-TREE FOR LAST TERM") && p.Scans != ""
	if p.Scans != "" {
		if !sorts {
			t.Errorf("%s: it reads an index in order, so it is no longer a scan:\n%s", p, plan)
		}
		return
	}
	want := indexedBy(p.Of, p.By)
	if first == nil {
		// The journal is in the order of its primary key.
		if p.Of != "postbacks" || want != "id" || strings.Contains(plan, "TEMP") {
			t.Errorf("%s: it reads no index:\n%s", p, plan)
		}
		return
	}
	if got := firstColumn(t, db, p.Of, first[2]); got != want {
		t.Errorf("%s: it reads an index by %s, want one by %s:\n%s", p, got, want, plan)
	}
	if sorts && p.Sorts == "" {
		t.Errorf("%s: it sorts all matching rows:\n%s", p, plan)
	}
}

// indexedBy returns the first column of the index that serves a column.
func indexedBy(table, column string) string {
	switch table + "." + column {
	case "conversions.status":
		return "unapproved"
	case "conversions.conflicted":
		return "conflict"
	case "deliveries.state":
		return "dead"
	case "postbacks.create_time":
		return "id"
	default:
		return column
	}
}

// firstColumn returns the first column of an index, or of a table's primary key if index is empty.
func firstColumn(t testing.TB, db *sql.DB, table, index string) string {
	t.Helper()
	query, of := `SELECT name FROM pragma_index_info(?) WHERE seqno = 0`, index
	if index == "" {
		query, of = `SELECT name FROM pragma_table_info(?) WHERE pk = 1`, table
	}
	var name string
	if err := db.QueryRowContext(t.Context(), query, of).Scan(&name); err != nil {
		t.Fatalf("reading the columns of %s %s: %v", table, index, err)
	}
	return name
}

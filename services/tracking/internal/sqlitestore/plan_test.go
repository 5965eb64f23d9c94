package sqlitestore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// TestListsUseTheirIndexes asks SQLite how it would run the lists that people run, on their first
// page and a later one: by an index that is in order, so that a page costs the same however many
// conversions there are.
func TestListsUseTheirIndexes(t *testing.T) {
	s := openStore(t)
	latestFirst := []listing.Order{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}}
	for field, index := range map[string]string{
		"":                "conversions_time",
		"offer":           "conversions_offer",
		"publisher":       "conversions_publisher",
		"pub_unique3_key": "conversions_pub_unique3",
		"status":          "conversions_status",
		"id":              "sqlite_autoindex_conversions_1",
	} {
		for _, after := range [][]any{nil, {time.UnixMilli(0), "5"}} {
			q := listing.Query{Order: latestFirst, After: after, Limit: 50}
			if field != "" {
				q.Where = listing.Compare{Field: field, Op: listing.Equal, Value: "x"}
			}
			plan := explain(t, s, q)
			if !strings.Contains(plan, "INDEX "+index) {
				t.Errorf("by %q after %v: the plan is\n%s, want the index %s", field, after, plan, index)
			}
			if field != "id" && strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
				t.Errorf("by %q after %v: all that match are sorted:\n%s", field, after, plan)
			}
		}
	}
}

func explain(t *testing.T, s *Store, q listing.Query) string {
	t.Helper()
	query, args := conversionQuery(q)
	rows, err := s.db.Read().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

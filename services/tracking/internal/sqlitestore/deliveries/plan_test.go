package deliveries_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/deliveries"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/plantest"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// openFile returns a connection to the file of a new store.
func openFile(t *testing.T) *sql.DB {
	t.Helper()
	dir := t.TempDir()
	s, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlitestore.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestPlans checks SQLite's plans for the lists of deliveries. See plantest.Check.
func TestPlans(t *testing.T) {
	db := openFile(t)
	checked := 0
	for _, p := range storetest.Plans() {
		if p.Of == "deliveries" {
			query, args := deliveries.ListQuery(p.Query)
			plantest.Check(t, db, p, query, args...)
			checked++
		}
	}
	if checked == 0 {
		t.Error("storetest.Plans has no query of deliveries")
	}
}

// TestDeliveriesUseTheirIndexes checks the lists of deliveries and the queries that run repeatedly.
func TestDeliveriesUseTheirIndexes(t *testing.T) {
	db := openFile(t)
	latestFirst := []listing.Order{{Field: "create_time", Desc: true}, {Field: "id", Desc: true}}
	for field, want := range map[string]string{
		"":           "INDEX deliveries_time",
		"publisher":  "INDEX deliveries_publisher",
		"id":         "PRIMARY KEY (conversion=? AND change=? AND publisher=?)",
		"conversion": "PRIMARY KEY (conversion=?)",
	} {
		q := listing.Query{Order: latestFirst, Limit: 50}
		if field != "" {
			q.Where = listing.Compare{Field: field, Op: listing.Equal, Value: strings.Repeat("0a", 16) + "-0-22"}
		}
		query, args := deliveries.ListQuery(q)
		if plan := sqlitetest.Explain(t, db, query, args...); !strings.Contains(plan, want) {
			t.Errorf("by %q: the plan is\n%s, want %s", field, plan, want)
		}
	}
	for query, want := range map[string]string{
		deliveries.SelectDue:      "SEARCH deliveries USING INDEX deliveries_due (due_time<?)",
		deliveries.SelectBefore:   "PRIMARY KEY (conversion=? AND change<?)",
		deliveries.SetNextDue:     "(conversion=? AND change>?)",
		deliveries.FinishDelivery: "PRIMARY KEY (conversion=? AND change=? AND publisher=?)",
	} {
		args := make([]any, strings.Count(query, "?"))
		plan := sqlitetest.Explain(t, db, query, args...)
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: the plan is\n%s, want %s", query, plan, want)
		}
	}
}

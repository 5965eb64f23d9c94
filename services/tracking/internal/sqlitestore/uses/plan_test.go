package uses_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/uses"
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

// TestPlans checks SQLite's plans for the counts of uses.
func TestPlans(t *testing.T) {
	db := openFile(t)
	for query, want := range map[string]string{
		uses.CountUses:     "INDEX conversions_pub_unique3 (pub_unique3_key=?)",
		uses.CountDaysUses: "INDEX conversions_pub_unique3 (pub_unique3_key=? AND conversion_time>? AND conversion_time<?)",
	} {
		plan := sqlitetest.Explain(t, db, query, make([]any, strings.Count(query, "?"))...)
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: the plan is\n%s, want %s", query, plan, want)
		}
	}
}

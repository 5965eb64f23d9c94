package sqlitestore

import (
	"regexp"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
)

// TestPlans checks SQLite's plans for the queries of pages and the console: each uses an index in its order.
func TestPlans(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, p := range storetest.Plans() {
		where, args, orderBy := sqlquery.Build(p.Query)
		plan := sqlitetest.Explain(t, s.db.Read(), "SELECT * FROM "+p.Of+" WHERE "+where+" ORDER BY "+orderBy+" LIMIT 50", args...)
		index := regexp.MustCompile(`USING INDEX (\w+)`).FindStringSubmatch(plan)
		first := "id" // a table is in the order of its ids
		if index != nil {
			if err := s.db.Read().QueryRowContext(t.Context(), `SELECT name FROM pragma_index_info(?) WHERE seqno = 0`, index[1]).Scan(&first); err != nil {
				t.Fatal(err)
			}
		}
		if first != p.By || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%+v: an index by %s is walked, want one by %s:\n%s", p, first, p.By, plan)
		}
	}
}

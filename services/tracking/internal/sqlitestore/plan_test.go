package sqlitestore

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/plantest"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// journalRetention is how long the journal is kept here.
const journalRetention = 90 * 24 * time.Hour

// testOptions are the options of the tests' stores.
func testOptions() Options {
	return Options{Retention: journalRetention, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now}
}

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir(), testOptions())
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

// TestPlans checks SQLite's plans for the queries of pages, exports and the console. See
// plantest.Check.
func TestPlans(t *testing.T) {
	s := openStore(t)
	for _, p := range storetest.Plans() {
		query, args := queryOf(t, s, p)
		if query != "" {
			plantest.Check(t, s.db.Read(), p, query, args...)
		}
	}
}

// queryOf returns a query as SQL with its arguments; "" for one of deliveries, which are checked in their package.
func queryOf(t *testing.T, s *Store, p storetest.Planned) (query string, args []any) {
	t.Helper()
	switch p.Of {
	case "conversions":
		return conversionQuery(p.Query)
	case "postbacks":
		q, err := s.byEntries(t.Context(), p.Query)
		if err != nil {
			t.Fatal(err)
		}
		return postbackQuery(q)
	case "deliveries":
	default:
		t.Fatalf("%s is no table with plans", p.Of)
	}
	return "", nil
}

// TestJournalUsesItsKeys checks that the journal is listed by its primary key, in that order, and that the
// entries of one conversion are found.
func TestJournalUsesItsKeys(t *testing.T) {
	s := openStore(t)
	at := time.UnixMilli(1_800_000_000_000)
	since := listing.Compare{Field: "create_time", Op: listing.GreaterEqual, Value: at}
	until := listing.Compare{Field: "create_time", Op: listing.Less, Value: at}
	id := uuid.Must(uuid.NewV7()).String()
	for _, desc := range []bool{false, true} {
		order := []listing.Order{{Field: "create_time", Desc: desc}, {Field: "id", Desc: desc}}
		for want, q := range map[string]listing.Query{
			"SCAN postbacks\n": {},
			"SEARCH postbacks USING PRIMARY KEY (id>? AND id<?)\n": {Where: listing.And{since, until, listing.Compare{Field: "reason", Op: listing.Equal, Value: "X"}}},
			"SEARCH postbacks USING PRIMARY KEY (id>?)\n":          {Where: since},
			"SEARCH postbacks USING PRIMARY KEY (id<?)\n":          {Where: until},
			"SEARCH postbacks USING PRIMARY KEY (id=?)\n":          {Where: listing.Compare{Field: "id", Op: listing.Equal, Value: id}},
		} {
			q.Order, q.Limit = order, 50
			query, args := postbackQuery(q)
			if plan := sqlitetest.Explain(t, s.db.Read(), query, args...); plan != want {
				t.Errorf("%v by %v: the plan is\n%swant\n%s", q.Where, q.Order, plan, want)
			}
		}
	}
	later := listing.Query{
		Order: []listing.Order{{Field: "create_time"}, {Field: "id"}}, After: []any{at, id}, Limit: 50,
	}
	query, args := postbackQuery(later)
	if plan := sqlitetest.Explain(t, s.db.Read(), query, args...); plan != "SEARCH postbacks USING PRIMARY KEY (id>?)\n" {
		t.Errorf("the second page: the plan is\n%s", plan)
	}
	sale := domain.Conversion{ID: strings.Repeat("0a", 16), Offer: "10", Event: "sale", Revision: 1, Postback: id}
	if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: sale, Postback: &domain.Postback{ID: id, Time: at}}); err != nil {
		t.Fatal(err)
	}
	q, err := s.byEntries(t.Context(), listing.Query{
		Where: listing.Compare{Field: "conversion", Op: listing.Equal, Value: sale.ID}, Order: []listing.Order{{Field: "id"}}, Limit: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	query, args = postbackQuery(q)
	plan := sqlitetest.Explain(t, s.db.Read(), query, args...)
	if !strings.Contains(plan, "INDEX postbacks_conversion (conversion=?)") || !strings.Contains(plan, "PRIMARY KEY (id=?)") || strings.Contains(plan, "SCAN") {
		t.Errorf("by conversion: the plan is\n%s", plan)
	}
}

// TestRepeatedQueriesUseTheirIndexes checks the queries that run repeatedly.
func TestRepeatedQueriesUseTheirIndexes(t *testing.T) {
	s := openStore(t)
	for query, want := range map[string]string{
		selectUnplanned:  "INDEX conversions_unplanned",
		deletePostbacks:  "PRIMARY KEY (id<?)",
		deleteDeliveries: "INDEX deliveries_time (create_time<?)",
		deleteUses:       "INDEX coupon_uses_day (day<?)",
	} {
		plan := sqlitetest.Explain(t, s.db.Read(), query, make([]any, strings.Count(query, "?"))...)
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: the plan is\n%s, want %s", query, plan, want)
		}
	}
}

package sqlitestore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// journalRetention is how long the journal is kept here.
const journalRetention = 90 * 24 * time.Hour

// testOptions are those of the tests' stores.
func testOptions() Options {
	return Options{Retention: journalRetention, Calendar: rules.NewCalendar(time.UTC), Now: time.Now}
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
		"status":          "conversions_unapproved",
		"transaction_id":  "conversions_transaction",
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

// TestFeedUsesItsIndex checks what watchers ask again and again.
func TestFeedUsesItsIndex(t *testing.T) {
	s := openStore(t)
	plan := explain(t, s, listing.Query{
		Where: listing.Compare{Field: "update_time", Op: listing.GreaterEqual, Value: time.UnixMilli(0)},
		Order: []listing.Order{{Field: "update_time"}, {Field: "id"}}, Limit: 50,
	})
	if !strings.Contains(plan, "SEARCH conversions USING INDEX conversions_update (update_time>?)") {
		t.Errorf("the plan is\n%s", plan)
	}
}

// TestJournalUsesItsKeys checks that the journal is listed by its primary key, in whose order it is, and
// that the entries of one conversion are found.
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
			if plan := explainSQL(t, s, query, args...); plan != want {
				t.Errorf("%v by %v: the plan is\n%swant\n%s", q.Where, q.Order, plan, want)
			}
		}
	}
	later := listing.Query{
		Order: []listing.Order{{Field: "create_time"}, {Field: "id"}}, After: []any{at, id}, Limit: 50,
	}
	query, args := postbackQuery(later)
	if plan := explainSQL(t, s, query, args...); plan != "SEARCH postbacks USING PRIMARY KEY (id>?)\n" {
		t.Errorf("the second page: the plan is\n%s", plan)
	}
	sale := rules.Conversion{ID: strings.Repeat("0a", 16), Offer: "10", Event: "sale", Revision: 1, Postback: id}
	if _, _, err := s.InsertConversion(t.Context(), flow.Sale{Conversion: sale, Postback: &rules.Postback{ID: id, Time: at}}); err != nil {
		t.Fatal(err)
	}
	q, err := s.byEntries(t.Context(), listing.Query{
		Where: listing.Compare{Field: "conversion", Op: listing.Equal, Value: sale.ID}, Order: []listing.Order{{Field: "id"}}, Limit: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	query, args = postbackQuery(q)
	plan := explainSQL(t, s, query, args...)
	if !strings.Contains(plan, "INDEX postbacks_conversion (conversion=?)") || !strings.Contains(plan, "PRIMARY KEY (id=?)") || strings.Contains(plan, "SCAN") {
		t.Errorf("by conversion: the plan is\n%s", plan)
	}
}

// TestDeliveriesUseTheirIndexes checks the lists of deliveries and what is asked again and again of them.
func TestDeliveriesUseTheirIndexes(t *testing.T) {
	s := openStore(t)
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
		query, args := deliveryQuery(q)
		if plan := explainSQL(t, s, query, args...); !strings.Contains(plan, want) {
			t.Errorf("by %q: the plan is\n%s, want %s", field, plan, want)
		}
	}
	for query, want := range map[string]string{
		selectDue:        "SEARCH deliveries USING INDEX deliveries_due (due_time<?)",
		selectBefore:     "PRIMARY KEY (conversion=? AND change<?)",
		setNextDue:       "(conversion=? AND change>?)",
		finishDelivery:   "PRIMARY KEY (conversion=? AND change=? AND publisher=?)",
		selectUnplanned:  "INDEX conversions_unplanned",
		countUses:        "INDEX conversions_pub_unique3 (pub_unique3_key=?)",
		countDaysUses:    "INDEX conversions_pub_unique3 (pub_unique3_key=? AND conversion_time>? AND conversion_time<?)",
		deletePostbacks:  "PRIMARY KEY (id<?)",
		deleteDeliveries: "INDEX deliveries_time (create_time<?)",
		deleteUses:       "INDEX coupon_uses_day (day<?)",
	} {
		args := make([]any, strings.Count(query, "?"))
		plan := explainSQL(t, s, query, args...)
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: the plan is\n%s, want %s", query, plan, want)
		}
	}
}

func explain(t *testing.T, s *Store, q listing.Query) string {
	t.Helper()
	query, args := conversionQuery(q)
	return explainSQL(t, s, query, args...)
}

func explainSQL(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
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

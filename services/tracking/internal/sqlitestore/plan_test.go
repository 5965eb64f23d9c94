package sqlitestore

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
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

// indexedBy returns the column whose index serves another one.
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

// TestPlans checks SQLite's plans for the queries of pages, exports and the console. Each uses an index in its
// order, so that a page costs the same however many rows there are, or is a known full scan.
func TestPlans(t *testing.T) {
	s := openStore(t)
	for _, p := range storetest.Plans() {
		plan := planOf(t, s, p)
		first := regexp.MustCompile(`USING (?:COVERING )?(INDEX (\w+)|PRIMARY KEY)`).FindStringSubmatch(plan)
		sorts := strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") || strings.Contains(plan, "TEMP B-TREE FOR LAST TERM") && p.Scans != ""
		if p.Scans != "" {
			if !sorts {
				t.Errorf("%s: it walks an index, and is no scan any more:\n%s", p, plan)
			}
			continue
		}
		want := indexedBy(p.Of, p.By)
		if first == nil {
			// The journal is in the order of its primary key.
			if p.Of != "postbacks" || want != "id" || strings.Contains(plan, "TEMP") {
				t.Errorf("%s: no index is walked:\n%s", p, plan)
			}
			continue
		}
		if got := firstColumn(t, s, p.Of, first[2]); got != want {
			t.Errorf("%s: an index by %s is walked, want one by %s:\n%s", p, got, want, plan)
		}
		if sorts && p.Sorts == "" {
			t.Errorf("%s: all that match are sorted:\n%s", p, plan)
		}
	}
}

func planOf(t *testing.T, s *Store, p storetest.Planned) string {
	t.Helper()
	query, args := "", []any(nil)
	switch p.Of {
	case "conversions":
		query, args = conversionQuery(p.Query)
	case "postbacks":
		q, err := s.byEntries(t.Context(), p.Query)
		if err != nil {
			t.Fatal(err)
		}
		query, args = postbackQuery(q)
	case "deliveries":
		query, args = deliveryQuery(p.Query)
	default:
		t.Fatalf("%s is no table with plans", p.Of)
	}
	return explainSQL(t, s, query, args...)
}

// firstColumn returns the first column of an index, or of a table's primary key if index is empty.
func firstColumn(t *testing.T, s *Store, table, index string) string {
	t.Helper()
	query, of := `SELECT name FROM pragma_index_info(?) WHERE seqno = 0`, index
	if index == "" {
		query, of = `SELECT name FROM pragma_table_info(?) WHERE pk = 1`, table
	}
	var name string
	if err := s.db.Read().QueryRowContext(t.Context(), query, of).Scan(&name); err != nil {
		t.Fatalf("reading the columns of %s %s: %v", table, index, err)
	}
	return name
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
	plan := explainSQL(t, s, query, args...)
	if !strings.Contains(plan, "INDEX postbacks_conversion (conversion=?)") || !strings.Contains(plan, "PRIMARY KEY (id=?)") || strings.Contains(plan, "SCAN") {
		t.Errorf("by conversion: the plan is\n%s", plan)
	}
}

// TestDeliveriesUseTheirIndexes checks the lists of deliveries and the queries that run repeatedly.
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

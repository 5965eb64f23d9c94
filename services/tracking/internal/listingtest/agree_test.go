package listingtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// rowCount is how many conversions there are: enough for several pages of each answer, and few enough that the
// embedded engine, which looks at all of them each time, answers in a millisecond or two.
const rowCount = 60

// system is the use cases on a store.
type system struct {
	name    string
	service *conversions.Service
	reports *reporting.Service
}

// systems returns the use cases on the plain store and on both others, with the same conversions.
func systems(t testing.TB) []system {
	t.Helper()
	calendar := rollup.NewCalendar(time.UTC)
	small, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: time.Hour, Calendar: calendar, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	large, err := mongostore.Open(t.Context(), mongotest.URI(t), mongostore.Options{Retention: time.Hour, Calendar: calendar, Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	rows := samples(rowCount)
	for _, store := range []storetest.Store{small, large} {
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		for _, c := range rows {
			keep(t, store, c)
		}
	}
	all := []system{{name: "in memory"}, {name: "SQLite"}, {name: "MongoDB"}}
	for i, store := range []storetest.Store{plain{rows: rows}, small, large} {
		all[i].reports = reporting.New(reporting.Config{Store: store, Now: time.Now, After: time.After, Zone: zone()})
		all[i].service = conversions.New(conversions.Config{Store: store, Now: time.Now, After: time.After, Zone: zone()})
	}
	return all
}

// zone returns a time zone where a day begins one second after the time of the first sample.
func zone() *time.Location { return time.FixedZone("", 2*60*60-1) }

// keep stores a sample: what an insert refuses comes with a change.
func keep(t testing.TB, store storetest.Store, c domain.Conversion) {
	t.Helper()
	if _, inserted, err := store.InsertConversion(t.Context(), domain.Sale{Conversion: fresh(c)}); err != nil || !inserted {
		t.Fatalf("storing a conversion: %v, %v", inserted, err)
	}
	if c.Revision == 1 {
		return
	}
	change := func(domain.Conversion) (domain.Update, error) { return domain.Update{Conversion: c}, nil }
	if _, err := store.UpdateConversion(t.Context(), c.ID, change); err != nil {
		t.Fatalf("changing a conversion: %v", err)
	}
}

// TestFiltersAgree asks for random filters and orders, page by page.
func TestFiltersAgree(t *testing.T) {
	all := systems(t)
	found := 0
	propertytest.Check(t, func(rt *rapid.T) {
		req := listing.Request{Filter: expression(rt, 0), OrderBy: orders(rt), PageSize: rapid.Int32Range(1, 40).Draw(rt, "page size")}
		want := ids(t, all[0], req)
		if want.fault != "" {
			rt.Fatalf("%q is no filter: %s", req.Filter, want.fault)
		}
		if n := len(want.ids); n > 0 && n < rowCount {
			found++
		}
		for _, s := range all[1:] {
			if got := ids(t, s, req); !got.equal(want) {
				rt.Fatalf("%+v has\n%v in memory and\n%v in %s", req, want, got, s.name)
			}
		}
	})
	if found == 0 {
		t.Error("no filter found some and left some out: nothing was compared")
	}
}

// FuzzFilters looks for a text that is a filter to one and not to another, or finds others.
func FuzzFilters(f *testing.F) {
	for _, seed := range []string{
		`pub_unique3 = "SALE" AND status = APPROVED AND conversion_time >= "2026-03-28T22:00:01Z"`,
		`NOT (amount >= 10.50 OR currency = "") AND click != "*"`, `coupon_code = "sa*"`, `-undeduplicated = true`,
		`transaction_id > "東" OR transaction_id <= "it's"`, `name = "conversions/*"`, `postback = ""`, `payout != 10.500000001`,
		`pubUnique3:al AND NOT refunded_amount:*`, `status_reason:"" AND conversionTime < 2026-03-29`, `currency:U OR -click:*`, `codes:"*"`,
	} {
		f.Add(seed)
	}
	all := systems(f)
	f.Fuzz(func(t *testing.T, filter string) {
		req := listing.Request{Filter: filter, PageSize: rowCount}
		want := ids(t, all[0], req)
		for _, s := range all[1:] {
			if got := ids(t, s, req); !got.equal(want) {
				t.Fatalf("%q has\n%v in memory and\n%v in %s", filter, want, got, s.name)
			}
		}
	})
}

// answer is what a list came to: the conversions' ids in order, or the error.
type answer struct {
	ids   []string
	fault string
}

func (a answer) equal(b answer) bool { return a.fault == b.fault && slices.Equal(a.ids, b.ids) }

// ids lists all pages.
func ids(t testing.TB, s system, req listing.Request) answer {
	t.Helper()
	var a answer
	for {
		page, next, err := s.service.Conversions(t.Context(), req)
		if err != nil {
			return answer{fault: err.Error()}
		}
		for _, c := range page {
			a.ids = append(a.ids, c.ID)
		}
		if req.PageToken = next; next == "" {
			return a
		}
		if len(a.ids) > rowCount {
			return answer{ids: a.ids, fault: "rows come again, page after page"}
		}
	}
}

// orders draws an order_by.
func orders(t *rapid.T) string {
	fields := []string{"conversion_time", "create_time", "update_time", "offer", "publisher", "status", "pub_unique3"}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 3, rapid.ID[string]).Draw(t, "order")
	for i := range chosen {
		chosen[i] += rapid.SampledFrom([]string{"", " desc", " asc"}).Draw(t, "direction")
	}
	return strings.Join(chosen, ", ")
}

// expression draws a filter.
func expression(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth > 3 || kind < 3 {
		return condition(t)
	}
	left, right := expression(t, depth+1), expression(t, depth+1)
	switch kind {
	case 3:
		return left + " AND " + right
	case 4:
		return left + " OR " + right
	default:
		return rapid.SampledFrom([]string{"NOT (", "-(", "("}).Draw(t, "before") + left + ")"
	}
}

// condition draws a comparison of any field.
func condition(t *rapid.T) string {
	group := rapid.SampledFrom(fields()).Draw(t, "fields")
	field := rapid.SampledFrom(group.names).Draw(t, "field")
	op := rapid.SampledFrom(append(slices.Clip(group.ops), ":")).Draw(t, "comparator")
	value := rapid.SampledFrom(group.values).Draw(t, "value")
	if rapid.Bool().Draw(t, "is camel case") {
		field = fieldname.Camel(field)
	}
	switch {
	case op == ":" && (!group.isBool && rapid.Bool().Draw(t, "is presence")):
		return field + ":*"
	case op == ":" && strings.ContainsRune(value, 0): // refused
		op = "="
	}
	if group.isText {
		value = quoted(value)
		if (op == "=" || op == "!=") && value != `""` && rapid.IntRange(0, 3).Draw(t, "prefix") == 0 {
			value = strings.TrimSuffix(value, `"`) + `*"`
		}
	}
	return field + " " + op + " " + value
}

// fieldGroup are fields that are compared alike.
type fieldGroup struct {
	names, ops, values []string
	isText, isBool     bool
}

func fields() []fieldGroup {
	equal := []string{"=", "!="}
	all := append(equal, "<", "<=", ">", ">=")
	times := []string{"2026-03-28", `"2026-03-29"`, "2026-03-30"}
	for ms := range 9 {
		times = append(times, fmt.Sprintf("%q", begin().Add(time.Duration(ms)*250*time.Millisecond+time.Duration(ms%3)*100*time.Microsecond).Format(time.RFC3339Nano)))
	}
	return []fieldGroup{
		{[]string{"click", "transaction_id", "event", "pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5", "pub_click_id", "pub_sub_id", "status_reason", "codes"}, all, texts(), true, false},
		{[]string{"coupon_code", "pub_unique3", "coupon"}, all, []string{"", "s", "sale", "SALE2", "offers/10"}, true, false},
		{[]string{"currency", "payout_currency", "revenue_currency"}, all, []string{"", "usd", "EUR", "J"}, true, false},
		{[]string{"offer"}, equal, []string{"10", "offers/11", "shoes-de", "007", "7"}, false, false},
		{[]string{"publisher"}, equal, []string{`""`, "22", `"publishers/23"`}, false, false},
		{[]string{"postback"}, equal, []string{`""`, "018f4e2a-9999-7888-8777-666655554444", `"postbacks/018f4e2a-9999-7888-8777-666655554445"`, "nothing"}, false, false},
		{[]string{"name"}, equal, []string{samples(1)[0].ID, `""`, "nothing"}, false, false},
		{[]string{"status"}, equal, []string{"PENDING", "APPROVED", "REJECTED"}, false, false},
		{[]string{"outcome"}, equal, []string{"ATTRIBUTED", "UNATTRIBUTED"}, false, false},
		{[]string{"method"}, equal, []string{"COUPON_CODE", "COUPON_LINK", "CLICK", "MANUAL"}, false, false},
		{[]string{"reason"}, equal, []string{"UNKNOWN_CODE", "EXPIRED", "LIMIT_REACHED"}, false, false},
		{[]string{"conflicted", "undeduplicated"}, equal, []string{"true", "false"}, false, true},
		{[]string{"amount", "discount", "refunded_amount", "payout", "revenue"}, all, []string{"0", "10", "10.5", "+10.500", "10.500000001", `"-1"`, "999999999999.999999999", "1000000000000"}, false, false},
		{[]string{"conversion_time", "create_time", "update_time"}, all, times, false, false},
	}
}

// quoted writes a text as a string of a filter.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `*`, `\*`).Replace(text) + `"`
}

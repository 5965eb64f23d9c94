package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// sales is how many conversions the lists are made of.
const sales = 60

// everything is the query for all conversions.
func everything() listing.Query {
	return listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1000}
}

func list(t *testing.T, s flow.Store, q listing.Query) []rules.Conversion {
	t.Helper()
	conversions, err := s.Conversions(t.Context(), q)
	if err != nil {
		t.Fatalf("listing: %v", err)
	}
	return conversions
}

// storeSales stores the sales from one number up to another.
func storeSales(t *testing.T, s flow.Store, from, to int) []rules.Conversion {
	t.Helper()
	stored := make([]rules.Conversion, to-from)
	together(len(stored), func(i int) {
		stored[i] = sale(from + i)
		insertNew(t, s, stored[i])
	})
	return stored
}

// value is a conversion's value of a stored field, as listing has it.
func value(c rules.Conversion, field string) any {
	switch field {
	case "id":
		return c.ID
	case "offer":
		return c.Offer
	case "publisher":
		return c.Publisher
	case "coupon_code_key":
		return rules.FoldCode(c.CouponCode)
	case "pub_unique3_key":
		return rules.FoldCode(c.PubUniques[2])
	case "transaction_id":
		return c.TransactionID
	case "event":
		return c.Event
	case "status":
		return string(c.Status)
	case "outcome":
		return string(c.Outcome)
	case "method":
		return string(c.Method)
	case "reason":
		return string(c.Reason)
	case "click", "pub_click_id", "pub_sub_id", "pub_unique1", "pub_unique2", "pub_unique4", "pub_unique5":
		return "" // of the samples
	case "conversion_time":
		return c.ConversionTime
	case "create_time":
		return c.CreateTime
	default:
		panic("no field " + field)
	}
}

// compare orders two values of one field; text by its bytes.
func compare(a, b any) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case time.Time:
		return a.Compare(b.(time.Time))
	default:
		panic(fmt.Sprintf("no field holds a %T", a))
	}
}

// holds says whether a conversion satisfies a condition.
func holds(c rules.Conversion, e listing.Expr) bool {
	switch e := e.(type) {
	case listing.And:
		return !slices.ContainsFunc(e, func(e listing.Expr) bool { return !holds(c, e) })
	case listing.Or:
		return slices.ContainsFunc(e, func(e listing.Expr) bool { return holds(c, e) })
	case listing.Not:
		return !holds(c, e.Expr)
	case listing.Compare:
		return relation(value(c, e.Field), e.Op, e.Value)
	default:
		panic(fmt.Sprintf("no condition is a %T", e))
	}
}

func relation(a any, op listing.Op, b any) bool {
	switch op {
	case listing.Equal:
		return compare(a, b) == 0
	case listing.NotEqual:
		return compare(a, b) != 0
	case listing.Less:
		return compare(a, b) < 0
	case listing.LessEqual:
		return compare(a, b) <= 0
	case listing.Greater:
		return compare(a, b) > 0
	case listing.GreaterEqual:
		return compare(a, b) >= 0
	case listing.HasPrefix:
		return strings.HasPrefix(a.(string), b.(string))
	default:
		panic("no relation " + op)
	}
}

func is(field string, op listing.Op, v any) listing.Compare {
	return listing.Compare{Field: field, Op: op, Value: v}
}

func filters(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	stored := storeSales(t, s, 0, sales)
	byCode := is("pub_unique3_key", listing.Equal, "SALEXYZ20")
	conditions := []listing.Expr{
		nil,
		byCode,
		is("coupon_code_key", listing.Equal, "ÜBER20"),
		is("pub_unique3_key", listing.HasPrefix, "SALE"),
		is("pub_unique3_key", listing.HasPrefix, "Ü"),
		is("transaction_id", listing.HasPrefix, "order-001"),
		is("transaction_id", listing.HasPrefix, "order%"),
		is("id", listing.Equal, sale(7).ID),
		is("id", listing.NotEqual, sale(7).ID),
		is("id", listing.GreaterEqual, sale(7).ID),
		is("id", listing.Equal, "no such id"),
		is("id", listing.NotEqual, "no such id"),
		is("publisher", listing.Equal, ""),
		is("publisher", listing.Greater, "21"),
		is("status", listing.Equal, "APPROVED"),
		is("method", listing.NotEqual, "COUPON_CODE"),
		is("reason", listing.Equal, "NO_REFERENCE"),
		is("click", listing.Equal, ""),
		is("pub_unique1", listing.NotEqual, "x"),
		is("pub_unique5", listing.Less, "a"),
		is("conversion_time", listing.Equal, at(50)),
		is("conversion_time", listing.Less, at(50)),
		is("conversion_time", listing.LessEqual, at(50)),
		is("create_time", listing.Greater, at(9_970)),
		listing.And{byCode, is("conversion_time", listing.GreaterEqual, at(100)), is("offer", listing.NotEqual, "9")},
		listing.Or{is("offer", listing.Equal, "9"), is("event", listing.Equal, "lead")},
		listing.Not{Expr: listing.Or{is("offer", listing.Equal, "9"), listing.Not{Expr: is("outcome", listing.Equal, "ATTRIBUTED")}}},
		listing.And{},
		listing.Or{},
	}
	for _, condition := range conditions {
		t.Run(fmt.Sprint(condition), func(t *testing.T) {
			q := everything()
			q.Where = condition
			want := selected(stored, q)
			if got := list(t, s, q); !slices.Equal(ids(got), ids(want)) {
				t.Errorf("got %d conversions\n%q, want %d\n%q", len(got), transactions(got), len(want), transactions(want))
			}
		})
	}
}

// selected is what a query selects, its limit aside.
func selected(from []rules.Conversion, q listing.Query) []rules.Conversion {
	var result []rules.Conversion
	for _, c := range from {
		if q.Where == nil || holds(c, q.Where) {
			result = append(result, c)
		}
	}
	slices.SortFunc(result, func(a, b rules.Conversion) int {
		for _, o := range q.Order {
			order := compare(value(a, o.Field), value(b, o.Field))
			if o.Desc {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return result
}

func orders(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	stored := storeSales(t, s, 0, sales)
	for _, order := range [][]listing.Order{
		{{Field: "id"}},
		{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}},
		{{Field: "conversion_time", Desc: true}, {Field: "id"}},
		{{Field: "offer"}, {Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}},
		{{Field: "publisher"}, {Field: "create_time"}, {Field: "id"}},
		{{Field: "status", Desc: true}, {Field: "pub_unique3_key"}, {Field: "id"}},
	} {
		for _, where := range []listing.Expr{nil, is("offer", listing.Equal, "10"), is("publisher", listing.NotEqual, "21")} {
			q := listing.Query{Where: where, Order: order, Limit: 7}
			t.Run(fmt.Sprint(order, where), func(t *testing.T) {
				want := selected(stored, q)
				got := allPages(t, s, q, func() {})
				if !slices.Equal(ids(got), ids(want)) {
					t.Errorf("got\n%q, want\n%q", transactions(got), transactions(want))
				}
			})
		}
	}
}

// allPages lists page after page and calls between after each.
func allPages(t *testing.T, s flow.Store, q listing.Query, between func()) []rules.Conversion {
	t.Helper()
	var all []rules.Conversion
	for {
		page := list(t, s, q)
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		q.After = nil
		for _, o := range q.Order {
			q.After = append(q.After, value(page[len(page)-1], o.Field))
		}
		between()
	}
}

func pagesWhileRowsArrive(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	before := storeSales(t, s, 20, 20+sales)
	arriving := 20 + sales
	arrive := func() {
		late := sale(arriving) // later than all
		insertNew(t, s, late)
		early := sale(arriving - 20 - sales) // earlier than all
		if arriving < 20+sales+20 {
			insertNew(t, s, early)
		}
		arriving++
	}
	q := listing.Query{Order: []listing.Order{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}}, Limit: 4}
	got := allPages(t, s, q, arrive)
	if want := selected(got, q); !slices.Equal(ids(got), ids(want)) {
		t.Errorf("the pages are out of order:\n%q", transactions(got))
	}
	seen := map[string]int{}
	for _, c := range got {
		seen[c.ID]++
		if seen[c.ID] > 1 {
			t.Errorf("%s is on two pages", c.TransactionID)
		}
	}
	for _, c := range before {
		if seen[c.ID] == 0 {
			t.Errorf("%s, which was there from the start, is on no page", c.TransactionID)
		}
	}
}

func limit(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	storeSales(t, s, 0, 12)
	for _, n := range []int{1, 5, 12, 13, 1000} {
		q := everything()
		q.Limit = n
		if got := list(t, s, q); len(got) != min(n, 12) {
			t.Errorf("limit %d gave %d conversions", n, len(got))
		}
	}
}

func listsWithoutGrounds(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	want := fullConversion()
	insertNew(t, s, want)
	want.Grounds = nil
	if got := list(t, s, everything()); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("the list is\n%+v, want\n%+v", got, want)
	}
}

func ids(conversions []rules.Conversion) []string {
	result := make([]string, len(conversions))
	for i, c := range conversions {
		result[i] = c.ID
	}
	return result
}

func transactions(conversions []rules.Conversion) []string {
	result := make([]string, len(conversions))
	for i, c := range conversions {
		result[i] = c.TransactionID
	}
	return result
}

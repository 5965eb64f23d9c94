package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// sales is how many conversions the lists are made of.
const sales = 60

// everything is the query for all conversions.
func everything() listing.Query {
	return listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 1000}
}

func list(t *testing.T, s Store, q listing.Query) []domain.Conversion {
	t.Helper()
	conversions, err := s.Conversions(t.Context(), q)
	if err != nil {
		t.Fatalf("listing: %v", err)
	}
	return conversions
}

// storeSales stores the sales from one number up to another.
func storeSales(t *testing.T, s Store, from, to int) []domain.Conversion {
	t.Helper()
	stored := make([]domain.Conversion, to-from)
	together(len(stored), func(i int) {
		stored[i] = sale(from + i)
		insertNew(t, s, stored[i])
	})
	return stored
}

// conversionRows are conversions as lists have them.
func conversionRows() rows[domain.Conversion] { return rows[domain.Conversion]{value, list} }

// value is a conversion's value of a stored field, as listing has it.
func value(c domain.Conversion, field string) any {
	switch field {
	case "id":
		return c.ID
	case "offer":
		return c.Offer
	case "publisher":
		return c.Publisher
	case "coupon_code_key":
		return couponcode.Fold(c.CouponCode)
	case "pub_unique3_key":
		return couponcode.Fold(c.PubUniques[2])
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
	case "update_time":
		return c.UpdateTime
	case "conflicted":
		return c.Conflicted
	default:
		panic("no field " + field)
	}
}

func is(field string, op listing.Op, v any) listing.Compare {
	return listing.Compare{Field: field, Op: op, Value: v}
}

func filters(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	stored := storeSales(t, s, 0, sales)
	for i := range 6 {
		stored[i] = update(t, s, stored[i].ID, func(c domain.Conversion) domain.Conversion { return settled(c, i) })
	}
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
		is("status", listing.Equal, "REJECTED"),
		is("conflicted", listing.Equal, true),
		is("conflicted", listing.NotEqual, true),
		is("update_time", listing.GreaterEqual, at(9_970)),
		listing.And{},
		listing.Or{},
	}
	for _, condition := range conditions {
		t.Run(fmt.Sprint(condition), func(t *testing.T) {
			q := everything()
			q.Where = condition
			want := conversionRows().selected(stored, q)
			if got := list(t, s, q); !slices.Equal(ids(got), ids(want)) {
				t.Errorf("got %d conversions\n%q, want %d\n%q", len(got), transactions(got), len(want), transactions(want))
			}
		})
	}
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
		{{Field: "update_time"}, {Field: "id"}},
	} {
		for _, where := range []listing.Expr{nil, is("offer", listing.Equal, "10"), is("publisher", listing.NotEqual, "21")} {
			q := listing.Query{Where: where, Order: order, Limit: 7}
			t.Run(fmt.Sprint(order, where), func(t *testing.T) {
				want := conversionRows().selected(stored, q)
				got := conversionRows().pages(t, s, q, func() {})
				if !slices.Equal(ids(got), ids(want)) {
					t.Errorf("got\n%q, want\n%q", transactions(got), transactions(want))
				}
			})
		}
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
	got := conversionRows().pages(t, s, q, arrive)
	if want := conversionRows().selected(got, q); !slices.Equal(ids(got), ids(want)) {
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
	if got := list(t, s, everything()); len(got) != 1 || !reflect.DeepEqual(got[0], listed(want)) {
		t.Errorf("the list is\n%+v, want\n%+v", got, listed(want))
	}
	want = update(t, s, want.ID, func(domain.Conversion) domain.Conversion { return changedConversion() })
	if got := list(t, s, everything()); len(got) != 1 || !reflect.DeepEqual(got[0], listed(want)) {
		t.Errorf("changed, the list is\n%+v, want\n%+v", got, listed(want))
	}
}

// listed is a conversion without what lists leave out.
func listed(c domain.Conversion) domain.Conversion {
	c.Unplanned, c.PlanFrom, c.Basis, c.Changes, c.Conflicts = false, 0, nil, nil, nil
	return c
}

func ids(conversions []domain.Conversion) []string {
	result := make([]string, len(conversions))
	for i, c := range conversions {
		result[i] = c.ID
	}
	return result
}

func transactions(conversions []domain.Conversion) []string {
	result := make([]string, len(conversions))
	for i, c := range conversions {
		result[i] = c.TransactionID
	}
	return result
}

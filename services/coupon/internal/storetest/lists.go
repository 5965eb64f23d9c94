package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func listPromises() []promise {
	return []promise{
		{"coupons are filtered by every field", testFilters},
		{"names and notes are found in any case, composed or not", testSearch},
		{"offers, publishers and approvals are listed", testOtherLists},
		{"a list is ordered by several fields", testOrder},
		{"pages neither repeat nor skip, also while rows are added", testPages},
	}
}

// listed are the coupons of the list tests, by id.
func (s *suite) listed(t testing.TB) {
	t.Helper()
	s.setUp(t)
	for i, id := range []string{"10/22/alpha", "10/22/Beta", "10/23/alpha2", "11/22/gamma", "11/23/ALPHA"} {
		c := coupon(id[:2], id[3:5], id[6:])
		c.CreateTime = moment(i / 2)
		c.StartTime, c.ExpireTime = moment(i), moment(100+i)
		c.InternalNote = []string{"", "Ünï", "Ünïcode", "x%_*", "夏"}[i]
		if i == 1 {
			c.ExpireTime = time.Time{}
		}
		c.Enabled = i != 2
		must(t, s.create(t.Context(), c))
	}
	_, err := s.UpdateCoupon(t.Context(), "11/22/GAMMA", func(c domain.Coupon) (domain.Coupon, error) { c.Archived = true; return c, nil })
	must(t, err)
}

// ids returns the coupons' ids without their offers.
func ids(coupons []domain.Coupon) []string {
	var all []string
	for _, c := range coupons {
		all = append(all, c.Publisher+c.Code)
	}
	return all
}

func compare(field string, op listing.Op, value any) listing.Expr {
	return listing.Compare{Field: field, Op: op, Value: value}
}

// Searches find the latest values.
func testSearch(t *testing.T, s *suite) {
	s.setUp(t)
	c := coupon("10", "22", "SPRING")
	c.InternalNote = "Gru\u0308\u00DFe aus K\u00F6ln" // the first ü is decomposed, the ö composed
	must(t, s.create(t.Context(), c))
	find := func(text string) int {
		q := everything()
		q.Where = listing.Compare{Field: "internal_note_search", Op: listing.Contains, Value: listing.SearchKey(text)}
		found, err := s.Coupons(t.Context(), q)
		must(t, err)
		return len(found)
	}
	for _, text := range []string{"gr\u00FCsse", "GRU\u0308SSE", "Grü", "K\u00D6LN", "ko\u0308ln", "e aus k"} {
		if find(text) != 1 {
			t.Errorf("%+q finds nothing", text)
		}
	}
	if find("grusse") != 0 {
		t.Error("a search for u finds ü")
	}
	_, err := s.UpdateCoupon(t.Context(), c.ID(), func(c domain.Coupon) (domain.Coupon, error) { c.InternalNote = "Zürich"; return c, nil })
	must(t, err)
	if find("köln") != 0 || find("ZU\u0308RICH") != 1 {
		t.Error("a note that was changed is not searched as it is now")
	}
}

func testFilters(t *testing.T, s *suite) {
	s.listed(t)
	const a, b, a2, g, a3 = "22alpha", "22Beta", "23alpha2", "22gamma", "23ALPHA"
	for _, c := range []struct {
		where listing.Expr
		want  []string
	}{
		{nil, []string{a, b, a2, g, a3}},
		{compare("offer", listing.Equal, "10"), []string{a, b, a2}},
		{compare("publisher", listing.NotEqual, "22"), []string{a2, a3}},
		{compare("code_key", listing.Equal, "ALPHA"), []string{a, a3}},
		{compare("code_key", listing.HasPrefix, "ALPHA"), []string{a, a2, a3}},
		{compare("code_key", listing.Equal, "alpha"), nil},
		{compare("enabled", listing.Equal, false), []string{a2}},
		{compare("archived", listing.NotEqual, false), []string{g}},
		{compare("internal_note", listing.Equal, ""), []string{a}},
		{compare("internal_note", listing.HasPrefix, "Ünï"), []string{b, a2}},
		{compare("internal_note", listing.HasPrefix, "x%_"), []string{g}},
		{compare("internal_note", listing.HasPrefix, "%"), nil},
		{compare("internal_note", listing.Equal, "夏"), []string{a3}},
		{compare("internal_note_search", listing.Contains, "n"), []string{b, a2}},
		{compare("internal_note_search", listing.Contains, "ünï"), []string{b, a2}},
		{compare("internal_note_search", listing.Contains, "Ünï"), nil},
		{compare("internal_note_search", listing.Contains, "%_"), []string{g}},
		{compare("internal_note_search", listing.Contains, "."), nil},
		{compare("internal_note_search", listing.Contains, "夏"), []string{a3}},
		{compare("internal_note_search", listing.Contains, ""), []string{a, b, a2, g, a3}},
		{listing.Not{Expr: compare("internal_note_search", listing.Contains, "n")}, []string{a, g, a3}},
		{compare("start_time", listing.LessEqual, moment(1)), []string{a, b}},
		{compare("start_time", listing.Less, moment(1)), []string{a}},
		{compare("start_time", listing.Greater, moment(1)), []string{a2, g, a3}},
		{compare("expire_time", listing.GreaterEqual, moment(104)), []string{b, a3}},
		{compare("expire_time", listing.Equal, domain.NoExpiry()), []string{b}},
		{compare("create_time", listing.Equal, moment(1)), []string{a2, g}},
		{compare("update_time", listing.NotEqual, moment(0)), []string{a2, g, a3}},
		{listing.And{compare("offer", listing.Equal, "10"), compare("enabled", listing.Equal, true)}, []string{a, b}},
		{listing.Or{compare("offer", listing.Equal, "11"), compare("code_key", listing.Equal, "BETA")}, []string{b, g, a3}},
		{listing.Not{Expr: listing.Or{compare("offer", listing.Equal, "11"), compare("code_key", listing.Equal, "BETA")}}, []string{a, a2}},
		{listing.And{}, []string{a, b, a2, g, a3}},
		{listing.Or{}, nil},
		{compare("offer", listing.Equal, "' OR 1=1 --"), nil},
	} {
		q := everything()
		q.Where = c.where
		got, err := s.Coupons(t.Context(), q)
		wantList(t, fmt.Sprintf("the coupons where %+v", c.where), ids(got), err, c.want...)
	}
}

func testOtherLists(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	s.approve(t, approval("10", "23", domain.ApprovalPending))
	s.approve(t, approval("11", "22", domain.ApprovalBlocked))
	offers, err := s.Offers(ctx, listing.Query{
		Where: compare("display_name", listing.HasPrefix, "Summer Šále 夏 🎉 "),
		Order: []listing.Order{{Field: "id", Desc: true}}, Limit: 10,
	})
	want(t, "the number of offers", len(offers), err, 2)
	want(t, "the first offer", offers[0], err, offer("11"))
	publishers, err := s.Publishers(ctx, listing.Query{
		Where: listing.And{compare("state", listing.Equal, "ACTIVE"), compare("id", listing.Greater, "22")},
		Order: []listing.Order{{Field: "display_name"}, {Field: "id"}}, Limit: 1,
	})
	want(t, "the number of publishers", len(publishers), err, 1)
	want(t, "the first publisher", publishers[0], err, publisher("23"))
	approvals, err := s.Approvals(ctx, listing.Query{
		Where: compare("source", listing.Equal, "MANUAL"),
		Order: []listing.Order{{Field: "state"}, {Field: "id"}}, Limit: 10,
	})
	var found []string
	for _, a := range approvals {
		found = append(found, string(a.State)+" "+a.ID())
	}
	wantList(t, "the approvals", found, err, "BLOCKED 11/22", "PENDING 10/23")
}

func testOrder(t *testing.T, s *suite) {
	s.listed(t)
	for _, c := range []struct {
		order []listing.Order
		want  []string
	}{
		{[]listing.Order{{Field: "id"}}, []string{"22alpha", "22Beta", "23alpha2", "22gamma", "23ALPHA"}},
		{[]listing.Order{{Field: "code_key", Desc: true}, {Field: "id"}}, []string{"22gamma", "22Beta", "23alpha2", "22alpha", "23ALPHA"}},
		{
			[]listing.Order{{Field: "publisher", Desc: true}, {Field: "create_time"}, {Field: "id", Desc: true}},
			[]string{"23alpha2", "23ALPHA", "22Beta", "22alpha", "22gamma"},
		},
	} {
		q := listing.Query{Order: c.order, Limit: 3}
		got, err := s.Coupons(t.Context(), q)
		wantList(t, fmt.Sprintf("the first three by %v", c.order), ids(got), err, c.want[:3]...)
		q.After = lastValues(got, c.order)
		got, err = s.Coupons(t.Context(), q)
		wantList(t, fmt.Sprintf("the rest by %v", c.order), ids(got), err, c.want[3:]...)
	}
}

// lastValues returns what a page token holds: the last coupon's values of the fields in the order.
func lastValues(page []domain.Coupon, order []listing.Order) []any {
	last := page[len(page)-1]
	values := make([]any, len(order))
	for i, o := range order {
		values[i] = map[string]any{
			"id": last.ID(), "code_key": couponcode.Fold(last.Code), "publisher": last.Publisher,
			"create_time": last.CreateTime, "expire_time": last.Expiry(),
		}[o.Field]
	}
	return values
}

func testPages(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	add := func(n int) string {
		c := coupon("10", "22", fmt.Sprintf("CODE%03d", n))
		c.CreateTime, c.ExpireTime = moment(n/4), moment(200-n%3)
		if n%5 == 0 {
			c.ExpireTime = time.Time{}
		}
		must(t, s.create(ctx, c))
		return "22" + c.Code
	}
	before := map[string]bool{}
	for n := range 23 {
		before[add(n)] = true
	}
	q := listing.Query{
		Where: compare("offer", listing.Equal, "10"),
		Order: []listing.Order{{Field: "expire_time", Desc: true}, {Field: "create_time", Desc: true}, {Field: "id"}},
		Limit: 4,
	}
	seen := map[string]bool{}
	for page := 0; ; page++ {
		got, err := s.Coupons(ctx, q)
		must(t, err)
		for _, id := range ids(got) {
			if seen[id] {
				t.Errorf("%s came twice", id)
			}
			seen[id] = true
			delete(before, id)
		}
		if len(got) < q.Limit {
			break
		}
		q.After = lastValues(got, q.Order)
		add(100 + page)
	}
	if len(before) > 0 {
		t.Errorf("not listed: %v", before)
	}
}

package app_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func listRequest(parent, filter, orderBy string) listing.Request {
	return listing.Request{Parent: parent, Filter: filter, OrderBy: orderBy}
}

// list runs a list of an offer, which must succeed.
func list[T any](
	t *testing.T, do func(context.Context, string, listing.Request) ([]T, string, error), offer string, req listing.Request,
) ([]T, string) {
	t.Helper()
	rows, next, err := do(t.Context(), offer, req)
	if err != nil {
		t.Fatal(err)
	}
	return rows, next
}

// pages reads a list to its end, some rows at a time.
func pages[T any](
	t *testing.T, size int32, do func(context.Context, listing.Request) ([]T, string, error), req listing.Request,
) []T {
	t.Helper()
	var all []T
	req.PageSize = size
	for range 100 {
		rows, next, err := do(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
		if next == "" {
			return all
		}
		req.PageToken = next
	}
	t.Fatal("the list does not end")
	return nil
}

// many stores 30 coupons of two offers and five publishers, a second apart, in every state.
func many(t *testing.T, s *app.Service, now *clock) {
	t.Helper()
	publishers := []string{"21", "22", "23", "24", "25"}
	withParties(t, s, []string{"10", "11"}, publishers)
	for i := range 30 {
		c := coupon([]string{"10", "11"}[i%2], publishers[i%5], fmt.Sprintf("Code%02d", i/2))
		c.StartTime = noon.Add(time.Duration(i%4-2) * time.Hour)
		c.ExpireTime = []time.Time{{}, c.StartTime.Add(time.Hour), c.StartTime.Add(3 * time.Hour)}[i%3]
		c.Enabled = i%7 != 0
		c.InternalNote = fmt.Sprintf("note %d", i%3)
		must(s.CreateCoupon(t.Context(), c))(t)
		if i%11 == 5 {
			must(s.ArchiveCoupon(t.Context(), c.Offer, c.Publisher, c.Code, ""))(t)
		}
		now.Advance(time.Second)
	}
}

func TestPagingNeitherRepeatsNorSkips(t *testing.T) {
	s, now := newService(t)
	many(t, s, now)
	coupons := func(ctx context.Context, req listing.Request) ([]domain.Coupon, string, error) {
		return s.Coupons(ctx, "", req)
	}
	approvals := func(ctx context.Context, req listing.Request) ([]domain.Approval, string, error) {
		return s.Approvals(ctx, "", req)
	}
	for _, field := range []string{"", "code", "offer", "publisher", "start_time", "expire_time", "create_time", "update_time", "code, offer"} {
		for _, direction := range []string{"", " desc"} {
			if field == "" && direction != "" {
				continue
			}
			req := listRequest("offers/-", "", field+direction)
			checkPages(t, "coupons "+req.OrderBy, coupons, req, 30)
		}
	}
	for _, field := range []string{"", "name", "create_time", "update_time", "name desc"} {
		checkPages(t, "approvals "+field, approvals, listRequest("offers/-", "", field), 10)
	}
	for _, field := range []string{"", "name desc", "display_name", "create_time", "update_time desc"} {
		checkPages(t, "offers "+field, s.Offers, listRequest("", "", field), 2)
		checkPages(t, "publishers "+field, s.Publishers, listRequest("", "", field), 5)
	}
}

// checkPages checks that a list read in small pages is the list read at once, and has want rows.
func checkPages[T comparable](
	t *testing.T, name string, do func(context.Context, listing.Request) ([]T, string, error), req listing.Request, want int,
) {
	t.Helper()
	whole := pages(t, 1000, do, req)
	if len(whole) != want {
		t.Errorf("%s: got %d rows, want %d", name, len(whole), want)
	}
	for _, size := range []int32{1, 7} {
		if got := pages(t, size, do, req); !slices.Equal(got, whole) {
			t.Errorf("%s: pages of %d differ from the whole", name, size)
		}
	}
}

func TestCouponFilters(t *testing.T) {
	s, now := newService(t)
	many(t, s, now)
	all, _ := list(t, s.Coupons, "", listRequest("offers/-", "", ""))
	at := s.Now()
	for _, tc := range []struct {
		offer, filter string
		want          func(domain.Coupon) bool
	}{
		{"10", "", func(c domain.Coupon) bool { return c.Offer == "10" }},
		{"", `offer = "offers/10"`, func(c domain.Coupon) bool { return c.Offer == "10" }},
		{"11", `publisher = "publishers/22"`, func(c domain.Coupon) bool { return c.Offer == "11" && c.Publisher == "22" }},
		{"", `code = "cODE03"`, func(c domain.Coupon) bool { return c.Code == "Code03" }},
		{"", `code = "code0*" AND enabled = true`, func(c domain.Coupon) bool { return c.Code < "Code10" && c.Enabled }},
		{"", `internal_note = "note 1"`, func(c domain.Coupon) bool { return c.InternalNote == "note 1" }},
		{"", `start_time >= "2026-11-22T13:00:00+01:00"`, func(c domain.Coupon) bool { return !c.StartTime.Before(noon) }},
		{"", `expire_time > "2027-01-01T00:00:00Z"`, func(c domain.Coupon) bool { return c.ExpireTime.IsZero() }},
		{"", `state = ACTIVE`, func(c domain.Coupon) bool { return domain.StateOf(c, at) == domain.CouponActive }},
		{"", `state != EXPIRED AND state != ARCHIVED`, func(c domain.Coupon) bool {
			return domain.StateOf(c, at) != domain.CouponExpired && domain.StateOf(c, at) != domain.CouponArchived
		}},
	} {
		got, _ := list(t, s.Coupons, tc.offer, listRequest("offers/-", tc.filter, ""))
		want := slices.DeleteFunc(slices.Clone(all), func(c domain.Coupon) bool { return !tc.want(c) })
		if !slices.Equal(got, want) || len(want) == 0 || len(want) == len(all) {
			t.Errorf("%s %s: got %d rows, want %d of %d", tc.offer, tc.filter, len(got), len(want), len(all))
		}
	}
}

func TestListsRefuse(t *testing.T) {
	s, now := newService(t)
	many(t, s, now)
	_, _, err := s.Coupons(t.Context(), "99", listRequest("offers/99", "", ""))
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
	_, _, err = s.Approvals(t.Context(), "99", listRequest("offers/99", "", ""))
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
	_, _, err = s.Coupons(t.Context(), "", listRequest("offers/-", "state = OPEN", ""))
	refused(t, err, apperr.InvalidArgument, "INVALID_FILTER")
	_, _, err = s.Offers(t.Context(), listRequest("", "", "state"))
	refused(t, err, apperr.InvalidArgument, "INVALID_ORDER_BY")
	_, next := list(t, s.Coupons, "10", listing.Request{Parent: "offers/10", PageSize: 3})
	_, _, err = s.Coupons(t.Context(), "11", listing.Request{Parent: "offers/11", PageSize: 3, PageToken: next})
	refused(t, err, apperr.InvalidArgument, "INVALID_PAGE_TOKEN")
}

// The states that a list can be filtered by are those that coupons are shown with: each coupon is
// in exactly the one that StateOf says, whenever it is looked at.
func TestStateFiltersAgreeWithStateOf(t *testing.T) {
	s, now := newService(t)
	many(t, s, now)
	states := []domain.CouponState{
		domain.CouponScheduled, domain.CouponActive, domain.CouponExpired, domain.CouponDisabled, domain.CouponArchived,
	}
	propertytest.Check(t, func(rt *rapid.T) {
		// Coupons start and end at full hours: look at those, and a millisecond beside them.
		now.millis.Store(noon.UnixMilli())
		now.Advance(time.Duration(rapid.IntRange(-4, 8).Draw(rt, "hours")) * time.Hour)
		now.Advance(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "millis")) * time.Millisecond)
		seen := 0
		for _, state := range states {
			rows, _ := list(t, s.Coupons, "", listing.Request{Parent: "offers/-", Filter: "state = " + string(state)})
			for _, c := range rows {
				if got := domain.StateOf(c, s.Now()); got != state {
					rt.Fatalf("%s is %s, and the list says %s", c.Name(), got, state)
				}
			}
			seen += len(rows)
		}
		if seen != 30 {
			rt.Fatalf("%d coupons are in some state, want 30", seen)
		}
	})
}

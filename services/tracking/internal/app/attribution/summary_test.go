package attribution_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// soldBefore stores a sale with a code, so many days before now.
func soldBefore(t *testing.T, store storetest.Store, code string, daysAgo int, clicked bool) {
	t.Helper()
	id, _ := domain.ConversionID(domain.Report{Event: "sale", TransactionID: uuid.NewString()}, "10")
	at := now.AddDate(0, 0, -daysAgo)
	c := domain.Conversion{
		ID: id, ContentHash: id, Offer: "10", Publisher: "22", CouponCode: code, Event: "sale", Status: domain.StatusApproved,
		Outcome: domain.Attributed, Method: domain.CouponCode, PubUniques: domain.Uniques{2: code}, Amount: money.Money{Currency: "USD", Units: int64(daysAgo)},
		ConversionTime: at, CreateTime: at, UpdateTime: at, Revision: 1,
	}
	if clicked {
		c.Click, c.Method = "a-click", domain.CouponLink
	}
	if _, inserted, err := store.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil || !inserted {
		t.Fatalf("storing a sale: %v, %v", inserted, err)
	}
}

// counted counts all that is stored.
func counted(t *testing.T, store storetest.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = store.CountNew(t.Context(), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLeakedCodes(t *testing.T) {
	store := newStore(t)
	service := newServiceOn(store, nil)
	for day := 1; day <= 35; day++ {
		for sale := range 4 {
			// Both have one sale of four without a click; one, for a week, has four.
			soldBefore(t, store, "Steady", day, sale > 0)
			soldBefore(t, store, "Leaked", day, sale > 0 && day > 7)
		}
	}
	for range 100 {
		soldBefore(t, store, "TODAY", 0, false) // the day is not over
	}
	counted(t, store)
	leaks, _, err := service.Leaks(t.Context(), reporting.LeakRequest{Offer: "offers/10"})
	if err != nil || len(leaks) != 1 {
		t.Fatalf("leaks are %+v, %v; want one", leaks, err)
	}
	want := rollup.Leak{
		CodeKey: rollup.CodeKey{Offer: "10", Publisher: "22", CouponCode: "LEAKED"},
		Recent:  rollup.Share{Conversions: 28, Clickless: 28}, Baseline: rollup.Share{Conversions: 112, Clickless: 28},
	}
	if leaks[0] != want {
		t.Errorf("the leak is %+v, want %+v", leaks[0], want)
	}
	if leaks, _, err := service.Leaks(t.Context(), reporting.LeakRequest{Offer: "offers/11"}); err != nil || len(leaks) != 0 {
		t.Errorf("another offer has %+v, %v", leaks, err)
	}
}

// TestLeakedCodesByPage checks that pages have each code once, in order, and that a token belongs to its request.
func TestLeakedCodesByPage(t *testing.T) {
	store := newStore(t)
	service := newServiceOn(store, nil)
	for day := 1; day <= 35; day++ {
		for _, code := range []string{"LEAK1", "LEAK2", "LEAK3", "LEAK4"} {
			soldBefore(t, store, code, day, day > 7)
			soldBefore(t, store, code, day, day > 7 && code != "LEAK3")
		}
	}
	counted(t, store)
	var codes []string
	req := reporting.LeakRequest{PageSize: 1}
	for {
		leaks, next, err := service.Leaks(t.Context(), req)
		if err != nil || len(leaks) != 1 {
			t.Fatalf("a page is %+v, %v; want one leak", leaks, err)
		}
		codes = append(codes, leaks[0].CouponCode)
		if req.PageToken = next; next == "" {
			break
		}
		other := req
		other.RecentDays = 3
		if _, _, err := service.Leaks(t.Context(), other); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_PAGE_TOKEN" {
			t.Errorf("the token of another request gave %v", err)
		}
	}
	if want := "[LEAK1 LEAK2 LEAK4 LEAK3]"; fmt.Sprint(codes) != want {
		t.Errorf("the pages have %v, want %s", codes, want)
	}
}

func TestSummaryRowsInOrder(t *testing.T) {
	store := newStore(t)
	service := newServiceOn(store, nil)
	for code, sales := range map[string]int{"ONE": 1, "THREE": 3, "TWO": 2} {
		for range sales {
			soldBefore(t, store, code, 1+sales, true)
		}
	}
	counted(t, store)
	for orderBy, want := range map[string]string{
		"":                    "[THREE TWO ONE]",
		"conversions":         "[ONE TWO THREE]",
		"amount desc":         "[THREE TWO ONE]", // 12, 6 and 2 USD
		"coupon_code":         "[ONE THREE TWO]",
		"clicks, coupon_code": "[ONE THREE TWO]",
	} {
		summary, err := service.Summarize(t.Context(), reporting.SummaryRequest{GroupBy: []rollup.Dimension{rollup.ByCouponCode}, OrderBy: orderBy})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, row := range summary.Rows {
			codes = append(codes, row.CouponCode)
		}
		if fmt.Sprint(codes) != want {
			t.Errorf("by %q the codes are %v, want %s", orderBy, codes, want)
		}
	}
}

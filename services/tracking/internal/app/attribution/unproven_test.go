package attribution_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestAmountOverTheLimit: without the token it is refused, also when replayed, until the limit allows it. The
// token, our own services and tests of the report are judged as they should be.
func TestAmountOverTheLimit(t *testing.T) {
	c := newCatalog(t)
	limit := func(units int64) {
		o := c.offers["11"]
		o.OpenPostbackMaxAmount = money.Money{Currency: "EUR", Units: units}
		c.offers["11"] = o
	}
	limit(100)
	s := newService(t, c)
	report := func(transaction string) domain.Report {
		return domain.Report{Code: "OPEN11", TransactionID: transaction, HasAmount: true, Amount: money.Money{Units: 101}}
	}
	call := posted()
	call.Parameters = "coupon_code=OPEN11&transaction_id=A-1&amount=101"
	if _, err := s.Report(t.Context(), report("A-1"), call); reasonOf(err) != domain.AmountOverLimit {
		t.Fatalf("got %v", err)
	}
	tried := report("A-2")
	tried.Test = true
	if _, err := s.Report(t.Context(), tried, posted()); reasonOf(err) != domain.AmountOverLimit {
		t.Errorf("a test: got %v", err)
	}
	if n := stored(t, s); n != 0 {
		t.Errorf("%d conversions are stored", n)
	}
	proven := report("A-3")
	proven.Token = "token11"
	if v, err := s.Report(t.Context(), proven, posted()); err != nil || v.Outcome != attribution.Attributed || v.Conversion.Status != domain.StatusApproved {
		t.Errorf("with the token: %+v, %v", v, err)
	}
	ours := report("A-4")
	ours.Trusted = true
	if v, err := s.Report(t.Context(), ours, nil); err != nil || v.Outcome != attribution.Attributed {
		t.Errorf("our own service: %+v, %v", v, err)
	}

	entry := lastEntry(t, s, "REJECTED")
	if entry.Reason != domain.AmountOverLimit || entry.TransactionID != "A-1" || entry.HTTPStatus != 400 {
		t.Errorf("the journal has %+v", entry)
	}
	if result, err := s.Replay(t.Context(), entry.ID, attribution.ReplayOrder{}); err != nil || result.Outcome != domain.ReplayRefused || result.Reason != domain.AmountOverLimit {
		t.Errorf("replayed: %+v, %v", result, err)
	}
	limit(101)
	result, err := s.Replay(t.Context(), entry.ID, attribution.ReplayOrder{})
	if err != nil || result.Outcome != domain.ReplayAttributed {
		t.Fatalf("replayed under another limit: %+v, %v", result, err)
	}
	if made, err := s.Conversion(t.Context(), result.Conversion); err != nil || made.Status != domain.StatusPending {
		t.Errorf("the replay made %+v, %v", made, err)
	}
}

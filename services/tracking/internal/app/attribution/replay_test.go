package attribution_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// postedWith returns what a postback with parameters reports on offer 10, and how it comes.
func postedWith(t *testing.T, parameters map[string]string) (domain.Report, *attribution.Call) {
	t.Helper()
	params := map[string][]string{"token": {"token10"}}
	for name, value := range parameters {
		params[name] = []string{value}
	}
	report, err := partner.ParsePostback(params, now)
	if err != nil {
		t.Fatal(err)
	}
	call := posted()
	call.Parameters = partner.HideProof(params, nil)
	return report, call
}

// lastEntry returns the latest entry of the journal with an outcome.
func lastEntry(t *testing.T, s *service, outcome string) domain.Postback {
	t.Helper()
	page, _, err := s.Postbacks(t.Context(), listing.Request{Filter: "outcome = " + outcome, PageSize: 1})
	if err != nil || len(page) != 1 {
		t.Fatalf("the journal's %s: %v, %v", outcome, page, err)
	}
	return page[0]
}

// TestReplayOfASaleThatWasApprovedAtOnce: it was held, so it is credited when it can be.
func TestReplayOfASaleThatWasApprovedAtOnce(t *testing.T) {
	c := newCatalog(t)
	s := newService(t, c)
	report, call := postedWith(t, map[string]string{"coupon_code": "LATER", "transaction_id": "A-1", "status": "approved"})
	v, err := s.Report(t.Context(), report, call)
	if err != nil || v.Outcome != attribution.Unattributed {
		t.Fatalf("before the coupon is there: %s, %v", v.Outcome, err)
	}
	coupon := c.coupons[0]
	coupon.Code = "LATER"
	c.coupons = append(c.coupons, coupon)
	for _, dryRun := range []bool{true, false} {
		result, err := s.Replay(t.Context(), v.Conversion.Postback, attribution.ReplayOrder{DryRun: dryRun})
		if err != nil || result.Outcome != domain.ReplayAttributed || result.Publisher != "22" {
			t.Errorf("dry run %v: %+v, %v", dryRun, result, err)
		}
	}
	if got, err := s.Conversion(t.Context(), v.Conversion.ID); err != nil || got.Publisher != "22" || got.Status != domain.StatusApproved {
		t.Errorf("the sale is of %q, %s, %v", got.Publisher, got.Status, err)
	}
}

// TestReplayOfAChangeThatWasMadeMeanwhile: the dry run says what the replay does.
func TestReplayOfAChangeThatWasMadeMeanwhile(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	report, call := postedWith(t, map[string]string{"transaction_id": "A-1", "coupon_code": "NOSUCH"})
	v, err := s.Report(t.Context(), report, call)
	if err != nil {
		t.Fatal(err)
	}
	report, call = postedWith(t, map[string]string{"transaction_id": "A-1", "status": "approved"})
	if _, err := s.Report(t.Context(), report, call); reasonOf(err) != "CONVERSION_UNATTRIBUTED" {
		t.Fatalf("while it is held: %v", err)
	}
	entry := lastEntry(t, s, "REJECTED")
	edit := review.Edit{ID: v.Conversion.ID}
	if _, err := s.ReassignToPublisher(t.Context(), edit, "33"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(t.Context(), edit); err != nil {
		t.Fatal(err)
	}
	for _, dryRun := range []bool{true, false} {
		result, err := s.Replay(t.Context(), entry.ID, attribution.ReplayOrder{DryRun: dryRun})
		if err != nil || result.Outcome != domain.ReplayUnchanged {
			t.Errorf("dry run %v: %+v, %v", dryRun, result, err)
		}
	}
}

// TestReplayOfAConflict: however often it is replayed, it came once.
func TestReplayOfAConflict(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	sale := sold(t, s, "A-1")
	report, call := postedWith(t, map[string]string{"transaction_id": "A-1", "status": "approved", "amount": "60"})
	if _, err := s.Report(t.Context(), report, call); reasonOf(err) != "CONVERSION_CONFLICT" {
		t.Fatalf("of another amount: %v", err)
	}
	for range 2 {
		result, err := s.Replay(t.Context(), lastEntry(t, s, "REJECTED").ID, attribution.ReplayOrder{})
		if err != nil || result.Outcome != domain.ReplayRefused || result.Reason != "CONVERSION_CONFLICT" {
			t.Errorf("replayed: %+v, %v", result, err)
		}
	}
	if got, err := s.Conversion(t.Context(), sale.ID); err != nil || len(got.Conflicts) != 1 || got.Conflicts[0].Count != 1 || got.Revision != 2 {
		t.Errorf("the sale has %+v, revision %d, %v", got.Conflicts, got.Revision, err)
	}
}

// TestAStatusWithAnAmountForASaleWithoutOne: the amount is in the offer's currency.
func TestAStatusWithAnAmountForASaleWithoutOne(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	report, call := postedWith(t, map[string]string{"coupon_code": "SALEXYZ20", "transaction_id": "A-1"})
	v, err := s.Report(t.Context(), report, call)
	if err != nil {
		t.Fatal(err)
	}
	report, call = postedWith(t, map[string]string{"transaction_id": "A-1", "status": "approved", "amount": "60"})
	if _, err := s.Report(t.Context(), report, call); reasonOf(err) != "CONVERSION_CONFLICT" {
		t.Fatalf("with an amount: %v", err)
	}
	got, err := s.ResolveConflict(t.Context(), review.Edit{ID: v.Conversion.ID}, 1, domain.Accepted)
	if err != nil || got.Conflicts[0].Amount != eur(60) || got.Amount != eur(60) || got.Payout != eur(6) {
		t.Errorf("accepted: conflict %+v, amount %+v, payout %s, %v", got.Conflicts, got.Amount, got.Payout, err)
	}
}

// TestIDsHoldTheTimeThatIsStored: the stores find a time's postbacks and clicks by their ids.
func TestIDsHoldTheTimeThatIsStored(t *testing.T) {
	s := newService(t, newCatalog(t))
	millis := fmt.Sprintf("%012x", now.UnixMilli())
	want := millis[:8] + "-" + millis[8:] + "-7"
	click := visit(t, s, trackinglink.Link{Offer: "10", Publisher: "33"})
	entry := sold(t, s, "A-1").Postback
	for _, id := range []string{click, entry} {
		if !strings.HasPrefix(id, want) {
			t.Errorf("id %s does not begin with %s", id, want)
		}
	}
}

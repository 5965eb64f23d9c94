package attribution_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// sent reports what a query says.
func sent(t *testing.T, s *service, query string) attribution.Verdict {
	t.Helper()
	params := partner.ParseQuery(query + "&token=token10")
	report, err := partner.ParsePostback(params, now)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	call := posted()
	call.Parameters = partner.HideProof(params, nil)
	v, err := s.Report(t.Context(), report, call)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// TestEventsOfBefore: a sale from when events were case-sensitive is found by its event in any case.
func TestEventsOfBefore(t *testing.T) {
	s := newService(t, newCatalog(t))
	before := sent(t, s, "coupon_code=SALEXYZ20&transaction_id=A-0")
	old, err := s.Report(t.Context(), domain.Report{Offer: "10", Code: "SALEXYZ20", TransactionID: "A-1", Event: "Renewal", Trusted: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query   string
		outcome attribution.Outcome
		id      string
	}{
		{"coupon_code=SALEXYZ20&transaction_id=A-1&event=Renewal", attribution.Duplicate, old.Conversion.ID},
		{"transaction_id=A-1&event=Renewal&status=rejected", attribution.Attributed, old.Conversion.ID},
		{"coupon_code=SALEXYZ20&transaction_id=A-0&event=Sale", attribution.Duplicate, before.Conversion.ID},
	} {
		if v := sent(t, s, tt.query); v.Outcome != tt.outcome || v.Conversion.ID != tt.id {
			t.Errorf("%s: got %s of %s, want %s of %s", tt.query, v.Outcome, v.Conversion.ID, tt.outcome, tt.id)
		}
	}
	v := sent(t, s, "coupon_code=SALEXYZ20&transaction_id=A-2&event=Renewal")
	if again := sent(t, s, "coupon_code=SALEXYZ20&transaction_id=A-2&event=RENEWAL"); v.Conversion.Event != "renewal" || again.Conversion.ID != v.Conversion.ID || again.Outcome != attribution.Duplicate {
		t.Errorf("two spellings of a new event: %s of %+v", again.Outcome, again.Conversion)
	}
}

func TestWordsForNothing(t *testing.T) {
	c := newCatalog(t)
	s := newService(t, c)
	v := sent(t, s, "coupon_code=NULL&transaction_id=A-1&offer_id=null")
	if v.Conversion.Reason != domain.NoReference || v.Conversion.PubUniques[2] != "" || len(v.Warnings) != 2 {
		t.Errorf("no such coupon: %+v, warnings %q", v.Conversion, v.Warnings)
	}
	if entry := lastEntry(t, s, "UNATTRIBUTED"); len(entry.Warnings) != 2 || entry.CouponCode != "" {
		t.Errorf("the journal has %+v", entry)
	}
	coupon := c.coupons[0]
	coupon.Offer, coupon.Code = "10", "Null"
	c.coupons = append(c.coupons, coupon)
	if v := sent(t, s, "coupon_code=NULL&transaction_id=A-2"); v.Outcome != attribution.Attributed || len(v.Warnings) != 0 {
		t.Errorf("a coupon of that code: %s, warnings %q", v.Outcome, v.Warnings)
	}
}

func TestAmountsThatAreNotSure(t *testing.T) {
	s := newService(t, newCatalog(t))
	for query, tt := range map[string]struct {
		status  domain.Status
		amount  string
		warning string
	}{
		"amount=1000.50&currency=JPY":        {domain.StatusApproved, "1000.5 JPY", "1000.5 JPY is finer than JPY, which has 0 decimal places"},
		"amount=1.234&currency=USD":          {domain.StatusApproved, "1.234 USD", "2 decimal places"},
		"amount=1.2345&currency=KWD":         {domain.StatusApproved, "1.2345 KWD", "3 decimal places"},
		"amount=49.900000000000006":          {domain.StatusApproved, "49.9 EUR", "was rounded"},
		"amount={total}":                     {domain.StatusPending, "", "waits in PENDING"},
		"amount=5&currency=%%CUR%%":          {domain.StatusPending, "5 EUR", "waits in PENDING"},
		"amount=6&status=(not set)":          {domain.StatusPending, "6 EUR", "waits in PENDING"},
		"amount=7&status=pending":            {domain.StatusPending, "7 EUR", ""},
		"amount=8&currency=EUR&status=":      {domain.StatusApproved, "8 EUR", ""},
		"amount={total}&status=approved&x=1": {domain.StatusPending, "", "waits in PENDING"},
	} {
		v := sent(t, s, "coupon_code=SALEXYZ20&transaction_id="+fmt.Sprint(len(query))+tt.amount+"&"+query)
		if v.Conversion.Status != tt.status || v.Conversion.Amount.String() != tt.amount || !strings.Contains(strings.Join(v.Warnings, "\n"), tt.warning) || (tt.warning == "") != (len(v.Warnings) == 0) {
			t.Errorf("%s: %s of %q, warnings %q", query, v.Conversion.Status, v.Conversion.Amount, v.Warnings)
		}
	}
}

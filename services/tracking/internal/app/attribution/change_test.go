package attribution_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// posted is how a test's postback comes.
func posted() *attribution.Call {
	return &attribution.Call{
		Method: "GET", Parameters: "coupon_code=SALEXYZ20&token=***", IP: "203.0.113.7", Received: now,
		Status: func(error) int { return 400 },
	}
}

// sold records a sale of 50 EUR on offer 10, with a revenue of 20 and a payout of 10 percent.
func sold(t *testing.T, s *service, transaction string) domain.Conversion {
	t.Helper()
	call := posted()
	call.Parameters = "amount=50&coupon_code=SALEXYZ20&token=***&transaction_id=" + transaction
	v, err := s.Report(t.Context(), domain.Report{Event: domain.DefaultEvent, Token: "token10", Code: "SALEXYZ20", TransactionID: transaction, HasAmount: true, Amount: money.Money{Units: 50}}, call)
	if err != nil {
		t.Fatal(err)
	}
	return v.Conversion
}

// withRates gives offer 10 its rates.
func withRates(c *catalog) *catalog {
	offer := c.offers["10"]
	offer.Payout = money.Payout{Kind: money.Percent, Percent: 100_000}
	offer.Revenue = money.Payout{Kind: money.Percent, Percent: 200_000}
	c.offers["10"] = offer
	return c
}

func eur(units int64) money.Money { return money.Money{Currency: "EUR", Units: units} }

// reasonOf is the stable word of an error; empty for none.
func reasonOf(err error) string {
	if e := apperr.As(err); e != nil {
		return e.Reason
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestEdit(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	c := sold(t, s, "A-1")
	edit := review.Edit{ID: c.ID, Actor: "jo"}
	rejected, err := s.Reject(t.Context(), review.Edit{ID: c.ID, ETag: conversions.ETag(c), Reason: "returned"})
	if err != nil || rejected.Status != domain.StatusRejected || rejected.Changes[0].By.Actor != domain.DefaultActor {
		t.Fatalf("rejected: %+v, %v", rejected, err)
	}
	if _, err := s.Approve(t.Context(), review.Edit{ID: c.ID, ETag: conversions.ETag(c)}); reasonOf(err) != "ETAG_MISMATCH" {
		t.Errorf("by an old etag: %v", err)
	}
	approved, err := s.Approve(t.Context(), edit)
	if err != nil || approved.Payout != eur(5) || approved.Changes[1].By.Actor != "jo" {
		t.Errorf("approved: %+v, %v", approved, err)
	}
	adjusted, err := s.Adjust(t.Context(), edit, money.Money{Units: 40})
	if err != nil || adjusted.Amount != eur(40) || adjusted.Payout != eur(4) || adjusted.Revenue != eur(8) {
		t.Errorf("adjusted: %+v, %v", adjusted, err)
	}
	refunded, err := s.Refund(t.Context(), edit, money.Money{Units: 10}, false, "r-1")
	if err != nil || refunded.Refunded != eur(10) || refunded.Payout != eur(3) {
		t.Errorf("refunded: %+v, %v", refunded, err)
	}
	reassigned, err := s.ReassignToPublisher(t.Context(), edit, "33")
	if err != nil || reassigned.Publisher != "33" || reassigned.Coupon != "" {
		t.Errorf("reassigned: %+v, %v", reassigned, err)
	}
	back, err := s.ReassignToCoupon(t.Context(), edit, "offers/10/coupons/22.SALEXYZ20", "10", "salexyz20")
	if err != nil || back.Publisher != "22" || back.Coupon != "offers/10/coupons/22.SALEXYZ20" {
		t.Errorf("reassigned to the coupon: %+v, %v", back, err)
	}
	stored, err := s.Conversion(t.Context(), c.ID)
	if err != nil || len(stored.Changes) != 6 || stored.Revision != 7 {
		t.Errorf("stored: %d changes, revision %d, %v", len(stored.Changes), stored.Revision, err)
	}
}

func TestEditRefuses(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	c := sold(t, s, "A-1")
	edit := review.Edit{ID: c.ID}
	for want, do := range map[string]func() (domain.Conversion, error){
		"CONVERSION_NOT_FOUND": func() (domain.Conversion, error) { return s.Approve(t.Context(), review.Edit{ID: "nosuch"}) },
		"REASON_REQUIRED":      func() (domain.Conversion, error) { return s.Reject(t.Context(), edit) },
		"INVALID_ACTOR": func() (domain.Conversion, error) {
			return s.Approve(t.Context(), review.Edit{ID: c.ID, Actor: strings.Repeat("x", 201)})
		},
		"REFUND_TOO_LARGE": func() (domain.Conversion, error) {
			return s.Refund(t.Context(), edit, money.Money{Units: 51}, false, "")
		},
		"PUBLISHER_NOT_FOUND": func() (domain.Conversion, error) { return s.ReassignToPublisher(t.Context(), edit, "nosuch") },
		"COUPON_NOT_FOUND": func() (domain.Conversion, error) {
			return s.ReassignToCoupon(t.Context(), edit, "offers/10/coupons/33.SALEXYZ20", "10", "SALEXYZ20")
		},
		"OTHER_OFFER": func() (domain.Conversion, error) {
			return s.ReassignToCoupon(t.Context(), edit, "offers/11/coupons/22.OPEN11", "11", "OPEN11")
		},
		"CONFLICT_NOT_FOUND": func() (domain.Conversion, error) { return s.ResolveConflict(t.Context(), edit, 1, domain.Accepted) },
	} {
		if _, err := do(); reasonOf(err) != want {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	if stored, err := s.Conversion(t.Context(), c.ID); err != nil || stored.Revision != 1 {
		t.Errorf("something was changed: %+v, %v", stored, err)
	}
}

func TestStatusByPostback(t *testing.T) {
	tests := []struct {
		says    string
		reports []domain.Report // on transaction A-1, sold for 50 EUR
		status  domain.Status
		refund  money.Money
		outcome attribution.Outcome // of the last
		reason  string
	}{
		{"approved, as it is already", []domain.Report{{Status: domain.ReportApproved}}, domain.StatusApproved, money.Money{}, attribution.Duplicate, ""},
		{"rejected", []domain.Report{{Status: domain.ReportRejected, StatusReason: "fraud"}}, domain.StatusRejected, money.Money{}, attribution.Attributed, ""},
		{"rejected twice", []domain.Report{{Status: domain.ReportRejected}, {Status: domain.ReportRejected}}, domain.StatusRejected, money.Money{}, attribution.Duplicate, ""},
		{"rejected and approved", []domain.Report{{Status: domain.ReportRejected}, {Status: domain.ReportApproved}}, domain.StatusApproved, money.Money{}, attribution.Attributed, ""},
		{"refunded", []domain.Report{{Status: domain.ReportRefunded}}, domain.StatusApproved, eur(50), attribution.Attributed, ""},
		{"in part", []domain.Report{{Status: domain.ReportRefunded, HasAmount: true, Amount: money.Money{Units: 20}}}, domain.StatusApproved, eur(20), attribution.Attributed, ""},
		{"in part, sent twice", []domain.Report{{Status: domain.ReportRefunded, HasAmount: true, Amount: money.Money{Units: 20}}, {Status: domain.ReportRefunded, HasAmount: true, Amount: money.Money{Units: 20}}}, domain.StatusApproved, eur(20), attribution.Duplicate, ""},
		{"two parts", []domain.Report{{Status: domain.ReportRefunded, RefundID: "1", HasAmount: true, Amount: money.Money{Units: 20}}, {Status: domain.ReportRefunded, RefundID: "2", HasAmount: true, Amount: money.Money{Units: 20}}}, domain.StatusApproved, eur(40), attribution.Attributed, ""},
		{"more than the sale", []domain.Report{{Status: domain.ReportRefunded, HasAmount: true, Amount: money.Money{Units: 51}}}, domain.StatusApproved, money.Money{}, "", "REFUND_TOO_LARGE"},
		{"approved, of another amount", []domain.Report{{Status: domain.ReportApproved, HasAmount: true, Amount: money.Money{Units: 60}}}, domain.StatusApproved, money.Money{}, "", "CONVERSION_CONFLICT"},
		{"of a sale that is not known", []domain.Report{{Status: domain.ReportRejected, TransactionID: "A-2"}}, domain.StatusApproved, money.Money{}, attribution.Unattributed, ""},
		{"of a sale that is not known, twice", []domain.Report{{Status: domain.ReportRejected, TransactionID: "A-2"}, {Status: domain.ReportRejected, TransactionID: "A-2"}}, domain.StatusApproved, money.Money{}, attribution.Duplicate, ""},
		{"of no sale in particular", []domain.Report{{Status: domain.ReportRejected, TransactionID: "-"}}, domain.StatusApproved, money.Money{}, "", "TRANSACTION_REQUIRED"},
		{"a test changes nothing", []domain.Report{{Status: domain.ReportRejected, Test: true}}, domain.StatusApproved, money.Money{}, attribution.Test, ""},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			s := newService(t, withRates(newCatalog(t)))
			c := sold(t, s, "A-1")
			var v attribution.Verdict
			var err error
			for _, r := range tt.reports {
				r.Token, r.Event = "token10", domain.DefaultEvent
				switch r.TransactionID {
				case "":
					r.TransactionID = "A-1"
				case "-":
					r.TransactionID = ""
				}
				v, err = s.Report(t.Context(), r, posted())
			}
			if v.Outcome != tt.outcome || reasonOf(err) != tt.reason {
				t.Errorf("got %s, %v; want %s, %s", v.Outcome, err, tt.outcome, tt.reason)
			}
			stored, err := s.Conversion(t.Context(), c.ID)
			if err != nil || stored.Status != tt.status || stored.Refunded != tt.refund {
				t.Errorf("stored: %s, refunded %s, %v", stored.Status, stored.Refunded, err)
			}
		})
	}
}

func TestASaleThatIsApprovedAtOnce(t *testing.T) {
	catalog := newCatalog(t)
	offer := catalog.offers["10"]
	offer.StartStatus = domain.StatusPending
	catalog.offers["10"] = offer
	s := newService(t, catalog)
	v, err := s.Report(t.Context(), domain.Report{Event: domain.DefaultEvent, Token: "token10", Code: "SALEXYZ20", TransactionID: "A-1", Status: domain.ReportApproved}, posted())
	if err != nil || v.Outcome != attribution.Attributed || v.Conversion.Status != domain.StatusApproved {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := s.Report(t.Context(), domain.Report{Code: "OPEN11", TransactionID: "A-1", Status: domain.ReportApproved}, posted()); reasonOf(err) != "MISSING_TOKEN" {
		t.Errorf("without proof: %v", err)
	}
}

func TestConflictIsKept(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	c := sold(t, s, "A-1")
	other := domain.Report{Event: domain.DefaultEvent, Token: "token10", Code: "SALEXYZ20", TransactionID: "A-1", HasAmount: true, Amount: money.Money{Units: 60}}
	for range 2 {
		if _, err := s.Report(t.Context(), other, posted()); reasonOf(err) != "CONVERSION_CONFLICT" {
			t.Fatalf("got %v", err)
		}
	}
	stored, err := s.Conversion(t.Context(), c.ID)
	if err != nil || stored.Amount != eur(50) || !stored.Conflicted || len(stored.Conflicts) != 1 || stored.Conflicts[0].Count != 2 || stored.Conflicts[0].Amount != eur(60) {
		t.Fatalf("stored %+v, %v", stored, err)
	}
	entry, err := s.Postback(t.Context(), stored.Conflicts[0].Postback)
	if err != nil || entry.Outcome != domain.PostbackRejected || entry.Reason != "CONVERSION_CONFLICT" || entry.Conversion != c.ID {
		t.Errorf("its postback is %+v, %v", entry, err)
	}
	page, _, err := s.Conversions(t.Context(), listing.Request{Filter: "conflicted = true"})
	if err != nil || len(page) != 1 {
		t.Errorf("%d are conflicted, %v", len(page), err)
	}
	settled, err := s.ResolveConflict(t.Context(), review.Edit{ID: c.ID}, 1, domain.Accepted)
	if err != nil || settled.Amount != eur(60) || settled.Payout != eur(6) || settled.Conflicted {
		t.Errorf("settled: %+v, %v", settled, err)
	}
	if v, err := s.Report(t.Context(), other, posted()); err != nil || v.Outcome != attribution.Duplicate {
		t.Errorf("the accepted content again: %+v, %v", v, err)
	}
}

func TestLimits(t *testing.T) {
	catalog := newCatalog(t)
	catalog.coupons[0].Limits, catalog.coupons[0].ETag = domain.Limits{Total: 2}, "e1"
	s := newService(t, catalog)
	first := sold(t, s, "A-1")
	sold(t, s, "A-2")
	over := sold(t, s, "A-3")
	if over.Outcome != domain.Unattributed || over.Reason != domain.LimitReached || over.Publisher != "" || over.CouponCode == "" {
		t.Fatalf("the third sale: %+v", over)
	}
	if v, err := s.Report(t.Context(), domain.Report{Event: domain.DefaultEvent, Token: "token10", Code: "SALEXYZ20", TransactionID: "A-3", HasAmount: true, Amount: money.Money{Units: 50}}, posted()); err != nil || v.Outcome != attribution.Duplicate {
		t.Errorf("the third sale again: %+v, %v", v, err)
	}
	if _, err := s.ReassignToCoupon(t.Context(), review.Edit{ID: over.ID}, "offers/10/coupons/22.SALEXYZ20", "10", "SALEXYZ20"); reasonOf(err) != "LIMIT_REACHED" {
		t.Errorf("by hand: %v", err)
	}
	if _, err := s.Reject(t.Context(), review.Edit{ID: first.ID, Reason: "returned"}); err != nil {
		t.Fatal(err)
	}
	if again := sold(t, s, "A-4"); again.Outcome != domain.Attributed {
		t.Errorf("a rejected sale did not give its use back: %+v", again)
	}
	if _, err := s.Approve(t.Context(), review.Edit{ID: first.ID}); reasonOf(err) != "LIMIT_REACHED" {
		t.Errorf("approved when no use is left: %v", err)
	}
	result, err := s.Replay(t.Context(), over.Postback, attribution.ReplayOrder{})
	if err != nil || result.Outcome != domain.ReplayUnchanged || result.Reason != "LIMIT_REACHED" {
		t.Errorf("replayed at the limit: %+v, %v", result, err)
	}
	catalog.coupons[0].Limits, catalog.coupons[0].ETag = domain.Limits{Total: 3}, "e2"
	result, err = s.Replay(t.Context(), over.Postback, attribution.ReplayOrder{})
	if err != nil || result.Outcome != domain.ReplayAttributed {
		t.Errorf("replayed under a higher limit: %+v, %v", result, err)
	}
}

// TestWhatIsTriedMeetsLimits: a test and a dry run say what would happen to the sale, and take no use.
func TestWhatIsTriedMeetsLimits(t *testing.T) {
	catalog := newCatalog(t)
	catalog.coupons[0].Limits, catalog.coupons[0].ETag = domain.Limits{Total: 1}, "e1"
	s := newService(t, catalog)
	trial := domain.Report{Event: domain.DefaultEvent, Token: "token10", Code: "SALEXYZ20", TransactionID: "A-9", HasAmount: true, Amount: money.Money{Units: 50}, Test: true}
	try := func(want domain.Outcome, reason domain.Reason) {
		t.Helper()
		for range 2 {
			v, err := s.Report(t.Context(), trial, posted())
			if err != nil || v.Outcome != attribution.Test || v.Conversion.Outcome != want || v.Conversion.Reason != reason || !strings.Contains(v.Message, "would be "+string(want)) {
				t.Errorf("tried: %+v, %v", v, err)
			}
		}
	}
	try(domain.Attributed, "")
	first := sold(t, s, "A-1")
	try(domain.Unattributed, domain.LimitReached)
	over := sold(t, s, "A-2")
	if result, err := s.Replay(t.Context(), over.Postback, attribution.ReplayOrder{DryRun: true}); err != nil || result.Outcome != domain.ReplayUnchanged || result.Reason != "LIMIT_REACHED" {
		t.Errorf("a dry replay at the limit: %+v, %v", result, err)
	}
	if _, err := s.Reject(t.Context(), review.Edit{ID: first.ID, Reason: "returned"}); err != nil {
		t.Fatal(err)
	}
	approval := domain.Report{Event: domain.DefaultEvent, Token: "token10", TransactionID: "A-1", Status: domain.ReportApproved, Test: true}
	if v, err := s.Report(t.Context(), approval, posted()); err != nil || v.Outcome != attribution.Test {
		t.Errorf("an approval is tried: %+v, %v", v, err)
	}
	for range 2 {
		if result, err := s.Replay(t.Context(), over.Postback, attribution.ReplayOrder{DryRun: true}); err != nil || result.Outcome != domain.ReplayAttributed {
			t.Errorf("a dry replay with a use left: %+v, %v", result, err)
		}
	}
	sold(t, s, "A-3")
	if v, err := s.Report(t.Context(), approval, posted()); reasonOf(err) != "LIMIT_REACHED" {
		t.Errorf("an approval at the limit is tried: %+v, %v", v, err)
	}
}

// TestReplayTakesTheUseOfTheSalesOwnDay: a repeat with other content, which somebody accepted, came a day
// after the sale. Replayed, it credits the sale, which then counts on the sale's day.
func TestReplayTakesTheUseOfTheSalesOwnDay(t *testing.T) {
	catalog := newCatalog(t)
	catalog.coupons[0].Limits, catalog.coupons[0].ETag = domain.Limits{Daily: 1}, "e1"
	s := newService(t, catalog)
	report := domain.Report{
		Event: domain.DefaultEvent, Token: "token10", Code: "NOSUCH", TransactionID: "A-1", HasAmount: true, Amount: money.Money{Units: 50},
		Time: now.Add(-26 * time.Hour),
	}
	if v, err := s.Report(t.Context(), report, posted()); err != nil || v.Conversion.Outcome != domain.Unattributed {
		t.Fatalf("%+v, %v", v, err)
	}
	report.Code, report.Time = "SALEXYZ20", time.Time{}
	again := posted()
	again.Parameters = "amount=50&coupon_code=SALEXYZ20&token=***&transaction_id=A-1"
	if _, err := s.Report(t.Context(), report, again); reasonOf(err) != "CONVERSION_CONFLICT" {
		t.Fatalf("with another code: %v", err)
	}
	id, _ := domain.ConversionID(report, "10")
	settled, err := s.ResolveConflict(t.Context(), review.Edit{ID: id}, 1, domain.Accepted)
	if err != nil {
		t.Fatal(err)
	}
	if today := sold(t, s, "A-2"); today.Outcome != domain.Attributed {
		t.Fatalf("today's only sale: %+v", today)
	}
	if over := sold(t, s, "A-3"); over.Reason != domain.LimitReached {
		t.Fatalf("today's second sale: %+v", over)
	}
	result, err := s.Replay(t.Context(), settled.Conflicts[0].Postback, attribution.ReplayOrder{})
	if err != nil || result.Outcome != domain.ReplayAttributed {
		t.Errorf("yesterday's first sale is replayed as %+v, %v", result, err)
	}
}

func TestWatch(t *testing.T) {
	s := newService(t, withRates(newCatalog(t)))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	news := make(chan conversions.News)
	done := make(chan error, 1)
	go func() {
		done <- s.Watch(ctx, "", "", func(n conversions.News) error { news <- n; return nil })
	}()
	next := func() conversions.News {
		t.Helper()
		select {
		case n := <-news:
			return n
		case err := <-done:
			t.Fatalf("the watch ended: %v", err)
		case <-ctx.Done():
			t.Fatal("no news")
		}
		return conversions.News{}
	}
	if n := next(); n.Conversion != nil || n.ResumeToken == "" {
		t.Errorf("at the beginning: %+v, want a token", n)
	}
	c := sold(t, s, "A-1")
	if n := next(); !n.Created || n.Conversion.ID != c.ID || len(n.Changes) != 0 || n.ResumeToken == "" {
		t.Errorf("the sale: %+v", n)
	}
	for _, do := range []func(context.Context, review.Edit) (domain.Conversion, error){s.Reject, s.Approve} {
		if _, err := do(t.Context(), review.Edit{ID: c.ID, Reason: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	var told []domain.ChangeKind
	var token string
	for len(told) < 2 {
		n := next()
		for _, change := range n.Changes {
			told = append(told, change.Kind)
		}
		token = n.ResumeToken
	}
	if told[0] != domain.ChangeReject || told[1] != domain.ChangeApprove || len(told) != 2 {
		t.Errorf("told of %v", told)
	}
	s.StopWatches()
	if err := <-done; !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("stopped: %v", err)
	}
	future := strings.Replace(token, "2:", "2:zzzz", 1)
	const empty = "." + "ztntfp" // the checksum of no filter
	released := strconv.FormatInt(now.UnixMilli(), 36) + "-" + strconv.FormatInt(now.UnixMilli(), 36) + empty
	for _, bad := range []string{"x", "zz.1", token[:len(token)-1], future, released} {
		if err := s.Watch(t.Context(), "", bad, nil); reasonOf(err) != "INVALID_RESUME_TOKEN" {
			t.Errorf("token %q: %v", bad, err)
		}
	}
	if err := s.Watch(t.Context(), "", released, nil); err == nil || !strings.Contains(err.Error(), "from "+now.Format(time.RFC3339)) {
		t.Errorf("the token of an earlier release: %v, want the time to list from", err)
	}
	other := newService(t, withRates(newCatalog(t)))
	sold(t, other, "B-1")
	if err := other.Watch(t.Context(), "", token, nil); reasonOf(err) != "INVALID_RESUME_TOKEN" {
		t.Errorf("the token of another database: %v", err)
	}
	if err := s.Watch(t.Context(), "nosuch = 1", "", nil); reasonOf(err) != "INVALID_FILTER" {
		t.Errorf("a bad filter: %v", err)
	}
}

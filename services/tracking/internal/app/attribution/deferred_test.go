package attribution_test

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func unreachable() error {
	return apperr.New(apperr.Unavailable, domain.CouponServiceUnavailable, "away")
}

func TestASaleWaitsForTheCouponService(t *testing.T) {
	tests := []struct {
		says      string
		query     string
		meanwhile func(*catalog)
		outcome   domain.Outcome
		reason    domain.Reason
		replay    domain.ReplayOutcome
	}{
		{"a coupon's", "coupon_code=salexyz20", func(*catalog) {}, domain.Attributed, "", domain.ReplayAttributed},
		{"approved at once", "coupon_code=salexyz20&status=approved", func(*catalog) {}, domain.Attributed, "", domain.ReplayAttributed},
		{"of no code", "coupon_code=NOSUCH", func(*catalog) {}, domain.Unattributed, domain.UnknownCode, domain.ReplayUnchanged},
		{"judged at its own time", "coupon_code=salexyz20", func(c *catalog) { c.coupons[0].ExpireTime = now.Add(time.Second) }, domain.Attributed, "", domain.ReplayAttributed},
		{"of a coupon without a use left", "coupon_code=salexyz20", func(c *catalog) { c.coupons[0].Limits.Total = 1 }, domain.Unattributed, domain.LimitReached, domain.ReplayUnchanged},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			b := newBench(t, newStore(t))
			b.post("transaction_id=A-0&coupon_code=SALEXYZ20&amount=50") // takes the one use
			b.catalog.away = unreachable()
			v := b.post("transaction_id=A-1&amount=50&" + tt.query)
			if v.Outcome != attribution.Unattributed || v.Conversion.Reason != domain.CouponServiceAway || v.Conversion.Status != domain.StatusPending {
				t.Fatalf("got %s, %+v", v.Outcome, v.Conversion)
			}
			if again := b.post("transaction_id=A-1&amount=50&" + tt.query); again.Outcome != attribution.Duplicate {
				t.Errorf("again: %s", again.Outcome)
			}
			if early := b.post("transaction_id=A-1&status=refunded&amount=10"); early.Conversion.Reason != domain.EarlyChange {
				t.Errorf("a refund meanwhile: %s %s", early.Outcome, early.Conversion.Reason)
			}
			b.judge(100)
			if c, err := b.Conversion(t.Context(), v.Conversion.ID); err != nil || !c.Unjudged() || c.Revision != 1 {
				t.Fatalf("judged while it is away: %+v, %v", c, err)
			}
			b.catalog.away = nil
			tt.meanwhile(b.catalog)
			b.judge(12)
			c, err := b.Conversion(t.Context(), v.Conversion.ID)
			if err != nil || c.Outcome != tt.outcome || c.Reason != tt.reason || len(c.Changes) != 2 || c.Refunded != eur(10) || c.Changes[0].By.Actor != domain.Automatic {
				t.Errorf("judged: %s %s, %+v, %v", c.Outcome, c.Reason, c.Changes, err)
			}
			if entry, err := b.Postback(t.Context(), c.Postback); err != nil || entry.Reason != "COUPON_SERVICE_AWAY" || entry.Replay == nil || entry.Replay.Outcome != tt.replay {
				t.Errorf("journaled: %+v, %v", entry.Replay, err)
			}
			b.judge(100)
			if again, err := b.Conversion(t.Context(), c.ID); err != nil || again.Revision != c.Revision {
				t.Errorf("judged twice: revision %d, %v", again.Revision, err)
			}
		})
	}
}

func TestASaleByOurOwnServicesWaitsToo(t *testing.T) {
	b := newBench(t, newStore(t))
	b.catalog.away = unreachable()
	report := domain.Report{
		Trusted: true, Offer: "10", Code: "salexyz20", Publisher: "22", TransactionID: "A & 1", Event: "lead", Time: now.Add(-time.Minute),
		HasAmount: true, Amount: money.Money{Currency: "USD", Units: 50, Nanos: 10_000_000},
	}
	v, err := b.Report(t.Context(), report, nil)
	if err != nil || v.Conversion.Reason != domain.CouponServiceAway {
		t.Fatalf("got %+v, %v", v, err)
	}
	b.catalog.away = nil
	b.judge(12)
	c, err := b.Conversion(t.Context(), v.Conversion.ID)
	want := v.Conversion
	if err != nil || c.Outcome != domain.Attributed || c.Publisher != "22" || c.ContentHash != want.ContentHash || c.ConversionTime != report.Time || c.Amount != report.Amount || c.Postback != "" {
		t.Errorf("judged: %+v, %v", c, err)
	}
}

func TestASaleIsNotJudgedForever(t *testing.T) {
	b := newBench(t, newStore(t))
	b.catalog.away = unreachable()
	c := b.post("transaction_id=A-1&coupon_code=SALEXYZ20").Conversion
	b.pass(8 * 24 * time.Hour)
	b.judge(1)
	b.catalog.away = nil
	b.judge(100)
	stored, err := b.Conversion(t.Context(), c.ID)
	if err != nil || !stored.Unjudged() {
		t.Fatalf("judged after 8 days: %+v, %v", stored, err)
	}
	if result, err := b.Replay(t.Context(), c.Postback, attribution.ReplayOrder{}); err != nil || result.Outcome != domain.ReplayAttributed {
		t.Errorf("replayed by hand: %+v, %v", result, err)
	}
}

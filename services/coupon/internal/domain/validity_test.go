package domain

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// candidate is a coupon of a publisher that is valid from noon, for a day.
func candidate(publisher string) Candidate {
	c := draft()
	c.Publisher, c.ExpireTime = publisher, noon.Add(24*time.Hour)
	return Candidate{Coupon: c, OfferState: OfferActive, PublisherState: PublisherActive, ApprovalState: ApprovalApproved}
}

func TestStateOf(t *testing.T) {
	base := Coupon{StartTime: noon, ExpireTime: noon.Add(time.Hour), Enabled: true}
	for name, tc := range map[string]struct {
		change func(*Coupon)
		now    time.Time
		want   CouponState
	}{
		"a millisecond before its start": {func(*Coupon) {}, noon.Add(-time.Millisecond), CouponScheduled},
		"at its start":                   {func(*Coupon) {}, noon, CouponActive},
		"a millisecond before its end":   {func(*Coupon) {}, noon.Add(time.Hour - time.Millisecond), CouponActive},
		"at its end":                     {func(*Coupon) {}, noon.Add(time.Hour), CouponExpired},
		"without an end":                 {func(c *Coupon) { c.ExpireTime = time.Time{} }, noon.AddDate(1000, 0, 0), CouponActive},
		"switched off":                   {func(c *Coupon) { c.Enabled = false }, noon, CouponDisabled},
		"switched off and expired":       {func(c *Coupon) { c.Enabled = false }, noon.Add(time.Hour), CouponDisabled},
		"archived and switched off":      {func(c *Coupon) { c.Enabled, c.Archived = false, true }, noon, CouponArchived},
		"archived before its start":      {func(c *Coupon) { c.Archived = true }, noon.Add(-time.Hour), CouponArchived},
	} {
		c := base
		tc.change(&c)
		if got := StateOf(c, tc.now); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestValidity(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Candidate)
		want   Reason
	}{
		"valid":                 {func(*Candidate) {}, NoReason},
		"switched off":          {func(c *Candidate) { c.Coupon.Enabled = false }, Disabled},
		"archived":              {func(c *Candidate) { c.Coupon.Archived = true }, Disabled},
		"not started":           {func(c *Candidate) { c.Coupon.StartTime = noon.Add(time.Second) }, NotStarted},
		"expired":               {func(c *Candidate) { c.Coupon.ExpireTime = noon }, Expired},
		"offer paused":          {func(c *Candidate) { c.OfferState = OfferPaused }, OfferInactive},
		"offer archived":        {func(c *Candidate) { c.OfferState = OfferArchived }, OfferInactive},
		"publisher archived":    {func(c *Candidate) { c.PublisherState = PublisherArchived }, NotApproved},
		"publisher never asked": {func(c *Candidate) { c.ApprovalState = NoApproval }, NotApproved},
		"publisher waits":       {func(c *Candidate) { c.ApprovalState = ApprovalPending }, NotApproved},
		"publisher blocked":     {func(c *Candidate) { c.ApprovalState = ApprovalBlocked }, NotApproved},
		"expired on a dead offer": {func(c *Candidate) {
			c.Coupon.ExpireTime, c.OfferState = noon, OfferArchived
		}, Expired},
		"blocked on a paused offer": {func(c *Candidate) {
			c.OfferState, c.ApprovalState = OfferPaused, ApprovalBlocked
		}, OfferInactive},
	} {
		c := candidate("22")
		tc.change(&c)
		if got := Validity(&c, noon); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestJudge(t *testing.T) {
	valid := candidate("22")
	alsoValid := candidate("23")
	expired := candidate("24")
	expired.Coupon.ExpireTime = noon
	disabled := candidate("25")
	disabled.Coupon.Enabled = false
	for name, tc := range map[string]struct {
		candidates []Candidate
		publisher  string
		valid      bool
		reason     Reason
		coupon     string
		names      int
	}{
		"nobody has it":                   {nil, "", false, UnknownCode, "", 0},
		"one has it":                      {[]Candidate{valid}, "", true, NoReason, "22", 0},
		"one has it, and it expired":      {[]Candidate{expired}, "", false, Expired, "24", 0},
		"the valid one counts":            {[]Candidate{expired, valid, disabled}, "", true, NoReason, "22", 0},
		"two valid ones":                  {[]Candidate{valid, alsoValid, expired}, "", true, AmbiguousCode, "", 2},
		"two valid ones, a publisher":     {[]Candidate{valid, alsoValid}, "23", true, NoReason, "23", 0},
		"another publisher's":             {[]Candidate{valid}, "99", false, UnknownCode, "", 0},
		"the publisher's own has expired": {[]Candidate{valid, expired}, "24", false, Expired, "24", 0},
		"two that are not valid":          {[]Candidate{disabled, expired}, "", false, Expired, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := Judge(tc.candidates, tc.publisher, noon)
			coupon := ""
			if got.Coupon != nil {
				coupon = got.Coupon.Coupon.Publisher
			}
			if got.Valid != tc.valid || got.Reason != tc.reason || coupon != tc.coupon || len(got.Names) != tc.names {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestJudgeNamesAHundredAtMost(t *testing.T) {
	var candidates []Candidate
	for i := range 250 {
		candidates = append(candidates, candidate(fmt.Sprint(i)))
	}
	if got := Judge(candidates, "", noon); len(got.Names) != MaxSharers || got.Reason != AmbiguousCode {
		t.Errorf("got %d names, %s", len(got.Names), got.Reason)
	}
}

// A coupon counts as what StateOf says exactly when its dates and switches say so, and a verdict is
// valid exactly when one of the candidates is.
func TestJudgeAgreesWithValidity(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		candidates := rapid.SliceOfN(anyCandidate(), 0, 5).Draw(t, "candidates")
		validOnes := 0
		for i := range candidates {
			if Validity(&candidates[i], noon) == NoReason {
				validOnes++
			}
		}
		got := Judge(candidates, "", noon)
		if got.Valid != (validOnes > 0) || (got.Reason == AmbiguousCode) != (validOnes > 1) {
			t.Fatalf("%d valid ones, got %+v", validOnes, got)
		}
		if got.Coupon != nil && got.Valid && Validity(got.Coupon, noon) != NoReason {
			t.Fatalf("a valid verdict names a coupon that is not: %+v", got.Coupon)
		}
		if got.Valid == (got.Reason != NoReason && got.Reason != AmbiguousCode) {
			t.Fatalf("the reason does not go with the verdict: %+v", got)
		}
	})
}

func anyCandidate() *rapid.Generator[Candidate] {
	return rapid.Custom(func(t *rapid.T) Candidate {
		c := candidate(rapid.SampledFrom([]string{"22", "23"}).Draw(t, "publisher"))
		c.Coupon.StartTime = noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "start")) * time.Hour)
		c.Coupon.ExpireTime = c.Coupon.StartTime.Add(time.Duration(rapid.IntRange(1, 2).Draw(t, "hours")) * time.Hour)
		c.Coupon.Enabled = rapid.Bool().Draw(t, "enabled")
		c.Coupon.Archived = rapid.Bool().Draw(t, "archived")
		c.OfferState = rapid.SampledFrom([]OfferState{OfferActive, OfferPaused}).Draw(t, "offer")
		c.ApprovalState = rapid.SampledFrom([]ApprovalState{ApprovalApproved, ApprovalBlocked}).Draw(t, "approval")
		return c
	})
}

func TestLimits(t *testing.T) {
	limited := candidate("22")
	limited.Coupon.UsageLimit, limited.Coupon.DailyUsageLimit = 5, 2
	daily := candidate("22")
	daily.Coupon.DailyUsageLimit = 2
	expired := limited
	expired.Coupon.ExpireTime = noon
	free := candidate("23")
	name := limited.Coupon.Name()
	etag := Etag(name, limited.Coupon.Revision)
	for what, tc := range map[string]struct {
		candidates []Candidate
		want       Limits
		limited    bool
	}{
		"both limits":           {[]Candidate{limited}, Limits{Coupon: name, Etag: etag, Total: 5, Daily: 2}, true},
		"one in a day":          {[]Candidate{daily}, Limits{Coupon: name, Etag: etag, Daily: 2}, true},
		"no limits":             {[]Candidate{free}, Limits{}, false},
		"not valid":             {[]Candidate{expired}, Limits{}, false},
		"several are valid":     {[]Candidate{limited, free}, Limits{}, false},
		"none":                  {nil, Limits{}, false},
		"another one not valid": {[]Candidate{daily, func() Candidate { c := expired; c.Coupon.Publisher = "24"; return c }()}, Limits{Coupon: name, Etag: etag, Daily: 2}, true},
	} {
		verdict := Judge(tc.candidates, "", noon)
		if got, limited := verdict.Limits(); got != tc.want || limited != tc.limited {
			t.Errorf("%s: got %+v, %t, want %+v", what, got, limited, tc.want)
		}
	}
}

// TestNoLimitsCostNothing judges a coupon without limits. Most have none.
func TestNoLimitsCostNothing(t *testing.T) {
	verdict := Judge([]Candidate{candidate("22")}, "", noon)
	if n := testing.AllocsPerRun(100, func() { _, _ = verdict.Limits() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestOverLimit: a code without a use left takes nothing off, whatever the basket.
func TestOverLimit(t *testing.T) {
	verdict := Judge([]Candidate{candidate("22")}, "", noon).OverLimit().For(Basket{})
	if verdict.Valid || verdict.Reason != LimitReached || verdict.Discount != nil || verdict.Saving != nil || verdict.Coupon == nil {
		t.Errorf("got %+v", verdict)
	}
}

package demo

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// TestHistory checks, for any time, that no sale is in the future or before its coupon, that no transaction occurs
// twice, and that each day of the last month has sales.
func TestHistory(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "now"), 0).UTC()
		taken, days := map[string]bool{}, map[string]bool{}
		for _, s := range sales {
			taken[s.offer+s.transaction] = true
		}
		for _, s := range history(now) {
			if key := s.offer + s.transaction; taken[key] {
				t.Fatalf("transaction %s is there twice", s.transaction)
			}
			taken[s.offer+s.transaction] = true
			days[s.time.Format(time.DateOnly)] = true
			if !s.time.Before(now) || now.Sub(s.time) > (historyDays+1)*day {
				t.Fatalf("a sale at %v, now is %v", s.time, now)
			}
			c := campaign{offer: s.offer, code: s.code}.coupon()
			if c.publisher == "" || s.time.Before(now.Add(c.starts)) || c.expires < 0 {
				t.Fatalf("code %s was not valid at %v", s.code, s.time)
			}
		}
		wantEvenDays(t, now)
		if len(days) < historyDays-2 {
			t.Fatalf("sales on %d days only", len(days))
		}
	})
}

// wantEvenDays fails the test if the last day's sales or clicks differ clearly from the other days'.
func wantEvenDays(t *rapid.T, now time.Time) {
	t.Helper()
	const before = 14
	salesOn, clicksOn := map[int]int{}, map[int]int{}
	daysAgo := func(at time.Time) int { return int(now.Sub(at) / day) }
	for _, s := range history(now) {
		salesOn[daysAgo(s.time)]++
	}
	for _, s := range sales {
		salesOn[daysAgo(now.Add(-s.ago))]++
	}
	for _, p := range postbacks {
		salesOn[daysAgo(now.Add(-p.ago))]++
	}
	for _, c := range campaigns() {
		for _, at := range c.visitsOf(now) {
			clicksOn[daysAgo(at)]++
		}
	}
	for what, on := range map[string]map[int]int{"sales": salesOn, "clicks": clicksOn} {
		sum := 0
		for ago := 1; ago <= before; ago++ {
			sum += on[ago]
		}
		if on[0] == 0 || on[0]*before > 2*sum {
			t.Fatalf("%d %s on the last day, %d on the %d days before", on[0], what, sum, before)
		}
	}
}

// TestCampaignsAreOfCoupons checks that each campaign belongs to a sample coupon's publisher, so that its clicks and
// sales are credited.
func TestCampaignsAreOfCoupons(t *testing.T) {
	for _, c := range campaigns() {
		if got := c.coupon(); got.publisher != c.publisher || got.disabled || got.archived {
			t.Errorf("campaign of %s by %s has the coupon %+v", c.code, c.publisher, got)
		}
	}
}

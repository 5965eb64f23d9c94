package domain_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// changedAtRandom returns a conversion after a random change of any kind, perhaps a refused one.
func changedAtRandom(t *rapid.T, c domain.Conversion) domain.Conversion {
	cents := rapid.Int64Range(0, 20000).Draw(t, "cents")
	offer := domain.Offer{ID: c.Offer, Payout: money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 7}}}
	code := rapid.SampledFrom([]string{"SALE20", "Sale20", "OTHER"}).Draw(t, "code")
	publisher := rapid.SampledFrom([]string{"22", "33"}).Draw(t, "publisher")
	coupon := &domain.Coupon{Offer: c.Offer, Publisher: publisher, Code: code}
	var changed domain.Conversion
	switch rapid.IntRange(0, 8).Draw(t, "step") {
	case 0:
		changed, _ = c.Approve(by("jo", ""))
	case 1:
		changed, _ = c.Reject(by("jo", "no"))
	case 2:
		changed, _ = c.Adjust(usd(cents), by("jo", ""))
	case 3:
		changed, _ = c.Refund(usd(cents), rapid.StringN(1, 3, 3).Draw(t, "id"), by("jo", ""))
	case 4:
		changed, _ = c.Reassign(offer, domain.Assignment{Publisher: publisher}, by("jo", ""))
	case 5:
		changed, _ = c.Reassign(offer, domain.Assignment{Publisher: publisher, Coupon: coupon}, by("jo", ""))
	case 6:
		today := credited()
		today.Publisher, today.CouponCode, today.Coupon, today.Method = publisher, code, coupon.Name(), domain.CouponLink
		changed, _ = c.Replay(today, by("jo", "replay"))
	case 7:
		content := c
		content.Amount, content.ContentHash = usd(cents), usd(cents).String()
		changed = c.WithConflict(domain.Report{Code: code}, content, "p", changeTime)
	default:
		resolution := rapid.SampledFrom([]domain.Resolution{domain.Accepted, domain.Dismissed}).Draw(t, "resolution")
		changed, _ = c.Resolve(len(c.Conflicts), resolution, by("jo", ""))
	}
	return changed
}

// What figures are made of is the same of a conversion at some time and of what After says that it was then.
func TestAfterIsWhatAConversionWas(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]domain.Conversion{credited(), fixed(), held()}).Draw(t, "conversion")
		was := []domain.Conversion{c}
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			c = changedAtRandom(t, c)
			if len(c.Changes) < len(was) {
				was[len(c.Changes)] = c // only a conflict was noted
				continue
			}
			was = append(was, c)
		}
		for n, want := range was {
			got := c.After(n)
			if got.State() != want.State() {
				t.Fatalf("after %d of %d changes it was %+v, want %+v", n, len(c.Changes), got.State(), want.State())
			}
			if got := c.AsOf(n); got.State() != want.State() || got.StatusReason != want.StatusReason || !slices.Equal(got.Changes, want.Changes) {
				t.Fatalf("as of %d of %d changes it was %+v, want %+v", n, len(c.Changes), got, want)
			}
			tally := rollup.New(rollup.NewCalendar(changeTime.Location()))
			tally.AddConversion(&got)
			tally.RemoveConversion(&want)
			if differing := tally.Cells(); len(differing) != 0 {
				t.Fatalf("after %d of %d changes the figures differ by %+v", n, len(c.Changes), differing)
			}
		}
	})
}

// A history without method and code gets the values that came after; one that has them keeps its own.
func TestBackfill(t *testing.T) {
	offer := domain.Offer{ID: "10"}
	first, err := credited().Approve(by("jo", ""))
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Reassign(offer, domain.Assignment{Publisher: "33", Coupon: &domain.Coupon{Offer: "10", Publisher: "33", Code: "OTHER"}}, by("jo", ""))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		lacks []int
		want  [4]domain.Method // of the first change from and to, and of the second
		code  string           // at the creation
	}{
		"none":   {nil, [4]domain.Method{domain.CouponCode, domain.CouponCode, domain.CouponCode, domain.ByHand}, "SALE20"},
		"first":  {[]int{0}, [4]domain.Method{domain.CouponCode, domain.CouponCode, domain.CouponCode, domain.ByHand}, "SALE20"},
		"second": {[]int{1}, [4]domain.Method{domain.CouponCode, domain.CouponCode, domain.ByHand, domain.ByHand}, "SALE20"},
		"both":   {[]int{0, 1}, [4]domain.Method{domain.ByHand, domain.ByHand, domain.ByHand, domain.ByHand}, "OTHER"},
	} {
		c := second
		c.Changes = append([]domain.Change(nil), second.Changes...)
		lacking := map[int]bool{}
		for _, i := range test.lacks {
			lacking[i] = true
			for _, s := range []*domain.State{&c.Changes[i].From, &c.Changes[i].To} {
				s.Method, s.CouponCode = "", ""
			}
		}
		c.Backfill(func(change int) bool { return lacking[change] })
		got := [4]domain.Method{c.Changes[0].From.Method, c.Changes[0].To.Method, c.Changes[1].From.Method, c.Changes[1].To.Method}
		if got != test.want || c.Changes[0].From.CouponCode != test.code {
			t.Errorf("%s lacking: methods %q and code %q, want %q and %q", name, got, c.Changes[0].From.CouponCode, test.want, test.code)
		}
	}
}

package listingtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestFilterMeanings compares filters with what their words say, in Go: where all read a filter wrongly in
// the same way, they agree.
func TestFilterMeanings(t *testing.T) {
	all := systems(t)
	for filter, holds := range meanings() {
		var want []string
		for _, c := range samples(rowCount) {
			if holds(c) {
				want = append(want, c.ID)
			}
		}
		if len(want) == 0 || len(want) == rowCount {
			t.Errorf("%s is said to hold for %d of %d samples, which tells little", filter, len(want), rowCount)
		}
		slices.Sort(want)
		for _, s := range all {
			got := ids(t, s, listing.Request{Filter: filter})
			slices.Sort(got.ids)
			if !got.equal(answer{ids: want}) {
				t.Errorf("%s has\n%v in %s, want\n%v", filter, got, s.name, want)
			}
		}
	}
}

func meanings() map[string]func(domain.Conversion) bool {
	// atLeast says whether there is an amount of 10 and so many billionths, or more.
	atLeast := func(m money.Money, nanos int32) bool {
		return !m.IsNone() && (m.Units > 10 || m.Units == 10 && m.Nanos >= nanos)
	}
	first := func(texts ...string) func(domain.Conversion) bool {
		return func(c domain.Conversion) bool { return slices.Contains(texts, c.PubUniques[0]) }
	}
	second := begin().Add(time.Second)
	return map[string]func(domain.Conversion) bool{
		`pub_unique3 = "sale" AND status != APPROVED AND conversion_time >= "2026-03-28T23:00:00+01:00"`: func(c domain.Conversion) bool {
			return strings.EqualFold(c.PubUniques[2], "SALE") && c.Status != domain.StatusApproved
		},
		`conversion_time < "2026-03-28T22:00:01.0001Z"`:  func(c domain.Conversion) bool { return !c.ConversionTime.After(second) },
		`pub_unique1 = a OR pub_unique1 = "it's"`:        first("a", "it's"),
		`NOT pub_unique1 = a`:                            func(c domain.Conversion) bool { return c.PubUniques[0] != "a" },
		`pub_unique1 = "a*"`:                             func(c domain.Conversion) bool { return strings.HasPrefix(c.PubUniques[0], "a") },
		`pub_unique1 = "🎟*"`:                             first("🎟", "🎟x"),
		`pub_unique1 = "st\*r" OR pub_unique1 = "sale%"`: first("st*r", "sale%"),
		`offer = 10 AND status = PENDING OR status = REJECTED`: func(c domain.Conversion) bool {
			return c.Offer == "10" && c.Status != domain.StatusApproved
		},
		`amount >= 10.50`:     func(c domain.Conversion) bool { return atLeast(c.Amount, 500_000_000) },
		`amount < 10.50`:      func(c domain.Conversion) bool { return !c.Amount.IsNone() && !atLeast(c.Amount, 500_000_000) },
		`NOT amount >= 10.50`: func(c domain.Conversion) bool { return !atLeast(c.Amount, 500_000_000) },
		`payout != 10`: func(c domain.Conversion) bool {
			return !c.Payout.IsNone() && (c.Payout.Units != 10 || c.Payout.Nanos != 0)
		},
		`refunded_amount = 0`:   func(c domain.Conversion) bool { return !c.Refunded.IsNone() && c.Refunded.IsZero() },
		`revenue > 10.5`:        func(c domain.Conversion) bool { return atLeast(c.Revenue, 500_000_001) },
		`currency = eur`:        func(c domain.Conversion) bool { return c.Amount.Currency == "EUR" },
		`revenue_currency = ""`: func(c domain.Conversion) bool { return c.Revenue.IsNone() },
		`amount >= 10.5 AND currency = EUR`: func(c domain.Conversion) bool {
			return c.Amount == money.Money{Currency: "EUR", Units: 10, Nanos: 500_000_000}
		},
		`coupon = ""`:                 func(c domain.Conversion) bool { return c.Coupon == "" },
		`status_reason = ""`:          func(c domain.Conversion) bool { return c.StatusReason == "" },
		`status_reason > "S"`:         func(c domain.Conversion) bool { return c.StatusReason > "S" },
		`undeduplicated = false`:      func(c domain.Conversion) bool { return !c.Undeduplicated },
		`conflicted = true`:           func(c domain.Conversion) bool { return c.Conflicted },
		`postback != ""`:              func(c domain.Conversion) bool { return c.Postback != "" },
		`postback:*`:                  func(c domain.Conversion) bool { return c.Postback != "" },
		`NOT statusReason:*`:          func(c domain.Conversion) bool { return c.StatusReason == "" },
		`refundedAmount:*`:            func(c domain.Conversion) bool { return !c.Refunded.IsNone() },
		`payout_currency:*`:           func(c domain.Conversion) bool { return !c.Payout.IsNone() },
		`method:*`:                    func(c domain.Conversion) bool { return c.Method != domain.NoMethod },
		`publisher:*`:                 func(c domain.Conversion) bool { return c.Publisher != "" },
		`publisher:22`:                func(c domain.Conversion) bool { return c.Publisher == "22" },
		`currency:us`:                 func(c domain.Conversion) bool { return c.Amount.Currency == "USD" },
		`pub_unique1:al`:              func(c domain.Conversion) bool { return strings.Contains(c.PubUniques[0], "al") },
		`pubUnique3:"al"`:             func(c domain.Conversion) bool { return strings.Contains(strings.ToUpper(c.PubUniques[2]), "AL") },
		`codes:SA`:                    func(c domain.Conversion) bool { return strings.Contains(string(c.Codes), "SA") },
		`conversionTime < 2026-03-29`: func(c domain.Conversion) bool { return c.ConversionTime.Before(second) },
	}
}

// TestTotalsAndExportsAgree compares what is added up and exported with what is listed.
func TestTotalsAndExportsAgree(t *testing.T) {
	all := systems(t)
	propertytest.Check(t, func(rt *rapid.T) {
		filter, orderBy := expression(rt, 0), orders(rt)
		want := ids(t, all[0], listing.Request{Filter: filter, OrderBy: orderBy, PageSize: rowCount})
		for _, s := range all[1:] {
			var got answer
			err := s.service.Export(t.Context(), filter, orderBy, func(part []domain.Conversion) error {
				for _, c := range part {
					got.ids = append(got.ids, c.ID)
				}
				return nil
			})
			if err != nil || !got.equal(want) {
				rt.Fatalf("%q ordered by %q lists\n%v and exports\n%v, %v in %s", filter, orderBy, want, got, err, s.name)
			}
			if sum, err := s.reports.Totals(t.Context(), filter); err != nil || sum.Conversions() != int64(len(want.ids)) {
				rt.Fatalf("%q lists %d and counts %d, %v in %s", filter, len(want.ids), sum.Conversions(), err, s.name)
			}
		}
	})
}

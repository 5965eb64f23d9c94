package rollup

import (
	"cmp"
	"math"
	"slices"
)

const (
	// leastRise is the least rise in the share of sales without a click that counts as a leak.
	leastRise = 0.10
	// leastDeviation is how many standard deviations a rise must exceed: chance exceeds 3.09 less than once
	// in 1,000 times.
	leastDeviation = 3.09
)

// CodeKey is a publisher's code on an offer, folded.
type CodeKey struct {
	Offer, Publisher, CouponCode string
}

// Share says how many of a number of conversions had no click.
type Share struct {
	Conversions int64
	Clickless   int64
}

// Of returns the share, from 0 to 1; 0 if there are no conversions.
func (s Share) Of() float64 {
	if s.Conversions == 0 {
		return 0
	}
	return float64(s.Clickless) / float64(s.Conversions)
}

func (s Share) plus(other Share) Share {
	return Share{s.Conversions + other.Conversions, s.Clickless + other.Clickless}
}

func (s Share) minus(other Share) Share {
	return Share{s.Conversions - other.Conversions, s.Clickless - other.Clickless}
}

// Leak is a code whose share of sales without a click has risen.
type Leak struct {
	CodeKey
	Recent   Share
	Baseline Share
	// ByOffer says that the baseline is the offer's other codes, because the code itself had too few sales
	// before.
	ByOffer bool
}

// Position is a leak's position in the list of leaks.
type Position struct {
	// Rise is the rise in the share of sales without a click, from 0 to 1.
	Rise float64
	CodeKey
}

// Position returns the leak's position.
func (l Leak) Position() Position {
	return Position{Rise: l.Recent.Of() - l.Baseline.Of(), CodeKey: l.CodeKey}
}

// Compare is negative if p comes before other, positive if after: by rise, the largest first, then by key.
func (p Position) Compare(other Position) int {
	return cmp.Or(
		cmp.Compare(other.Rise, p.Rise),
		cmp.Compare(p.Offer, other.Offer), cmp.Compare(p.Publisher, other.Publisher), cmp.Compare(p.CouponCode, other.CouponCode),
	)
}

// Leaks returns the codes whose share of sales without a click has risen by more than chance explains, the
// greatest rise first. Both shares need at least `least` conversions. A code with fewer conversions before
// is compared with the other codes of its offer, in both periods.
func Leaks(recent, before map[CodeKey]Share, least int64) []Leak {
	ofOffer := map[string]Share{}
	for _, shares := range []map[CodeKey]Share{recent, before} {
		for key, share := range shares {
			ofOffer[key.Offer] = ofOffer[key.Offer].plus(share)
		}
	}
	var leaks []Leak
	for key, now := range recent {
		leak := Leak{CodeKey: key, Recent: now, Baseline: before[key]}
		if leak.Baseline.Conversions < least {
			leak.ByOffer = true
			leak.Baseline = ofOffer[key.Offer].minus(now).minus(before[key])
		}
		if now.Conversions >= least && leak.Baseline.Conversions >= least && risen(leak.Baseline, now) {
			leaks = append(leaks, leak)
		}
	}
	slices.SortFunc(leaks, func(a, b Leak) int { return a.Position().Compare(b.Position()) })
	return leaks
}

// risen is a one-sided test of two proportions with pooled variance.
func risen(before, now Share) bool {
	rise := now.Of() - before.Of()
	pooled := before.plus(now).Of()
	deviation := math.Sqrt(pooled * (1 - pooled) * (1/float64(before.Conversions) + 1/float64(now.Conversions)))
	return rise >= leastRise && rise > leastDeviation*deviation
}

package domain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// Hold is the time during which a coupon reserves its code on an offer with UniqueCodes: from Start
// (inclusive) to End (exclusive). It is empty if End is not after Start.
type Hold struct {
	Publisher string
	Start     time.Time
	// End is NoExpiry if the coupon does not expire.
	End time.Time
}

// SomebodyElse is the publisher of a hold that the caller may not know of.
const SomebodyElse = "?"

// HoldOf returns a coupon's hold: from its start until it expires or was archived. A disabled coupon also
// holds its code, because it can be enabled again. Grace does not count.
func HoldOf(c Coupon) Hold {
	hold := Hold{Publisher: c.Publisher, Start: c.StartTime, End: c.Expiry()}
	if c.Archived { // archiving is always the last change
		hold.End = earlier(hold.End, c.UpdateTime)
	}
	return hold
}

// meets reports whether two holds of different publishers overlap.
func (h Hold) meets(other Hold) bool {
	return h.Publisher != other.Publisher && later(h.Start, other.Start).Before(earlier(h.End, other.End))
}

// WidensHold reports whether a change lets a coupon hold its code at a time when it did not before.
func WidensHold(before, after Coupon) bool {
	from, to := HoldOf(before), HoldOf(after)
	return to.Start.Before(from.Start) || to.End.After(from.End)
}

// CheckMove checks a change of a coupon on an offer with UniqueCodes. It returns CODE_TAKEN on `start_time`
// or `expire_time` if another publisher holds the code at a time that the change adds. Overlaps that existed
// before are allowed.
func CheckMove(before, after Coupon, others []Hold) error {
	from, to := HoldOf(before), HoldOf(after)
	sooner := Hold{Publisher: to.Publisher, Start: to.Start, End: earlier(to.End, from.Start)}
	longer := Hold{Publisher: to.Publisher, Start: later(to.Start, from.End), End: to.End}
	found := clashOf(others, sooner, longer)
	if found == nil {
		return nil
	}
	field := "expire_time"
	if found.by.meets(sooner) {
		field = "start_time"
	}
	return found.refuse(after, "keep the dates that it had").On(field)
}

// CheckUnshared checks whether an offer's UniqueCodes can be turned on at a moment, given all holds of one of
// its codes. It returns CODES_SHARED on `unique_codes` if two publishers hold the code at the same time, then
// or later.
func CheckUnshared(offer, code string, holds []Hold, now time.Time) error {
	ahead := make([]Hold, 0, len(holds))
	for _, h := range holds {
		h.Start = later(h.Start, now)
		if h.Start.Before(h.End) {
			ahead = append(ahead, h)
		}
	}
	slices.SortFunc(ahead, byStart)
	for i := 1; i < len(ahead); i++ {
		first, second := ahead[i-1], ahead[i]
		if !first.meets(second) {
			continue
		}
		return apperr.New(apperr.FailedPrecondition, "CODES_SHARED",
			"publishers %s and %s share the code %s on offer %s %s; unique_codes can be turned on when no two publishers have a code at the same time: archive a coupon of one of them, or change its dates",
			first.Publisher, second.Publisher, couponcode.Fold(code), offer, Hold{Start: second.Start, End: earlier(first.End, second.End)}).
			On("unique_codes").With("offer", resource.Offer(offer)).
			With("coupon", resource.Coupon(offer, first.Publisher, code)).With("other_coupon", resource.Coupon(offer, second.Publisher, code))
	}
	return nil
}

// clash says why a coupon cannot have its code.
type clash struct {
	// by is the first hold that overlaps.
	by Hold
	// freeFrom is when the last hold that overlaps ends.
	freeFrom time.Time
}

// clashOf returns the clash of a code's holds with those of others; nil if none overlap.
func clashOf(others []Hold, times ...Hold) *clash {
	var found *clash
	for _, other := range others {
		switch {
		case !slices.ContainsFunc(times, other.meets):
		case found == nil:
			found = &clash{by: other, freeFrom: other.End}
		default:
			found.freeFrom = later(found.freeFrom, other.End)
			if byStart(other, found.by) < 0 {
				found.by = other
			}
		}
	}
	return found
}

// refuse returns the error for a coupon whose code is taken. The message says which dates are free, and what
// else would help.
func (k *clash) refuse(c Coupon, instead string) *apperr.Error {
	if k.by.Publisher == SomebodyElse {
		return taken()
	}
	var right []string
	if k.freeFrom.Before(c.Expiry()) {
		right = append(right, "start at "+instant(k.freeFrom)+" or later")
	}
	if k.by.Start.After(c.StartTime) {
		right = append(right, "expire at "+instant(k.by.Start)+" or earlier")
	}
	refused := apperr.New(apperr.AlreadyExists, "CODE_TAKEN",
		"publisher %s has the code %s on offer %s %s, and the offer allows a code for one publisher at a time; this coupon can %s",
		k.by.Publisher, couponcode.Fold(c.Code), c.Offer, k.by, strings.Join(append(right, instead), ", or ")).
		With("coupon", resource.Coupon(c.Offer, k.by.Publisher, c.Code)).With("publisher", resource.Publisher(k.by.Publisher)).
		With("offer", resource.Offer(c.Offer)).With("taken_from", instant(k.by.Start))
	if k.by.End.Before(NoExpiry()) {
		refused = refused.With("taken_until", instant(k.by.End))
	}
	return refused
}

// taken is the error for a code that somebody has whom the caller may not know of.
func taken() *apperr.Error {
	return apperr.New(apperr.AlreadyExists, "CODE_TAKEN", "the code is taken at that time, and the offer allows a code for one publisher at a time")
}

// WithoutHolder returns an error without the holder of a code that it may tell of.
func WithoutHolder(err error) error {
	e := apperr.As(err)
	if e == nil || e.Reason != "CODE_TAKEN" {
		return err
	}
	anonymous := taken()
	for _, v := range e.Violations {
		anonymous = anonymous.On(v.Field)
	}
	return anonymous
}

// String describes the time of a hold.
func (h Hold) String() string {
	if h.End.Before(NoExpiry()) {
		return "from " + instant(h.Start) + " until " + instant(h.End)
	}
	return "from " + instant(h.Start) + " on"
}

func byStart(a, b Hold) int {
	return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Publisher, b.Publisher))
}

func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

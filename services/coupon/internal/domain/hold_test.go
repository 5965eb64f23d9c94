package domain

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

// at is n hours after noon.
func at(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }

// dated is a publisher's coupon SALE on offer 10 from one hour to another. If to is 0, it does not expire.
func dated(publisher string, from, to int) Coupon {
	c := Coupon{Offer: "10", Publisher: publisher, Code: "SALE", StartTime: at(from), Enabled: true, UpdateTime: noon}
	if to != 0 {
		c.ExpireTime = at(to)
	}
	return c
}

func archivedAt(c Coupon, hour int) Coupon {
	c.Archived, c.UpdateTime = true, at(hour)
	return c
}

func disabled(c Coupon) Coupon {
	c.Enabled = false
	return c
}

func graced(c Coupon) Coupon {
	c.Settings.CouponGrace = OptionalDuration{IsSet: true, Value: 24 * time.Hour}
	return c
}

func TestTakenCodes(t *testing.T) {
	for name, tc := range map[string]struct {
		draft  Coupon
		others []Coupon
		says   string // "": the code is free
	}{
		"nobody has it":                 {draft: dated("22", 1, 5)},
		"the same time":                 {dated("22", 1, 5), []Coupon{dated("23", 1, 5)}, "this coupon can have another code"},
		"expired when it starts":        {dated("22", 5, 9), []Coupon{dated("23", 1, 5)}, ""},
		"starts when it expires":        {dated("22", 1, 5), []Coupon{dated("23", 5, 0)}, ""},
		"expires an hour too late":      {dated("22", 4, 9), []Coupon{dated("23", 1, 5)}, "from 2026-11-22T13:00:00Z until 2026-11-22T17:00:00Z, and the offer allows a code for one publisher at a time; this coupon can start at 2026-11-22T17:00:00Z or later, or have another code"},
		"begins before it expires":      {dated("22", 1, 5), []Coupon{dated("23", 4, 0)}, "from 2026-11-22T16:00:00Z on, and the offer allows a code for one publisher at a time; this coupon can expire at 2026-11-22T16:00:00Z or earlier, or have another code"},
		"never expires":                 {dated("22", 9, 0), []Coupon{dated("23", 1, 0)}, "this coupon can have another code"},
		"within":                        {dated("22", 1, 9), []Coupon{dated("23", 3, 5)}, "this coupon can start at 2026-11-22T17:00:00Z or later, or expire at 2026-11-22T15:00:00Z or earlier, or have another code"},
		"two in the way":                {dated("22", 2, 9), []Coupon{dated("24", 5, 8), dated("23", 3, 4)}, "publisher 23 has the code SALE on offer 10 from 2026-11-22T15:00:00Z until 2026-11-22T16:00:00Z, and the offer allows a code for one publisher at a time; this coupon can start at 2026-11-22T20:00:00Z or later, or expire at 2026-11-22T15:00:00Z or earlier, or have another code"},
		"archived when it starts":       {dated("22", 5, 0), []Coupon{archivedAt(dated("23", 1, 0), 5)}, ""},
		"archived after it starts":      {dated("22", 4, 0), []Coupon{archivedAt(dated("23", 1, 0), 5)}, "until 2026-11-22T17:00:00Z"},
		"archived before its own start": {dated("22", 1, 0), []Coupon{archivedAt(dated("23", 7, 0), 5)}, ""},
		"archived when it had expired":  {dated("22", 4, 0), []Coupon{archivedAt(dated("23", 1, 3), 5)}, ""},
		"disabled":                      {dated("22", 1, 5), []Coupon{disabled(dated("23", 2, 3))}, "publisher 23 has the code"},
		"only its grace":                {dated("22", 5, 9), []Coupon{graced(dated("23", 1, 5))}, ""},
		"its own":                       {dated("22", 1, 5), []Coupon{dated("22", 2, 3)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := standing()
			s.Offer.UniqueCodes = true
			for _, other := range tc.others {
				s.Holds = append(s.Holds, HoldOf(other))
			}
			_, err := AdmitCoupon(tc.draft, s, noon)
			if tc.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refused(t, err, apperr.AlreadyExists, "CODE_TAKEN", "code")
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q; want it to say %q", err, tc.says)
			}
			s.Offer.UniqueCodes = false
			if _, err := AdmitCoupon(tc.draft, s, noon); err != nil {
				t.Errorf("without unique codes: %v", err)
			}
		})
	}
}

func TestCheckMove(t *testing.T) {
	before := dated("22", 10, 20)
	for name, tc := range map[string]struct {
		after Coupon
		other Coupon
		field string // "": the move is free
	}{
		"longer, up to the next":         {dated("22", 10, 25), dated("23", 25, 0), ""},
		"longer, into the next":          {dated("22", 10, 26), dated("23", 25, 0), "expire_time"},
		"for ever":                       {dated("22", 10, 0), dated("23", 25, 30), "expire_time"},
		"sooner, down to the one before": {dated("22", 5, 20), dated("23", 1, 5), ""},
		"sooner, into the one before":    {dated("22", 4, 20), dated("23", 1, 5), "start_time"},
		"elsewhere, past the next":       {dated("22", 30, 40), dated("23", 22, 30), ""},
		"elsewhere, into the next":       {dated("22", 30, 40), dated("23", 22, 31), "expire_time"},
		"elsewhere, into one before":     {dated("22", 2, 4), dated("23", 1, 3), "start_time"},
		"shorter where both were":        {dated("22", 11, 19), dated("23", 1, 30), ""},
		"longer where both were":         {dated("22", 10, 25), dated("23", 1, 18), ""},
		"longer than one archived":       {dated("22", 10, 0), archivedAt(dated("23", 1, 0), 20), ""},
		"sooner than one archived":       {dated("22", 5, 20), archivedAt(dated("23", 1, 0), 9), "start_time"},
		"longer into one disabled":       {dated("22", 10, 26), disabled(dated("23", 25, 0)), "expire_time"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckMove(before, tc.after, []Hold{HoldOf(tc.other)})
			if tc.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, apperr.AlreadyExists, "CODE_TAKEN", tc.field)
			if !WidensHold(before, tc.after) {
				t.Error("the hold does not widen, and nobody would ask")
			}
		})
	}
}

func TestCheckUnshared(t *testing.T) {
	for name, tc := range map[string]struct {
		coupons []Coupon
		now     int
		says    string
	}{
		"none":                         {nil, 0, ""},
		"one after the other":          {[]Coupon{dated("23", 5, 9), dated("22", 1, 5), dated("24", 9, 0)}, 0, ""},
		"two at once":                  {[]Coupon{dated("23", 4, 9), dated("22", 1, 5)}, 0, "publishers 22 and 23 share the code SALE on offer 10 from 2026-11-22T16:00:00Z until 2026-11-22T17:00:00Z"},
		"two at once for ever":         {[]Coupon{dated("23", 4, 0), dated("22", 1, 0)}, 6, "publishers 22 and 23 share the code SALE on offer 10 from 2026-11-22T18:00:00Z on"},
		"two at once, which is over":   {[]Coupon{dated("23", 4, 9), dated("22", 1, 5)}, 5, ""},
		"one of two at once, archived": {[]Coupon{dated("23", 4, 9), archivedAt(dated("22", 1, 0), 6)}, 6, ""},
		"one of two disabled":          {[]Coupon{dated("23", 4, 9), disabled(dated("22", 1, 0))}, 6, "publishers 22 and 23"},
	} {
		t.Run(name, func(t *testing.T) {
			var holds []Hold
			for _, c := range tc.coupons {
				holds = append(holds, HoldOf(c))
			}
			err := CheckUnshared("10", "sale", holds, at(tc.now))
			if tc.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, apperr.FailedPrecondition, "CODES_SHARED", "unique_codes")
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q; want it to say %q", err, tc.says)
			}
		})
	}
}

// holdsAt reports whether a coupon holds its code in the hour that begins n hours after noon.
func holdsAt(c Coupon, n int) bool {
	return !at(n).Before(c.StartTime) && (c.ExpireTime.IsZero() || at(n).Before(c.ExpireTime)) && (!c.Archived || at(n).Before(c.UpdateTime))
}

func drawDated(t *rapid.T, publisher string) Coupon {
	from := rapid.IntRange(1, 20).Draw(t, "from")
	to := from + rapid.IntRange(1, 10).Draw(t, "lasts")
	if rapid.IntRange(0, 5).Draw(t, "for ever") == 0 {
		to = 0
	}
	return dated(publisher, from, to)
}

// A code is taken exactly if two coupons would hold it in the same hour. A caller who follows the advice in
// the error gets the coupon.
func TestHoldsByTheHour(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		var others []Coupon
		s := standing()
		s.Offer.UniqueCodes = true
		for i := range rapid.IntRange(0, 4).Draw(t, "others") {
			other := drawDated(t, fmt.Sprint("p", i))
			if rapid.Bool().Draw(t, "archived") {
				other = archivedAt(other, rapid.IntRange(1, 30).Draw(t, "when"))
			}
			others, s.Holds = append(others, other), append(s.Holds, HoldOf(other))
		}
		draft := drawDated(t, "22")
		free := func(hour func(n int) bool) bool {
			for n := range 40 {
				if hour(n) && slices.ContainsFunc(others, func(o Coupon) bool { return holdsAt(o, n) }) {
					return false
				}
			}
			return true
		}
		_, err := AdmitCoupon(draft, s, noon)
		if want := free(func(n int) bool { return holdsAt(draft, n) }); (err == nil) != want {
			t.Fatalf("%+v among %+v: got %v, want it free: %t", draft, others, err, want)
		}
		if taken := clashOf(s.Holds, HoldOf(draft)); taken != nil {
			if later := draft; taken.freeFrom.Before(draft.Expiry()) {
				if later.StartTime = taken.freeFrom; clashOf(s.Holds, HoldOf(later)) != nil {
					t.Fatalf("%v: that start is not free either", err)
				}
			}
			if sooner := draft; taken.by.Start.After(draft.StartTime) {
				if sooner.ExpireTime = taken.by.Start; clashOf(s.Holds, HoldOf(sooner)) != nil {
					t.Fatalf("%v: that expiry is not free either", err)
				}
			}
		}
		moved := drawDated(t, "22")
		err = CheckMove(draft, moved, s.Holds)
		if want := free(func(n int) bool { return holdsAt(moved, n) && !holdsAt(draft, n) }); (err == nil) != want {
			t.Fatalf("from %+v to %+v among %+v: got %v, want it free: %t", draft, moved, others, err, want)
		}
	})
}

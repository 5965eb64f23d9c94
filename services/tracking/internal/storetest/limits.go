package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	limited = "offers/10/coupons/22.LIMITED"
	other   = "offers/10/coupons/33.OTHER"
)

// day is the n-th day of the samples, in a zone of its own.
func day(n int) time.Time {
	year, month, _ := samplesMonth().Date()
	return time.Date(year, month, n, 0, 0, 0, 0, time.FixedZone("", -5*60*60))
}

// use is a use of the limited coupon on a day.
func use(limits domain.Limits, n int) *domain.Use {
	return &domain.Use{Coupon: limited, Code: "Limited", ETag: "1", Limits: limits, From: day(n), To: day(n + 1)}
}

// credited is a sale credited to the limited coupon, in the last hour of a day.
func credited(id string, n int) domain.Conversion {
	at := day(n + 1).Add(-time.Hour).UTC()
	return domain.Conversion{
		ID: hash(id), ContentHash: hash("content", id), Offer: "10", Publisher: "22", Coupon: limited, CouponCode: "Limited",
		TransactionID: id, Event: "sale", Status: domain.StatusApproved, Outcome: domain.Attributed, Method: domain.CouponCode,
		Payout: money.Money{Currency: "USD", Units: 5}, PubUniques: domain.Uniques{2: "Limited"}, Explanation: "The code is a coupon's.",
		ConversionTime: at, CreateTime: at, UpdateTime: at, Revision: 1, Unplanned: true,
		Basis: &domain.Basis{Rule: "CODE_FIRST", Rates: &domain.Rates{Payout: money.Payout{Kind: money.Percent, Percent: 1}}},
	}
}

// report stores a sale with a use, and says whether its coupon earned it.
func report(t *testing.T, s Store, c domain.Conversion, u *domain.Use) bool {
	t.Helper()
	stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Use: u})
	if err != nil || !inserted {
		t.Errorf("inserting %s: %v, %v", c.TransactionID, inserted, err)
		return false
	}
	if stored.Outcome != domain.Attributed && !reflect.DeepEqual(stored, domain.OverLimit(c)) {
		t.Errorf("over the limit, the conversion is\n%+v, want\n%+v", stored, domain.OverLimit(c))
	}
	checkConversion(t, s, stored)
	return stored.Outcome == domain.Attributed
}

// earns checks whether a sale that is stored now is earned.
func earns(t *testing.T, s Store, id string, n int, u *domain.Use, want bool) {
	t.Helper()
	for range 2 { // asking takes none
		if left, err := s.UsesLeft(t.Context(), *u); err != nil || left != want {
			t.Errorf("before sale %s a use is left: %v, %v, want %v", id, left, err, want)
		}
	}
	if got := report(t, s, credited(id, n), u); got != want {
		t.Errorf("sale %s is earned: %v, want %v", id, got, want)
	}
}

// settle sets the status of a conversion, with what it takes and returns.
func settle(t *testing.T, s Store, id string, status domain.Status, u domain.Update) error {
	t.Helper()
	_, err := s.UpdateConversion(t.Context(), hash(id), func(c domain.Conversion) (domain.Update, error) {
		u.Conversion = c
		u.Conversion.Status = status
		u.Conversion.Revision++
		return u, nil
	})
	if err != nil && !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("settling %s: %v", id, err)
	}
	return err
}

func lastUse(t *testing.T, fresh Fresh) {
	for name, limits := range map[string]domain.Limits{"total": {Total: 3}, "daily": {Daily: 3}, "both": {Total: 3, Daily: 5}} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, fresh)
			earns(t, s, "first", 1, use(limits, 1), true)
			earns(t, s, "second", 1, use(limits, 1), true)
			var won atomic.Int64
			together(40, func(i int) {
				if report(t, s, credited(fmt.Sprint("racer ", i), 1), use(limits, 1)) {
					won.Add(1)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d won the last use", won.Load())
			}
			earns(t, s, "next day", 2, use(limits, 2), limits.Total == 0)
		})
	}
}

func repeatsTakeNoUse(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Total: 2, Daily: 2}
	earns(t, s, "first", 1, use(limits, 1), true)
	together(20, func(int) {
		stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: credited("first", 1), Use: use(limits, 1)})
		if err != nil || inserted || !reflect.DeepEqual(stored, credited("first", 1)) {
			t.Errorf("a repeat: %+v, %v, %v", stored, inserted, err)
		}
	})
	earns(t, s, "second", 1, use(limits, 1), true)
	earns(t, s, "third", 1, use(limits, 1), false)
}

func usesComeBack(t *testing.T, fresh Fresh) {
	for name, limits := range map[string]domain.Limits{"total": {Total: 2}, "daily": {Daily: 2}} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, fresh)
			earns(t, s, "first", 1, use(limits, 1), true)
			earns(t, s, "second", 1, use(limits, 1), true)
			back := use(domain.Limits{}, 1) // a use is given back regardless of the limits
			back.ETag = ""
			_ = settle(t, s, "first", domain.StatusRejected, domain.Update{Return: back})
			_ = settle(t, s, "first", domain.StatusRejected, domain.Update{Return: back}) // no longer holds a use
			earns(t, s, "third", 1, use(limits, 1), true)
			earns(t, s, "fourth", 1, use(limits, 1), false)
			before, err := s.Conversion(t.Context(), hash("first"))
			if err != nil {
				t.Fatal(err)
			}
			if err := settle(t, s, "first", domain.StatusApproved, domain.Update{Use: use(limits, 1)}); !errors.Is(err, domain.ErrLimitReached) {
				t.Errorf("to take a use where none is left: %v, want ErrLimitReached", err)
			}
			checkConversion(t, s, before)
			_ = settle(t, s, "second", domain.StatusRejected, domain.Update{Return: back})
			if err := settle(t, s, "first", domain.StatusApproved, domain.Update{Use: use(limits, 1)}); err != nil {
				t.Errorf("to take the use that came back: %v", err)
			}
			// A conversion that already holds its use takes none, and gives none back.
			if err := settle(t, s, "first", domain.StatusPending, domain.Update{Use: use(limits, 1), Return: back}); err != nil {
				t.Errorf("to keep a use: %v", err)
			}
			earns(t, s, "fifth", 1, use(limits, 1), false)
		})
	}
}

func usesDoNotGoBelowNone(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Total: 1, Daily: 1}
	earns(t, s, "counted", 1, use(limits, 1), true)
	insertNew(t, s, credited("not counted", 1))
	for _, id := range []string{"counted", "not counted"} {
		if err := settle(t, s, id, domain.StatusRejected, domain.Update{Return: use(domain.Limits{}, 1)}); err != nil {
			t.Errorf("rejecting %s: %v", id, err)
		}
	}
	earns(t, s, "next", 1, use(limits, 1), true)
	earns(t, s, "one too many", 1, use(limits, 1), false)
}

func lastUseOfUpdates(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Total: 1}
	const racers = 20
	for i := range racers {
		c := credited(fmt.Sprint(i), 1)
		c.Status = domain.StatusRejected
		insertNew(t, s, c)
	}
	var won atomic.Int64
	together(racers, func(i int) {
		if settle(t, s, fmt.Sprint(i), domain.StatusApproved, domain.Update{Use: use(limits, 1)}) == nil {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d won the only use", won.Load())
	}
}

func usesCountedAnew(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	// While the coupon had no limits; all but the last two are its uses.
	for i := range 3 {
		insertNew(t, s, credited(fmt.Sprint("early ", i), 1+i/2))
	}
	rejected, others := credited("rejected", 1), credited("other's", 1)
	rejected.Status = domain.StatusRejected
	others.Publisher, others.Coupon = "33", "offers/10/coupons/33.LIMITED"
	insertNew(t, s, rejected)
	insertNew(t, s, others)
	daily := domain.Limits{Daily: 3}
	earns(t, s, "third of the day", 1, use(daily, 1), true)
	earns(t, s, "fourth of the day", 1, use(daily, 1), false)
	earns(t, s, "second of the next", 2, use(daily, 2), true)
	changed := use(domain.Limits{Total: 6, Daily: 5}, 1)
	changed.ETag = "2"
	earns(t, s, "sixth of all", 1, changed, true)
	earns(t, s, "seventh of all", 1, changed, false)
	insertNew(t, s, credited("by one who knew of no limits", 1))
	lifted := use(domain.Limits{Total: 8, Daily: 6}, 1)
	lifted.ETag = "3"
	earns(t, s, "last of all", 1, lifted, true)
	earns(t, s, "one too many", 1, lifted, false)
}

func reassignedUses(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	one := domain.Limits{Total: 1}
	othersUse := use(one, 1)
	othersUse.Coupon, othersUse.Code = other, "Other"
	earns(t, s, "a", 1, use(one, 1), true)
	earns(t, s, "b", 1, use(one, 1), false)
	move := func(id string) error {
		_, err := s.UpdateConversion(t.Context(), hash(id), func(c domain.Conversion) (domain.Update, error) {
			u := domain.Update{Conversion: c, Use: othersUse}
			if c.Holds() != "" {
				u.Return = use(domain.Limits{}, 1)
			}
			u.Conversion.Outcome, u.Conversion.Publisher, u.Conversion.Coupon, u.Conversion.CouponCode = domain.Attributed, "33", other, "Other"
			u.Conversion.PubUniques[2] = "Other"
			u.Conversion.Revision++
			return u, nil
		})
		return err
	}
	if err := move("a"); err != nil {
		t.Errorf("moving a: %v", err)
	}
	earns(t, s, "c", 1, use(one, 1), true)
	if err := move("b"); !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("moving b to a coupon without a use left: %v, want ErrLimitReached", err)
	}
	if err := move("c"); !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("moving c to a coupon without a use left: %v, want ErrLimitReached", err)
	}
	earns(t, s, "d", 1, use(one, 1), false) // c holds it still
}

func usesAfterRestart(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	limits := domain.Limits{Total: 2, Daily: 2}
	earns(t, before, "first", 1, use(limits, 1), true)
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	earns(t, after, "second", 1, use(limits, 1), true)
	earns(t, after, "third", 1, use(limits, 1), false)
}

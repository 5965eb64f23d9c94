package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func reservationPromises() []promise {
	return []promise{
		{"a reservation is read as it was stored, and its id is taken once", reservationRoundTrip},
		{"a reservation holds a use until it ends", reservationsHold},
		{"held reservations are listed and counted", listedReservations},
		{"a reservation counts on each day on which it is held", reservationsOfDays},
		{"a sale takes its own reservations, and no others", takenReservations},
		{"a reservation of a coupon without limits is taken too", reservationsWithoutLimits},
		{"of many checkouts at once one gets the last use", lastReservation},
		{"of checkouts and sales at once one gets the last use", lastUseOfBoth},
		{"reservations outlast a restart", reservationsAfterRestart},
		{"uses and reservations are what their history makes them", reservationHistories},
	}
}

// held is a reservation of the limited coupon, from the middle of a day on.
func held(id string, n int, ttl time.Duration) domain.Reservation {
	at := day(n).Add(12 * time.Hour).UTC()
	return domain.Reservation{
		ID: id, Offer: "10", Coupon: limited, Code: "Limited", TransactionID: "order of " + id, State: domain.ReservationHeld,
		CreateTime: at, ExpireTime: at.Add(ttl),
	}
}

// reserve reserves a use of a coupon on each day, and says whether it got one.
func reserve(t testing.TB, s Store, r domain.Reservation, limits domain.Limits) bool {
	t.Helper()
	days := r.Days(domain.Use{Coupon: r.Coupon, Code: r.Code, ETag: "1", Limits: limits, Now: r.CreateTime}, dayOf)
	stored, inserted, err := s.Reserve(t.Context(), r, days)
	switch {
	case errors.Is(err, domain.ErrLimitReached):
		return false
	case err != nil || !inserted:
		t.Errorf("reserving %s: %v, %v", r.ID, inserted, err)
	case stored != r:
		t.Errorf("reserved %+v, want %+v", stored, r)
	}
	return err == nil
}

// dayOf returns the bounds of a time's day, as day has it.
func dayOf(at time.Time) (from, to time.Time) {
	zone := day(1).Location()
	year, month, n := at.In(zone).Date()
	return time.Date(year, month, n, 0, 0, 0, 0, zone), time.Date(year, month, n+1, 0, 0, 0, 0, zone)
}

// useAt is a use of the limited coupon at a time of day n.
func useAt(limits domain.Limits, n int, now time.Time) *domain.Use {
	u := use(limits, n)
	u.Now = now
	return u
}

// stateIs checks the state of a reservation at a time.
func stateIs(t testing.TB, s Store, id string, at time.Time, want domain.ReservationState) domain.Reservation {
	t.Helper()
	r, err := s.Reservation(t.Context(), id)
	if err != nil || r.StateAt(at) != want {
		t.Errorf("reservation %s is %s (%v), want %s", id, r.StateAt(at), err, want)
	}
	return r
}

func reservationRoundTrip(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	r := held("a", 1, time.Hour)
	if _, err := s.Reservation(t.Context(), "a"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("before it is reserved: %v", err)
	}
	reserve(t, s, r, domain.Limits{Total: 1})
	again := r
	again.ExpireTime = again.ExpireTime.Add(time.Hour)
	stored, inserted, err := s.Reserve(t.Context(), again, []domain.Use{*useAt(domain.Limits{Total: 1}, 1, r.CreateTime)})
	if err != nil || inserted || stored != r {
		t.Errorf("reserving again: %+v, %v, %v, want the first one", stored, inserted, err)
	}
	if found, err := s.HeldFor(t.Context(), limited, r.TransactionID, r.CreateTime); err != nil || found != r {
		t.Errorf("held for its transaction: %+v, %v", found, err)
	}
	for _, nobody := range []struct {
		coupon, transaction string
		at                  time.Time
	}{{other, r.TransactionID, r.CreateTime}, {limited, "another", r.CreateTime}, {limited, r.TransactionID, r.ExpireTime}} {
		if _, err := s.HeldFor(t.Context(), nobody.coupon, nobody.transaction, nobody.at); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("held for %+v: %v", nobody, err)
		}
	}
	r.State = domain.ReservationReleased
	for range 2 {
		if released, err := s.ReleaseReservation(t.Context(), "a", r.CreateTime); err != nil || released != r {
			t.Errorf("released: %+v, %v", released, err)
		}
	}
	if _, err := s.ReleaseReservation(t.Context(), "b", r.CreateTime); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("releasing one that is not there: %v", err)
	}
}

func reservationsHold(t *testing.T, fresh Fresh) {
	for name, limits := range map[string]domain.Limits{"total": {Total: 2}, "daily": {Daily: 2}} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, fresh)
			first, second := held("first", 1, time.Hour), held("second", 1, 2*time.Hour)
			now := first.CreateTime
			reserve(t, s, first, limits)
			reserve(t, s, second, limits)
			if reserve(t, s, held("third", 1, time.Hour), limits) {
				t.Error("a third use of two was reserved")
			}
			earns(t, s, "over", 1, useAt(limits, 1, now), false)
			earns(t, s, "over still", 1, useAt(limits, 1, first.ExpireTime.Add(-time.Millisecond)), false)
			earns(t, s, "after the first expired", 1, useAt(limits, 1, first.ExpireTime), true)
			if released, err := s.ReleaseReservation(t.Context(), "first", first.ExpireTime); err != nil || released.State != domain.ReservationHeld {
				t.Errorf("releasing an expired one: %+v, %v", released, err)
			}
			earns(t, s, "one too many", 1, useAt(limits, 1, first.ExpireTime), false)
			if _, err := s.ReleaseReservation(t.Context(), "second", first.ExpireTime); err != nil {
				t.Error(err)
			}
			earns(t, s, "after the second was released", 1, useAt(limits, 1, first.ExpireTime), true)
			earns(t, s, "all are used", 1, useAt(limits, 1, second.ExpireTime.Add(time.Hour)), false)
		})
	}
}

func listedReservations(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	now := held("", 1, 0).CreateTime
	stranger := held("another's", 1, time.Hour)
	stranger.Coupon = other
	late, soon, ended, released := held("late", 1, 2*time.Hour), held("soon", 1, time.Hour), held("ended", 1, time.Minute), held("released", 1, time.Hour)
	for _, r := range []domain.Reservation{stranger, late, soon, ended, released} {
		reserve(t, s, r, domain.Limits{})
	}
	if _, err := s.ReleaseReservation(t.Context(), "released", now); err != nil {
		t.Fatal(err)
	}
	at := now.Add(time.Minute)
	q := listing.Query{
		Where: listing.And{is("coupon", listing.Equal, limited), is("state", listing.Equal, "HELD"), is("expire_time", listing.Greater, at)},
		Order: []listing.Order{{Field: "expire_time"}, {Field: "id"}}, Limit: 10,
	}
	if found, err := s.HeldReservations(t.Context(), q); err != nil || !slices.Equal(found, []domain.Reservation{soon, late}) {
		t.Errorf("held are %+v (%v), want the one that ends soon and the late one", found, err)
	}
	if n, err := s.CountHeld(t.Context(), limited, at); err != nil || n != 2 {
		t.Errorf("%d are held (%v), want 2", n, err)
	}
}

func reservationsOfDays(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Daily: 1}
	r := held("over midnight", 1, 20*time.Hour)
	reserve(t, s, r, limits)
	for n, want := range map[int]bool{1: false, 2: false, 3: true} {
		if left, err := s.UsesLeft(t.Context(), *useAt(limits, n, r.CreateTime)); err != nil || left != want {
			t.Errorf("on day %d a use is left: %v, %v, want %v", n, left, err, want)
		}
	}
	next := held("on the next day too", 2, time.Hour)
	next.CreateTime = next.CreateTime.Add(-6 * time.Hour)
	if reserve(t, s, next, limits) {
		t.Error("the use of day 2 was reserved twice")
	}
	u := useAt(limits, 2, r.CreateTime)
	u.Reservation, u.Conversion = r.ID, hash("day 2")
	earns(t, s, "day 2", 2, u, true)
	earns(t, s, "day 1", 1, useAt(limits, 1, r.CreateTime), true) // it came back on the day that it was not used
	earns(t, s, "day 2 again", 2, useAt(limits, 2, r.CreateTime), false)
}

func takenReservations(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	limits := domain.Limits{Total: 3, Daily: 3}
	now := held("", 1, 0).CreateTime
	twin := held("by transaction, twice", 1, time.Hour)
	twin.TransactionID = "order of by transaction"
	for _, r := range []domain.Reservation{held("by id", 1, time.Hour), held("by transaction", 1, time.Hour), twin} {
		reserve(t, s, r, limits)
	}
	sell := func(id, reservation, transaction string, want bool) {
		t.Helper()
		u := useAt(limits, 1, now)
		u.Reservation, u.TransactionID, u.Conversion = reservation, transaction, hash(id)
		earns(t, s, id, 1, u, want)
	}
	sell("stranger", "", "another", false)
	sell("a", "by id", "", true)
	if r := stateIs(t, s, "by id", now, domain.ReservationTaken); r.Conversion != hash("a") {
		t.Errorf("taken by %q", r.Conversion)
	}
	sell("b", "", "order of by transaction", true)
	stateIs(t, s, "by transaction", now, domain.ReservationTaken)
	stateIs(t, s, "by transaction, twice", now, domain.ReservationTaken) // one sale takes one use
	sell("c", "by id", "", true)                                         // the one that came back
	sell("d", "by id", "order of by transaction", false)
	// A repeat takes nothing, and what a sale took does not come back with a rejection.
	free := held("free", 1, time.Hour)
	_ = settle(t, s, "a", domain.StatusRejected, domain.Update{Return: use(domain.Limits{}, 1)})
	reserve(t, s, free, limits)
	u := useAt(limits, 1, now)
	u.Reservation, u.Conversion = "free", hash("b")
	if _, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: credited("b", 1), Use: u}); err != nil || inserted {
		t.Errorf("a repeat: %v, %v", inserted, err)
	}
	stateIs(t, s, "free", now, domain.ReservationHeld)
	back := useAt(limits, 1, now)
	back.Reservation, back.Conversion = "free", hash("a")
	if err := settle(t, s, "a", domain.StatusApproved, domain.Update{Use: useAt(limits, 1, now)}); !errors.Is(err, domain.ErrLimitReached) {
		t.Errorf("to approve a sale whose use is held by a checkout: %v, want ErrLimitReached", err)
	}
	if err := settle(t, s, "a", domain.StatusApproved, domain.Update{Use: back}); err != nil {
		t.Errorf("to approve a sale with its reservation: %v", err)
	}
	stateIs(t, s, "free", now, domain.ReservationTaken)
}

func reservationsWithoutLimits(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	r := held("a", 1, time.Hour)
	for i := range 5 {
		reserve(t, s, held(fmt.Sprint("beside ", i), 1, time.Hour), domain.Limits{})
	}
	reserve(t, s, r, domain.Limits{})
	u := useAt(domain.Limits{}, 1, r.CreateTime)
	u.Reservation, u.Conversion = "a", hash("sale")
	earns(t, s, "sale", 1, u, true)
	stateIs(t, s, "a", r.CreateTime, domain.ReservationTaken)
	stateIs(t, s, "beside 0", r.CreateTime, domain.ReservationHeld)
}

func lastReservation(t *testing.T, fresh Fresh) {
	for name, limits := range map[string]domain.Limits{"total": {Total: 3}, "daily": {Daily: 3}, "both": {Total: 3, Daily: 5}} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, fresh)
			reserve(t, s, held("first", 1, time.Hour), limits)
			earns(t, s, "second", 1, useAt(limits, 1, held("", 1, 0).CreateTime), true)
			var won atomic.Int64
			together(40, func(i int) {
				if reserve(t, s, held(fmt.Sprint("racer ", i), 1, time.Hour), limits) {
					won.Add(1)
				}
			})
			if won.Load() != 1 {
				t.Errorf("%d won the last use", won.Load())
			}
		})
	}
}

func lastUseOfBoth(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	raceForLastUse(t, s, s, 2)
}

// LastUseOfTwo checks that two stores that are open on one database at once never sell a use twice: not if 40
// checkouts reserve the last one, and not if 40 checkouts and sales race for it. open opens two on a new database.
func LastUseOfTwo(t *testing.T, open func(*testing.T) (a, b Store)) {
	t.Helper()
	for name, checkouts := range map[string]int{"checkouts": 1, "checkouts and sales": 2} {
		t.Run(name, func(t *testing.T) {
			a, b := open(t)
			raceForLastUse(t, a, b, checkouts)
		})
	}
}

// raceForLastUse lets 40 callers race for the only use of a coupon over two stores; of n, one is a checkout and the others are sales.
func raceForLastUse(t *testing.T, a, b Store, n int) {
	t.Helper()
	limits := domain.Limits{Total: 1}
	now := held("", 1, 0).CreateTime
	var won atomic.Int64
	together(40, func(i int) {
		id, s := fmt.Sprint("racer ", i), a
		if i%4 >= 2 {
			s = b
		}
		if i%n == 0 && reserve(t, s, held(id, 1, time.Hour), limits) || i%n != 0 && report(t, s, credited(id, 1), useAt(limits, 1, now)) {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d won the only use", won.Load())
	}
}

func reservationsAfterRestart(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	limits := domain.Limits{Total: 1}
	r := held("a", 1, time.Hour)
	reserve(t, before, r, limits)
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	earns(t, after, "over", 1, useAt(limits, 1, r.CreateTime), false)
	u := useAt(limits, 1, r.CreateTime)
	u.TransactionID, u.Conversion = r.TransactionID, hash("own")
	earns(t, after, "own", 1, u, true)
}

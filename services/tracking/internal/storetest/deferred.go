package storetest

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// early returns the n-th change that came before the sale with an id.
func early(conversion string, n int) domain.Deferred {
	p := fullPostback()
	p.ID, p.Time, p.Conversion, p.Replay = idAt(at(100+n)), at(100+n), "", nil
	p.Outcome, p.Reason, p.HTTPStatus = domain.PostbackUnattributed, string(domain.EarlyChange), 202
	return domain.Deferred{
		ID: hash("early", conversion, n), Reason: domain.EarlyChange, Conversion: conversion, Postback: p,
		DueTime: at(200 + n), ExpireTime: at(10_000),
	}
}

// away returns a sale that waits for the coupon service.
func away(c domain.Conversion, due int) *domain.Deferred {
	d := domain.Deferred{
		ID: hash("away", c.ID), Reason: domain.CouponServiceAway, Conversion: c.ID, Postback: fullPostback(), Tries: 3,
		DueTime: at(due), ExpireTime: at(20_000),
	}
	d.Postback.ID, d.Postback.Conversion, d.Postback.Replay = "", c.ID, nil
	return &d
}

func checkEarly(t *testing.T, s Store, conversion string, want ...domain.Deferred) {
	t.Helper()
	got, err := s.EarlyChanges(t.Context(), conversion, 10)
	if err != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("for %s wait\n%+v (%v), want\n%+v", conversion, got, err, want)
	}
}

func keep(t *testing.T, s Store, d domain.Deferred, want bool) {
	t.Helper()
	if kept, err := s.Defer(t.Context(), d); err != nil || kept != want {
		t.Errorf("keeping %s: %v, %v, want %v", d.ID, kept, err, want)
	}
}

func endWait(t *testing.T, s Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.Settle(t.Context(), id); err != nil {
			t.Errorf("settling %s: %v", id, err)
		}
	}
}

func claimDeferred(t *testing.T, s Store, reason domain.Reason, now, until, limit int) []string {
	t.Helper()
	claimed, err := s.ClaimDeferred(t.Context(), reason, at(now), at(until), limit)
	if err != nil {
		t.Fatalf("claiming: %v", err)
	}
	ids := []string{}
	for _, d := range claimed {
		if !d.DueTime.Equal(at(until)) {
			t.Errorf("claimed until %s, want %s", d.DueTime, at(until))
		}
		ids = append(ids, d.ID)
	}
	return ids
}

func deferredRoundTrip(t *testing.T, fresh Fresh) {
	open := fresh(t)
	s := open(calendar(t))
	sale := fullConversion()
	second, first := early(sale.ID, 2), early(sale.ID, 1)
	keep(t, s, second, true)
	keep(t, s, first, true)
	keep(t, s, first, false)
	checkEarly(t, s, sale.ID, first, second)
	checkEarly(t, s, hash("another"))
	checkPostback(t, s, first.Postback)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = closing(t, open(calendar(t)))
	checkEarly(t, s, sale.ID, first, second)
	for n, want := range []bool{true, false} {
		c := sale
		c.ID = []string{sale.ID, hash("another")}[n]
		if stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil || !inserted || stored.Awaited != want {
			t.Errorf("inserting: awaited %v, inserted %v, %v; want awaited %v", stored.Awaited, inserted, err, want)
		}
	}
	checkConversion(t, s, sale) // Awaited is not stored
	endWait(t, s, first.ID, first.ID, hash("nothing"))
	checkEarly(t, s, sale.ID, second)
	endWait(t, s, second.ID)
	checkEarly(t, s, sale.ID)
	if err := s.PutOff(t.Context(), second); err != nil {
		t.Errorf("putting off what is settled: %v", err)
	}
	checkEarly(t, s, sale.ID)
}

// earlyRace runs sales and their early changes concurrently: in each pair, at least one sees the other.
func earlyRace(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const pairs = 40
	var awaited, found [pairs]atomic.Bool
	together(2*pairs, func(i int) {
		c := credited(fmt.Sprint("met ", i/2), 1)
		if i%2 == 1 {
			keep(t, s, early(c.ID, i), true)
			_, err := s.Conversion(t.Context(), c.ID)
			found[i/2].Store(err == nil)
			return
		}
		sale := domain.Sale{Conversion: c}
		switch i / 2 % 4 {
		case 1:
			sale.Use = use(domain.Limits{Total: pairs}, 1)
		case 2:
			p := fullPostback()
			p.ID, p.Replay = idAt(at(i)), nil
			sale.Postback = &p
		case 3:
			sale.Deferred = away(c, 1)
		}
		stored, inserted, err := s.InsertConversion(t.Context(), sale)
		if err != nil || !inserted {
			t.Errorf("inserting: %v, %v", inserted, err)
		}
		awaited[i/2].Store(stored.Awaited)
	})
	for i := range pairs {
		if !awaited[i].Load() && !found[i].Load() {
			t.Errorf("sale %d and its early change missed each other", i)
		}
	}
}

// earlyRepeats defers many repeats of a change at once: one is kept, with one entry in the journal.
func earlyRepeats(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	var kept atomic.Int64
	together(20, func(i int) {
		d := early(hash("sale"), 1)
		d.Postback.ID = idAt(at(i))
		ok, err := s.Defer(t.Context(), d)
		if err != nil {
			t.Errorf("keeping: %v", err)
		}
		if ok {
			kept.Add(1)
		}
	})
	entries := listPostbacks(t, s, listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 30})
	if kept.Load() != 1 || len(entries) != 1 {
		t.Errorf("%d were kept and %d journaled, want 1", kept.Load(), len(entries))
	}
}

func deferredClaims(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	var kept [4]domain.Deferred // due at 200 to 203
	var due [4]string
	for n := range kept {
		kept[n] = early(hash("sale", n), n)
		due[n] = kept[n].ID
		keep(t, s, kept[n], true)
	}
	if got := claimDeferred(t, s, domain.EarlyChange, 199, 300, 10); len(got) != 0 {
		t.Errorf("%v were claimed before they were due", got)
	}
	if got := claimDeferred(t, s, domain.CouponServiceAway, 300, 400, 10); len(got) != 0 {
		t.Errorf("%v were claimed for another reason", got)
	}
	if got, want := claimDeferred(t, s, domain.EarlyChange, 202, 300, 2), []string{due[0], due[1]}; !reflect.DeepEqual(got, want) {
		t.Errorf("claimed %v, want %v", got, want)
	}
	if got, want := claimDeferred(t, s, domain.EarlyChange, 203, 300, 10), []string{due[2], due[3]}; !reflect.DeepEqual(got, want) {
		t.Errorf("claimed %v, want %v", got, want)
	}
	putOff := kept[3]
	putOff.Tries, putOff.DueTime = 7, at(250)
	if err := s.PutOff(t.Context(), putOff); err != nil {
		t.Errorf("putting off: %v", err)
	}
	checkEarly(t, s, hash("sale", 3), putOff)
	endWait(t, s, due[0])
	var claims atomic.Int64
	together(10, func(int) { claims.Add(int64(len(claimDeferred(t, s, domain.EarlyChange, 300, 400, 10)))) })
	if claims.Load() != 3 {
		t.Errorf("%d were claimed by many at once after the lease, want 3, each once", claims.Load())
	}
}

func deferredSales(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	c := fullConversion()
	c.Outcome, c.Reason = domain.Unattributed, domain.CouponServiceAway
	known := sale(1)
	insertNew(t, s, known)
	var inserts atomic.Int64
	together(10, func(i int) {
		mine := []domain.Conversion{c, known}[i%2]
		_, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: mine, Deferred: away(mine, 50)})
		if err != nil {
			t.Errorf("inserting: %v", err)
		}
		if inserted {
			inserts.Add(1)
		}
	})
	if inserts.Load() != 1 {
		t.Errorf("%d were inserted, want 1", inserts.Load())
	}
	checkConversion(t, s, c)
	claimed, err := s.ClaimDeferred(t.Context(), domain.CouponServiceAway, at(60), at(70), 10)
	want := *away(c, 70)
	if err != nil || len(claimed) != 1 || !reflect.DeepEqual(claimed[0], want) {
		t.Errorf("there wait\n%+v (%v), want\n%+v", claimed, err, want)
	}
	endWait(t, s, want.ID)
	if got := claimDeferred(t, s, domain.CouponServiceAway, 1000, 1100, 10); len(got) != 0 {
		t.Errorf("%v wait still", got)
	}
	checkEarly(t, s, c.ID)
}

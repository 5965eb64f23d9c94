package storetest

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// Zone is that of the figures of a store that is filled.
func Zone() string { return zones()[0] }

// Fill stores some of everything that a store keeps, by its own writes: each field is set in one of the
// records at least, and they are in every state. Everything is counted.
func Fill(t *testing.T, s Store) {
	t.Helper()
	insertClick(t, s, fullClick())
	for range 2 {
		click := bareClick()
		click.ID = idAt(click.Time)
		insertClick(t, s, click)
	}
	fillSales(t, s)
	fillDeliveries(t, s)
	fillScans(t, s)
	insertReport(t, s, fullReport())
	insertReport(t, s, bareReport("1", "x"))
	err := s.KeepAnswers(t.Context(), []domain.CouponAnswer{
		{Kind: "offer", Key: "10", Body: []byte("one\x00"), Time: at(1)},
		{Kind: "offer", Key: "11|a", Body: []byte("two"), Time: at(2)},
		{Kind: "coupon", Key: "10", Body: []byte("three"), Time: at(3)},
	})
	if err != nil {
		t.Errorf("keeping answers: %v", err)
	}
	countAll(t, s)
}

// fillSales stores sales of all kinds, their journal, uses of limited coupons, and reports that wait.
func fillSales(t *testing.T, s Store) {
	t.Helper()
	changed, entry := fullConversion(), fullPostback()
	changed.ID, entry.ID = hash("changed"), changed.Postback
	if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: changed, Postback: &entry}); err != nil {
		t.Errorf("inserting a sale with its postback: %v", err)
	}
	after := changedConversion()
	after.ID = changed.ID
	state := domain.State{Method: domain.ByHand, CouponCode: "Other"}
	after.Changes[0].From.Method, after.Changes[0].From.CouponCode = domain.CouponCode, "SaleXYZ20"
	after.Changes[0].To.Method, after.Changes[0].To.CouponCode = state.Method, state.CouponCode
	for _, m := range []*money.Money{
		&after.Changes[0].From.Refunded, &after.Changes[0].From.Payout, &after.Changes[0].From.Revenue, &after.Changes[0].To.Amount, &after.Changes[0].To.Payout, &after.Changes[0].To.Revenue,
	} {
		m.Nanos = 7
	}
	update(t, s, changed.ID, func(domain.Conversion) domain.Conversion { return after })
	full := fullConversion()
	full.Basis.Rates.Payout.Fixed = money.Money{Currency: "USD", Units: 1, Nanos: 2}
	full.Basis.Rates.Revenue.Cap = money.Money{Currency: "USD", Units: 3, Nanos: 4}
	full.Basis.Rates.Revenue.Percent = 5
	full.Payout.Nanos, full.Revenue.Nanos = 1, 2
	insertNew(t, s, full)
	insertPostback(t, s, fullPostback())
	for n := range 6 {
		insertNew(t, s, sale(n))
		insertPostback(t, s, entry2(n))
	}
	limits := domain.Limits{Total: 1, Daily: 1}
	for n, id := range []string{"within", "over"} {
		report(t, s, credited(id, 3), use(limits, 3+n))
	}
	reserved := held("held", 3, time.Hour)
	taking := useAt(domain.Limits{Total: 5}, 3, reserved.CreateTime)
	for _, r := range []domain.Reservation{reserved, held("taken", 3, time.Hour), held("released", 3, time.Hour)} {
		reserve(t, s, r, domain.Limits{Total: 5})
	}
	taking.Reservation, taking.Conversion = "taken", hash("with a reservation")
	report(t, s, credited("with a reservation", 3), taking)
	if _, err := s.ReleaseReservation(t.Context(), "released", reserved.CreateTime); err != nil {
		t.Errorf("releasing: %v", err)
	}
	keep(t, s, early(hash("not there yet"), 1), true)
	waiting := sale(20)
	if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: waiting, Deferred: away(waiting, 300)}); err != nil {
		t.Errorf("inserting a sale that waits: %v", err)
	}
}

// entry2 is an entry of the journal that other samples do not have.
func entry2(n int) domain.Postback {
	p := entry(n)
	p.ID = idAt(p.Time.Add(time.Second))
	return p
}

// fillDeliveries stores deliveries that are due, claimed, tried, and done.
func fillDeliveries(t *testing.T, s Store) {
	t.Helper()
	done, tries, due, dead := newDelivery("done", "22", 0, 1), newDelivery("tried", "22", 2, 2), newDelivery("due", "a-publisher-9", 0, 900), newDelivery("claimed", "33", 1, 3)
	plan(t, s, done, tries, due, dead)
	claim(t, s, "h", 5, 3)
	done.DueTime = time.Time{}
	finish(t, s, tried(done, 6, 0), "h")
	finish(t, s, tried(tries, 7, 500), "h")
}

// fillScans stores a scan that has ended and one that runs, with their results.
func fillScans(t *testing.T, s Store) {
	t.Helper()
	at := recently()
	for i, offer := range []string{"10", "11"} {
		scan := newScan(offer, at(i))
		insertScan(t, s, scan)
		hold := redirect.Hold{Scan: scan.ID, Holder: "h", Until: at(100)}
		claimScan(t, s, at(10), hold, &scan)
		if err := s.KeepOfferScan(t.Context(), hold, 3); err != nil {
			t.Errorf("keeping: %v", err)
		}
		addResult(t, s, hold, found(scan, "22", at(15)))
		addResult(t, s, hold, found(scan, "33", at(16), redirect.Grave, redirect.Doubtful))
		addResult(t, s, hold, found(scan, "44", at(17), redirect.Doubtful))
		if i == 0 {
			if _, err := s.EndOfferScan(t.Context(), scan.ID, redirect.ScanDone, at(300)); err != nil {
				t.Errorf("ending a scan: %v", err)
			}
		}
	}
}

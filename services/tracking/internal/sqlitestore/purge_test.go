package sqlitestore

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// TestPurge checks that old clicks are deleted, more than one job's worth, and nothing else is.
func TestPurge(t *testing.T) {
	s := openStore(t)
	boundary := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	old := storeClicks(t, s, purgeRows+5, func(i int) time.Time { return boundary.Add(-time.Duration(i+1) * time.Millisecond) })
	kept := storeClicks(t, s, 20, func(i int) time.Time { return boundary.Add(time.Duration(i) * time.Millisecond) })
	odd := domain.Click{ID: "no UUID", Offer: "10", Time: boundary}
	if err := s.InsertClick(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	s.purge.deleteOld(t.Context(), boundary.Add(clickRetention))
	for _, id := range old {
		if _, err := s.Click(t.Context(), id); err != nil {
			t.Fatalf("the click %s is not counted yet: %v", id, err)
		}
	}
	countAll(t, s)
	s.purge.deleteOld(t.Context(), boundary.Add(clickRetention))
	for _, id := range old {
		if _, err := s.Click(t.Context(), id); err == nil {
			t.Errorf("the old click %s is still there", id)
		}
	}
	for _, id := range append(kept, odd.ID) {
		if _, err := s.Click(t.Context(), id); err != nil {
			t.Errorf("the click %s: %v", id, err)
		}
	}
}

// TestPurgeOfTheJournal checks that entries are deleted after their retention.
func TestPurgeOfTheJournal(t *testing.T) {
	s := openStore(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for age, kept := range map[time.Duration]bool{
		journalRetention - time.Minute: true, journalRetention + time.Minute: false, 10 * journalRetention: false,
	} {
		at := now.Add(-age)
		p := domain.Postback{ID: idAt(at), Offer: "10", Outcome: domain.PostbackDuplicate, Method: "GET", Time: at}
		if err := s.InsertPostback(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		s.purge.deleteOld(t.Context(), now)
		if _, err := s.Postback(t.Context(), p.ID); (err == nil) != kept {
			t.Errorf("an entry %v old: %v", age, err)
		}
	}
}

// TestPurgeOfDeliveries checks that finished deliveries are deleted after ninety days, and due ones stay.
func TestPurgeOfDeliveries(t *testing.T) {
	s := openStore(t)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, c := range []struct {
		state delivery.State
		age   time.Duration
		kept  bool
	}{
		{delivery.Delivered, deliveryRetention + time.Minute, false},
		{delivery.Dead, deliveryRetention + time.Minute, false},
		{delivery.Due, deliveryRetention + time.Minute, true},
		{delivery.Delivered, deliveryRetention - time.Minute, true},
	} {
		at := now.Add(-c.age)
		d := delivery.Delivery{ID: "c-0-22", Conversion: "c", Publisher: "22", State: c.state, DueTime: at, FirstDueTime: at, CreateTime: at}
		d.Conversion += string(c.state) + c.age.String()
		d.ID = d.Conversion + "-0-22"
		if err := s.Plan(t.Context(), []delivery.Plan{{Deliveries: []delivery.Delivery{d}}}); err != nil {
			t.Fatal(err)
		}
		s.purge.deleteOld(t.Context(), now)
		if _, err := s.Delivery(t.Context(), d.ID); (err == nil) != c.kept {
			t.Errorf("one that is %s and %v old: %v", c.state, c.age, err)
		}
	}
}

// TestPurgeOfUses checks that the uses of old days are deleted, and the totals stay.
func TestPurgeOfUses(t *testing.T) {
	s := openStore(t)
	now := time.Now().UTC()
	for i, age := range []time.Duration{useRetention + 48*time.Hour, useRetention - 48*time.Hour, 0} {
		from := now.Add(-age)
		use := &domain.Use{Coupon: "c", Code: "C", Limits: domain.Limits{Total: 9, Daily: 9}, From: from, To: from.Add(24 * time.Hour)}
		c := domain.Conversion{ID: string(rune('a' + i)), Offer: "10", Event: "sale", Revision: 1}
		if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Use: use}); err != nil {
			t.Fatal(err)
		}
	}
	s.purge.deleteOld(t.Context(), now)
	var days int
	if err := s.db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM coupon_uses").Scan(&days); err != nil || days != 3 {
		t.Errorf("%d rows are left (%v), want the total and two days", days, err)
	}
}

// storeClicks stores n clicks, each at its time, and returns their ids.
func storeClicks(t *testing.T, s *Store, n int, at func(i int) time.Time) []string {
	t.Helper()
	ids := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		ids[i] = idAt(at(i))
		all.Go(func() {
			if err := s.InsertClick(t.Context(), domain.Click{ID: ids[i], Offer: "10", Time: at(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return ids
}

// idAt returns a UUIDv7 of a time.
func idAt(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (8 * (5 - i)))
	}
	return id.String()
}

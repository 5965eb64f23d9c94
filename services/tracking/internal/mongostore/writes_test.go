package mongostore

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/uses"
)

func openStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), mongotest.URI(t), Options{Retention: time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now}, mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// A sale that has waited for long is refused and not written.
func TestSalesThatWaitedTooLong(t *testing.T) {
	s := openStore(t)
	waiting := func(id string, since time.Time) *sale {
		c := domain.Conversion{ID: id, Revision: 1}
		return &sale{conversion: encodeConversion(c), entry: entryOf(&domain.Postback{ID: "entry of " + id}, c), since: since}
	}
	batch := []*sale{waiting("late", time.Now().Add(-2*maxWait)), waiting("in time", time.Now()), waiting("too late", time.Now().Add(-time.Hour))}
	errs := s.sales.write(batch)
	s.sales.journals.Wait()
	for i, refused := range []bool{true, false, true} {
		id := batch[i].conversion.ID
		if got := apperr.Is(errs[i], apperr.Unavailable); got != refused || !refused && errs[i] != nil {
			t.Errorf("%s: %v, want a refusal: %v", id, errs[i], refused)
		}
		if _, err := s.Conversion(t.Context(), id); (err == nil) == refused {
			t.Errorf("reading %s: %v, want it stored: %v", id, err, !refused)
		}
		if _, err := s.Postback(t.Context(), "entry of "+id); (err == nil) == refused {
			t.Errorf("reading the entry of %s: %v, want it stored: %v", id, err, !refused)
		}
	}
}

// Where the journal refuses a sale's entry the caller is told, and never that the sale is a repeat; what
// it sends again then is.
func TestSaleWhoseEntryIsRefused(t *testing.T) {
	s := openStore(t)
	use := &domain.Use{Coupon: "offers/1/coupons/2.A", Code: "A", ETag: "1", Limits: domain.Limits{Total: 5}}
	taken := domain.Postback{ID: "taken"}
	if err := s.InsertPostback(t.Context(), taken); err != nil {
		t.Fatalf("inserting a postback: %v", err)
	}
	for id, u := range map[string]*domain.Use{"free": nil, "limited": use} {
		c := domain.Conversion{ID: id, Revision: 1, Outcome: domain.Attributed, Coupon: use.Coupon, PubUniques: domain.Uniques{2: "A"}}
		if stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Use: u, Postback: &taken}); err == nil {
			t.Errorf("%s: %+v, %v, want an error", id, stored, inserted)
		}
		if !mongotest.Engine() && u != nil {
			continue // in a transaction nothing is stored
		}
		if stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Use: u, Postback: &domain.Postback{ID: "again"}}); err != nil || inserted {
			t.Errorf("%s again: %+v, %v, %v, want a repeat", id, stored, inserted, err)
		}
	}
}

// A counter that is gone is recomputed from the conversions, and one that a return creates is not trusted.
func TestLostCounters(t *testing.T) {
	s := openStore(t)
	day := time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)
	use := domain.Use{Coupon: "offers/1/coupons/2.A", Code: "A", ETag: "1", Limits: domain.Limits{Daily: 2}, From: day, To: day.AddDate(0, 0, 1)}
	earns := func(id string, want bool) {
		t.Helper()
		c := domain.Conversion{
			ID: id, Revision: 1, Outcome: domain.Attributed, Status: domain.StatusPending, Coupon: use.Coupon, PubUniques: domain.Uniques{2: "a"},
			ConversionTime: day,
		}
		stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c, Use: &use})
		if err != nil || !inserted || (stored.Outcome == domain.Attributed) != want {
			t.Errorf("sale %s: %+v, %v, %v, want it earned: %v", id, stored, inserted, err, want)
		}
	}
	if err := s.GiveBack(t.Context(), &use); err != nil {
		t.Errorf("giving back what was never counted: %v", err)
	}
	earns("first", true)
	if _, err := s.db.Collection(uses.Collection).DeleteOne(t.Context(), mongodoc.ByID(use.Coupon+"|"+use.Day())); err != nil {
		t.Fatalf("losing a counter: %v", err)
	}
	earns("second", true)
	earns("third", false)
	if _, err := s.db.Collection(uses.Collection).DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatalf("losing all counters: %v", err)
	}
	earns("fourth", false)
	earns("fifth", false)
}

// An update whose conversion another process changes meanwhile starts over from what that made of it;
// where that never ends the caller is told to try again.
func TestUpdateStartsOver(t *testing.T) {
	s := openStore(t)
	c := domain.Conversion{ID: "c", Revision: 1}
	if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
		t.Fatalf("inserting: %v", err)
	}
	for _, others := range []int{0, 3, mongodoc.UpdateAttempts} {
		calls := 0
		stored, err := s.UpdateConversion(t.Context(), "c", func(c domain.Conversion) (domain.Update, error) {
			if calls++; calls <= others {
				other := c
				other.Revision++
				if err := s.replace(t.Context(), encodeConversion(c), other); err != nil {
					return domain.Update{}, err
				}
			}
			c.Revision++
			return domain.Update{Conversion: c}, nil
		})
		if others == mongodoc.UpdateAttempts {
			if !apperr.Is(err, apperr.Unavailable) || calls != mongodoc.UpdateAttempts {
				t.Errorf("after %d calls: %v, want Unavailable after %d", calls, err, mongodoc.UpdateAttempts)
			}
			continue
		}
		now, readErr := s.Conversion(t.Context(), "c")
		if err != nil || readErr != nil || calls != others+1 || now.Revision != stored.Revision {
			t.Errorf("after %d others: revision %d (%v), stored is %d (%v), after %d calls", others, stored.Revision, err, now.Revision, readErr, calls)
		}
	}
}

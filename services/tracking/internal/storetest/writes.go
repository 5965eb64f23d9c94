package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

func clickRoundTrip(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	for _, want := range []domain.Click{fullClick(), bareClick(), {ID: "no UUID", Offer: "10", Time: at(5)}} {
		insertClick(t, s, want)
		checkClick(t, s, want)
	}
}

func clickIDTaken(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	first := fullClick()
	insertClick(t, s, first)
	second := bareClick()
	second.ID = first.ID
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.InsertClick(t.Context(), second); err == nil {
				t.Error("a second click with an id was stored")
			}
		})
		all.Go(func() { insertClick(t, s, fullClick()) })
	}
	all.Wait()
	checkClick(t, s, first)
}

func notFound(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	for _, id := range []string{"", "nothing", hash("nothing"), bareClick().ID} {
		if _, err := s.Click(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("click %q: %v, want ErrNotFound", id, err)
		}
		if _, err := s.Conversion(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("conversion %q: %v, want ErrNotFound", id, err)
		}
		if _, err := s.Postback(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("postback %q: %v, want ErrNotFound", id, err)
		}
		if _, err := s.Delivery(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("delivery %q: %v, want ErrNotFound", id, err)
		}
	}
}

func conversionRoundTrip(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	full := fullConversion()
	upper := full
	upper.ID = "ABCDEF0123456789ABCDEF0123456789" // no hash, and not the same id as in lower case
	lower := full
	lower.ID = "abcdef0123456789abcdef0123456789"
	odd := full
	odd.ID = "id of another form"
	plain := full
	plain.ID, plain.Basis = hash("plain"), &domain.Basis{Rule: "An offer that is not active earns nothing."}
	clicked := full
	clicked.ID, clicked.Basis = hash("clicked"), &domain.Basis{Click: &domain.ConsideredClick{Click: "c", Time: at(0)}}
	for _, want := range []domain.Conversion{full, upper, lower, odd, plain, clicked, sale(0), sale(1)} {
		insertNew(t, s, want)
		checkConversion(t, s, want)
	}
}

func noneAndZero(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	none := sale(1)
	none.Amount, none.Payout, none.Revenue = money.Money{}, money.Money{}, money.Money{}
	zero := sale(2)
	zero.Amount, zero.Payout, zero.Revenue = money.Money{Currency: "JPY"}, money.Money{Currency: "JPY"}, money.Money{Currency: "USD"}
	for _, want := range []domain.Conversion{none, zero} {
		insertNew(t, s, want)
		checkConversion(t, s, want)
	}
}

func oneWins(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const callers = 40
	var won [callers]bool
	var got [callers]domain.Conversion
	together(callers, func(i int) {
		mine := fullConversion()
		mine.TransactionID = fmt.Sprint("from caller ", i)
		var err error
		if got[i], won[i], err = s.InsertConversion(t.Context(), domain.Sale{Conversion: mine}); err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	})
	winner := -1
	for i := range callers {
		if won[i] && winner >= 0 {
			t.Errorf("callers %d and %d both inserted", winner, i)
		}
		if won[i] {
			winner = i
		}
	}
	if winner < 0 {
		t.Fatal("nobody inserted")
	}
	want := fullConversion()
	want.TransactionID = fmt.Sprint("from caller ", winner)
	for i := range callers {
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("caller %d got\n%+v, want the winner's\n%+v", i, got[i], want)
		}
	}
	checkConversion(t, s, want)
	if all := list(t, s, everything()); len(all) != 1 {
		t.Errorf("%d conversions are stored, want 1", len(all))
	}
}

func mixedBatch(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	for n := 0; n < 60; n += 2 {
		insertNew(t, s, sale(n))
	}
	// Each of the sixty twice, half of them stored before: each is inserted once, whatever the batches.
	var inserted [120]bool
	together(len(inserted), func(i int) {
		again := sale(i / 2)
		again.Explanation = fmt.Sprint("attempt ", i)
		stored, ok, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: again})
		if err != nil || stored.ID != again.ID || ok && stored.Explanation != again.Explanation {
			t.Errorf("attempt %d: %+v, %v, %v", i, stored, ok, err)
		}
		if i/2%2 == 0 && !reflect.DeepEqual(stored, sale(i/2)) {
			t.Errorf("attempt %d got %+v, want the one stored first", i, stored)
		}
		inserted[i] = ok
	})
	for n := range 60 {
		known := n%2 == 0
		if first, second := inserted[2*n], inserted[2*n+1]; known && (first || second) || !known && first == second {
			t.Errorf("sale %d (known: %v) was inserted by its attempts: %v, %v", n, known, first, second)
		}
	}
	if all := list(t, s, everything()); len(all) != 60 {
		t.Errorf("%d conversions are stored, want 60", len(all))
	}
}

func everythingAtOnce(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const each = 100
	var clicks [each]domain.Click
	together(2*each, func(i int) {
		if i%2 == 0 {
			clicks[i/2] = fullClick()
			insertClick(t, s, clicks[i/2])
			checkClick(t, s, clicks[i/2])
			return
		}
		insertNew(t, s, sale(i/2))
		checkConversion(t, s, sale(i/2))
	})
}

func endedContext(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.InsertClick(ctx, fullClick()); !errors.Is(err, context.Canceled) {
		t.Errorf("InsertClick: %v", err)
	}
	if _, _, err := s.InsertConversion(ctx, domain.Sale{Conversion: fullConversion()}); !errors.Is(err, context.Canceled) {
		t.Errorf("InsertConversion: %v", err)
	}
	if _, err := s.Conversion(t.Context(), fullConversion().ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the conversion that was refused: %v, want ErrNotFound", err)
	}
}

func restart(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	clicks := []domain.Click{fullClick(), bareClick()}
	for _, c := range clicks {
		insertClick(t, before, c)
	}
	insertNew(t, before, fullConversion())
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	for _, c := range clicks {
		checkClick(t, after, c)
	}
	checkConversion(t, after, fullConversion())
	other := fullConversion()
	other.Event = "lead"
	if stored, inserted, err := after.InsertConversion(t.Context(), domain.Sale{Conversion: other}); inserted || err != nil || !reflect.DeepEqual(stored, fullConversion()) {
		t.Errorf("a repeat after the restart: %+v, %v, %v", stored, inserted, err)
	}
}

func closed(t *testing.T, fresh Fresh) {
	s := fresh(t)(calendar(t))
	if err := s.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	if err := s.InsertClick(t.Context(), fullClick()); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("InsertClick: %v, want Unavailable", err)
	}
	if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: fullConversion()}); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("InsertConversion: %v, want Unavailable", err)
	}
	if _, err := s.Conversion(t.Context(), fullConversion().ID); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("Conversion: %v, want Unavailable", err)
	}
	if _, err := s.UpdateConversion(t.Context(), fullConversion().ID, func(c domain.Conversion) (domain.Update, error) {
		return domain.Update{Conversion: c}, nil
	}); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("UpdateConversion: %v, want Unavailable", err)
	}
	if err := s.InsertPostback(t.Context(), fullPostback()); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("InsertPostback: %v, want Unavailable", err)
	}
	if _, err := s.ClaimDeliveries(t.Context(), delivery.Claim{Now: at(0), Until: at(1), Holder: "h", Limit: 1}); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("ClaimDeliveries: %v, want Unavailable", err)
	}
	if _, err := s.Unplanned(t.Context(), 1); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("Unplanned: %v, want Unavailable", err)
	}
	if err := s.Ping(t.Context()); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("Ping: %v, want Unavailable", err)
	}
}

func closeWaits(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	const writers = 40
	var acknowledged [writers]bool
	closeErr := make(chan error, 1)
	together(writers, func(i int) {
		if i == writers/2 {
			closeErr <- before.Close()
		}
		_, _, err := before.InsertConversion(t.Context(), domain.Sale{Conversion: sale(i)})
		if err != nil && !apperr.Is(err, apperr.Unavailable) {
			t.Errorf("sale %d: %v, want nil or Unavailable", i, err)
		}
		acknowledged[i] = err == nil
	})
	if err := <-closeErr; err != nil {
		t.Errorf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	for i, ok := range acknowledged {
		if ok {
			checkConversion(t, after, sale(i))
		} else if _, err := after.Conversion(t.Context(), sale(i).ID); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("sale %d was refused: %v, want ErrNotFound", i, err)
		}
	}
}

// together runs n calls that start at the same moment, and waits for them.
func together(n int, call func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	all.Wait()
}

func insertClick(t *testing.T, s Store, c domain.Click) {
	t.Helper()
	if err := s.InsertClick(t.Context(), c); err != nil {
		t.Errorf("inserting click %s: %v", c.ID, err)
	}
}

func checkClick(t *testing.T, s Store, want domain.Click) {
	t.Helper()
	if got, err := s.Click(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the click is\n%+v (%v), want\n%+v", got, err, want)
	}
}

func insertNew(t *testing.T, s Store, c domain.Conversion) {
	t.Helper()
	stored, inserted, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c})
	if err != nil || !inserted || !reflect.DeepEqual(stored, c) {
		t.Errorf("inserting conversion %s: %+v, %v, %v", c.ID, stored, inserted, err)
	}
}

func checkConversion(t *testing.T, s Store, want domain.Conversion) {
	t.Helper()
	if got, err := s.Conversion(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the conversion is\n%+v (%v), want\n%+v", got, err, want)
	}
}

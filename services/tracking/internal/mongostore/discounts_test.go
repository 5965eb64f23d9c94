package mongostore_test

import (
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// checkDiscounts counts what waits, and checks the discounts of three conversions in two months.
func checkDiscounts(t *testing.T, s storetest.Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.CountNew(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	cells, _, err := s.Cells(t.Context(), []rollup.Span{{Cube: rollup.StatusMonths, From: 2026 * 12, To: 2026*12 + 11}}, nil)
	var sum rollup.Measures
	for _, c := range cells {
		sum = sum.Plus(c.Measures)
	}
	if got, want := sum.Discount.Money("EUR"), (money.Money{Currency: "EUR", Units: 7, Nanos: 500_000_000}); err != nil || got != want || sum.Conversions != 3 {
		t.Errorf("the figures have %d conversions with discounts of %v (%v), want 3 with %v", sum.Conversions, got, err, want)
	}
	for month := rollup.Month(2026 * 12); month < 2027*12; month++ {
		if found, err := s.Recount(t.Context(), month, false); err != nil || len(found.Differing) != 0 {
			t.Errorf("a recount differs: %v, %v", found.Differing, err)
		}
	}
}

// TestDiscountsFromBeforeTheyWereCounted checks that figures of an older release, complete or not, get the discounts of
// what it counted, once; at a start and in the source of a move.
func TestDiscountsFromBeforeTheyWereCounted(t *testing.T) {
	for _, phase := range []string{"READY", "DAYS"} {
		t.Run(phase, func(t *testing.T) {
			uri := mongotest.URI(t)
			clock := &passing{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
			s := openPassing(t, uri, rollup.NewCalendar(time.UTC), clock)
			for n, day := range []time.Time{clock.now, clock.now, clock.now.AddDate(0, -2, 0)} {
				c := domain.Conversion{
					ID: fmt.Sprintf("%032d", n), ContentHash: "h", Offer: "10", TransactionID: fmt.Sprint(n), Event: "sale", Status: domain.StatusPending,
					Outcome: domain.Unattributed, Reason: domain.NoReference, Discount: money.Money{Currency: "EUR", Units: 2, Nanos: 500_000_000},
					ConversionTime: day, CreateTime: clock.now, UpdateTime: clock.now, Revision: 1,
				}
				if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
					t.Fatal(err)
				}
			}
			checkDiscounts(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			forgetDiscounts(t, uri, phase)
			if phase == "READY" {
				moving, err := mongostore.OpenToMove(t.Context(), uri, move.Source, clock.time, mongotest.Options()...)
				if err != nil {
					t.Fatal(err)
				}
				checkDiscounts(t, &passingStore{Store: moving, clock: clock})
				if err := moving.Close(); err != nil {
					t.Fatal(err)
				}
				forgetDiscounts(t, uri, phase)
			}
			for range 2 {
				s := openPassing(t, uri, rollup.NewCalendar(time.UTC), clock)
				checkDiscounts(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// forgetDiscounts makes the figures those of a release that did not count discounts, in a phase of counting.
func forgetDiscounts(t *testing.T, uri, phase string) {
	t.Helper()
	db, err := mongodb.Open(t.Context(), uri, "tracking", mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	zero := bson.M{"$set": bson.M{"discount_units": int64(0), "discount_nanos": int64(0)}}
	if _, err := db.Collection("figures").UpdateMany(t.Context(), bson.M{}, zero); err != nil {
		t.Fatal(err)
	}
	old := bson.M{"$set": bson.M{"discounts": false, "phase": phase}}
	if found, err := db.Collection("counting").UpdateOne(t.Context(), bson.M{"_id": "figures"}, old); err != nil || found.MatchedCount != 1 {
		t.Fatal(found, err)
	}
}

package sqlitestore

import (
	"context"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// withoutDiscounts makes the figures of a directory those of a release that did not count discounts, with three
// conversions in two months. ready says whether that release had counted everything.
func withoutDiscounts(t *testing.T, dir string, ready bool) {
	t.Helper()
	s := opened(t, dir)
	for n, days := range []int{0, 0, 70} {
		c := countedSale(n)
		c.Discount = money.Money{Currency: "EUR", Units: 2, Nanos: 500_000_000}
		c.ConversionTime = c.ConversionTime.Add(-time.Duration(days) * 24 * time.Hour)
		if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: c}); err != nil {
			t.Fatal(err)
		}
	}
	if ready {
		countAll(t, s)
	}
	for _, statement := range []string{`UPDATE figures SET discount_units = 0, discount_nanos = 0`, `UPDATE counted SET discounts = 0`} {
		err := s.run(t.Context(), func(ctx context.Context, tx *sqlrow.Tx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// opened opens a store that the caller closes.
func opened(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkDiscounts checks that a store's figures have all discounts, and are otherwise right.
func checkDiscounts(t *testing.T, s *Store) {
	t.Helper()
	cells, _, err := s.Cells(t.Context(), []rollup.Span{{Cube: rollup.StatusMonths, From: 0, To: 1 << 30}}, nil)
	var sum rollup.Measures
	for _, c := range cells {
		sum = sum.Plus(c.Measures)
	}
	if got, want := sum.Discount.Money("EUR"), (money.Money{Currency: "EUR", Units: 7, Nanos: 500_000_000}); err != nil || got != want || sum.Conversions != 3 {
		t.Errorf("the figures have %d conversions with discounts of %v (%v), want 3 with %v", sum.Conversions, got, err, want)
	}
	if differing := recountAll(t, s, false); len(differing) != 0 {
		t.Errorf("a recount differs: %v", differing)
	}
}

// TestDiscountsFromBeforeTheyWereCounted checks that figures of an older release get the discounts of what it counted,
// once.
func TestDiscountsFromBeforeTheyWereCounted(t *testing.T) {
	for name, ready := range map[string]bool{"counted": true, "being counted": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			withoutDiscounts(t, dir, ready)
			for range 2 {
				s := opened(t, dir)
				countAll(t, s)
				checkDiscounts(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestMovedDiscounts checks that the source of a move gets them too.
func TestMovedDiscounts(t *testing.T) {
	dir := t.TempDir()
	withoutDiscounts(t, dir, true)
	s, err := OpenToMove(t.Context(), dir, move.Source, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	checkDiscounts(t, s)
}

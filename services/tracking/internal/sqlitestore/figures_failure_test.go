package sqlitestore

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// TestFailuresCountNothingTwice makes each kind of write fail in each kind of transaction, in SQLite's two ways,
// and then repeats it: no figure is ever wrong.
func TestFailuresCountNothingTwice(t *testing.T) {
	for _, event := range []string{
		"INSERT ON figures", "UPDATE ON figures", "UPDATE ON counted", "INSERT ON clicks", "INSERT ON conversions", "UPDATE ON conversions",
	} {
		for _, way := range []string{"ABORT", "ROLLBACK"} {
			t.Run(way+" "+event, func(t *testing.T) {
				s := openStore(t)
				s.purge.end() // nothing else writes
				storeSome(t, s, 20, 30)
				countAll(t, s)
				storeSome(t, s, 30, 40)
				s.exec(t, "CREATE TEMP TRIGGER failing BEFORE "+event+" BEGIN SELECT RAISE("+way+", 'on purpose'); END")
				late, sale := countedClick(10), countedSale(50)
				try := func() (failed int) {
					// A count, a change, a late click and a new sale in one batch fail together.
					changed := countedSale(20)
					changed.Status, changed.Revision = domain.StatusApproved, 2
					batch := []*job{
						{task: func(ctx context.Context, tx *tx) error { return update(ctx, tx, changed) }},
						{click: &late},
						{task: func(ctx context.Context, tx *tx) error { _, err := tx.count(ctx, time.Now(), countCells); return err }},
						{conversion: conversionRow{Conversion: &sale}},
						{task: func(ctx context.Context, tx *tx) error { changed.Revision++; return update(ctx, tx, changed) }},
					}
					for _, err := range s.writer.write(batch) {
						if err != nil {
							failed++
						}
					}
					return failed
				}
				if try() == 0 {
					t.Error("nothing failed")
				}
				if differing := recountAll(t, s, false); len(differing) > 0 {
					t.Errorf("after a failure %d cells differ: %+v", len(differing), differing)
				}
				s.exec(t, "DROP TRIGGER failing")
				if failed := try(); failed > 0 {
					t.Errorf("again, %d fail", failed)
				}
				countAll(t, s)
				if differing := recountAll(t, s, false); len(differing) > 0 {
					t.Errorf("at the end %d cells differ: %+v", len(differing), differing)
				}
				checkCounts(t, s, 21, 21)
			})
		}
	}
}

// TestAnUndoneCountMovesNothing undoes a count after it has moved the cursor: alone, and with its batch.
// What it had counted is new again, and a click among it is not late.
func TestAnUndoneCountMovesNothing(t *testing.T) {
	refusal := errors.New("no")
	count := func(ctx context.Context, tx *tx) error { _, err := tx.count(ctx, time.Now(), countCells); return err }
	for name, batch := range map[string][]*job{
		"alone": {{task: func(ctx context.Context, tx *tx) error { return errors.Join(count(ctx, tx), refusal) }}},
		"with its batch": {{task: count}, {task: func(ctx context.Context, tx *tx) error {
			_, err := tx.Exec(ctx, "INSERT OR ROLLBACK INTO coupon_uses (coupon, day, etag, uses) VALUES ('c', 'd', 'e', 1), ('c', 'd', 'e', 1)")
			return err
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			s.purge.end() // nothing else writes
			storeSome(t, s, 0, 10)
			countAll(t, s)
			storeSome(t, s, 20, 30)
			before := s.writer.tx.cursor
			if errs := s.writer.write(batch); len(errs) != len(batch) || errs[len(errs)-1] == nil {
				t.Fatalf("the errors are %v", errs)
			}
			if after := s.writer.tx.cursor; !reflect.DeepEqual(after, before) {
				t.Errorf("the cursor is %v, want %v", after, before)
			}
			storeSome(t, s, 15, 16) // after what was counted, before what is
			if err := reject(t.Context(), s, 25); err != nil {
				t.Error(err)
			}
			if differing := recountAll(t, s, false); len(differing) > 0 {
				t.Errorf("%d cells differ: %+v", len(differing), differing)
			}
			countAll(t, s)
			if differing := recountAll(t, s, false); len(differing) > 0 {
				t.Errorf("counted again, %d cells differ: %+v", len(differing), differing)
			}
			checkCounts(t, s, 21, 21)
		})
	}
}

// update stores a changed conversion.
func update(ctx context.Context, tx *tx, changed domain.Conversion) error {
	before, err := sqlrow.One(ctx, tx.Tx, scanWhole, selectConversion, sqlrow.HashKey(changed.ID))
	if err != nil {
		return err
	}
	return tx.update(ctx, changed.ID, before, domain.Update{Conversion: changed})
}

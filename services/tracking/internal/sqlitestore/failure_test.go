package sqlitestore

import (
	"context"
	"errors"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestFullDisk allows no new page in the file, which SQLite treats as a full disk. Each batch then fails as a
// whole and stores nothing, and the first batch after there is room again is stored.
func TestFullDisk(t *testing.T) {
	s := openStore(t)
	s.purge.end()         // nothing else writes
	limitPages(t, s, "1") // SQLite raises a lower limit to the present size.
	batch := make([]*job, 3*runLength)
	for i := range batch {
		sale := &domain.Conversion{ID: string(rune('a' + i)), Offer: "10", Event: "sale", Explanation: string(make([]byte, 4000))}
		batch[i] = &job{conversion: conversionRow{Conversion: sale}}
	}
	for range 2 {
		errs := s.writer.write(batch)
		if len(errs) != len(batch) {
			t.Fatalf("%d errors for %d conversions", len(errs), len(batch))
		}
		for i, err := range errs {
			if !apperr.Is(err, apperr.Unavailable) {
				t.Errorf("conversion %d: %v, want Unavailable", i, err)
			}
			if _, err := s.Conversion(t.Context(), batch[i].conversion.ID); !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("conversion %d is read after it was refused: %v", i, err)
			}
		}
	}
	limitPages(t, s, "1000000")
	if errs := s.writer.write(batch); errs != nil {
		t.Errorf("with room again: %v", errs[0])
	}
	for i, j := range batch {
		if _, err := s.Conversion(t.Context(), j.conversion.ID); err != nil || j.rows != 1 {
			t.Errorf("conversion %d: %v, %d rows", i, err, j.rows)
		}
	}
}

// insertUses is any write of a task.
const insertUses = `INSERT INTO coupon_uses (coupon, day, etag, uses) VALUES (?, ?, ?, ?) ON CONFLICT (coupon, day) DO UPDATE SET uses = excluded.uses`

// TestTasksFailAlone runs a batch with a task that fails after it has written: its writes are undone, and the
// rest of the batch is stored.
func TestTasksFailAlone(t *testing.T) {
	s := openStore(t)
	s.purge.end() // nothing else writes
	refusal := errors.New("no")
	task := func(day string, err error) *job {
		return &job{task: func(ctx context.Context, tx *tx) error {
			if _, err := tx.Exec(ctx, insertUses, "coupon", day, "etag", 1); err != nil {
				return err
			}
			return err
		}}
	}
	sale := &job{conversion: conversionRow{Conversion: &domain.Conversion{ID: "a", Offer: "10", Event: "sale"}}}
	errs := s.writer.write([]*job{task("before", nil), task("failing", refusal), sale, task("after", nil)})
	if len(errs) != 4 || errs[0] != nil || !errors.Is(errs[1], refusal) || errs[2] != nil || errs[3] != nil {
		t.Fatalf("the errors are %v", errs)
	}
	if _, err := s.Conversion(t.Context(), "a"); err != nil || sale.rows != 1 {
		t.Errorf("the sale beside: %v, %d rows", err, sale.rows)
	}
	var days string
	if err := s.db.Read().QueryRowContext(t.Context(), "SELECT group_concat(day) FROM (SELECT day FROM coupon_uses ORDER BY day)").Scan(&days); err != nil || days != "after,before" {
		t.Errorf("written are %q (%v)", days, err)
	}
}

// TestFailedCommitFailsTasks checks that a task whose batch cannot be stored is told so.
func TestFailedCommitFailsTasks(t *testing.T) {
	s := openStore(t)
	s.purge.end() // nothing else writes
	limitPages(t, s, "1")
	fill := &job{task: func(ctx context.Context, tx *tx) error {
		_, err := tx.Exec(ctx, insertUses, "coupon", string(make([]byte, 100_000)), "etag", 1)
		return err
	}}
	if errs := s.writer.write([]*job{fill}); len(errs) != 1 || !apperr.Is(errs[0], apperr.Unavailable) {
		t.Errorf("on a full disk: %v, want Unavailable", errs)
	}
	limitPages(t, s, "1000000")
	if errs := s.writer.write([]*job{fill}); errs != nil {
		t.Errorf("with room again: %v", errs[0])
	}
}

func limitPages(t *testing.T, s *Store, most string) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), "PRAGMA max_page_count = "+most); err != nil {
		t.Fatal(err)
	}
}

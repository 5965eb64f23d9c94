package sqlitestore

import (
	"errors"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// TestFullDisk lets no page be added to the file, which SQLite takes for a full disk: each batch
// then fails as a whole, stores nothing, and the first one after there is room again is stored.
func TestFullDisk(t *testing.T) {
	s := openStore(t)
	limitPages(t, s, "1") // SQLite takes less than there are as what there are.
	batch := make([]*job, 3*runLength)
	for i := range batch {
		batch[i] = &job{conversion: &rules.Conversion{ID: string(rune('a' + i)), Offer: "10", Event: "sale", Explanation: string(make([]byte, 4000))}}
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
			if _, err := s.Conversion(t.Context(), batch[i].conversion.ID); !errors.Is(err, flow.ErrNotFound) {
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

func limitPages(t *testing.T, s *Store, most string) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), "PRAGMA max_page_count = "+most); err != nil {
		t.Fatal(err)
	}
}

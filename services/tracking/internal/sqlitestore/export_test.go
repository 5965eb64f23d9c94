package sqlitestore_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

const (
	// exportedSales are enough that holding them all would show: some 100 MB.
	exportedSales = 100_000
	// exportHeapBytes is by how much an export may add to what the program holds.
	exportHeapBytes = 8 << 20
)

// TestExportTakesLittleMemory exports many sales, in an order with an index and in one without.
func TestExportTakesLittleMemory(t *testing.T) {
	s := openExported(t, exportedSales)
	for _, order := range [][]listing.Order{
		{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}},
		{{Field: "create_time"}, {Field: "offer"}, {Field: "id"}},
	} {
		before, most, rows := held(), uint64(0), 0
		err := s.ExportConversions(t.Context(), listing.Query{Order: order}, func(part []domain.Conversion) error {
			if rows%(exportedSales/10) == 0 {
				most = max(most, held())
			}
			rows += len(part)
			return nil
		})
		if err != nil || rows != exportedSales {
			t.Fatalf("%v after %d rows", err, rows)
		}
		if most > before+exportHeapBytes {
			t.Errorf("by %v an export holds %d KiB more than before", order, (most-before)>>10)
		}
		t.Logf("by %v: %d KiB before, at most %d KiB", order, before>>10, most>>10)
	}
}

// TestExportsLeaveReadersForOthers: one export too many is refused, and nobody else waits.
func TestExportsLeaveReadersForOthers(t *testing.T) {
	s := openExported(t, 1)
	query := listing.Query{Order: []listing.Order{{Field: "id"}}}
	nothing := func([]domain.Conversion) error { return nil }
	err := s.ExportConversions(t.Context(), query, func([]domain.Conversion) error {
		return s.ExportConversions(t.Context(), query, func([]domain.Conversion) error {
			if err := s.ExportConversions(t.Context(), query, nothing); apperr.As(err) == nil || apperr.As(err).Reason != "TOO_MANY_EXPORTS" {
				t.Errorf("the third export at once: %v", err)
			}
			return s.Ping(t.Context())
		})
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.ExportConversions(t.Context(), query, nothing); err != nil {
		t.Errorf("the next export: %v", err)
	}
}

// held is what the program holds, in bytes.
func held() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// openExported opens a store with some sales.
func openExported(t *testing.T, sales int) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: journalRetention, Calendar: rollup.NewCalendar(time.UTC), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	const writers = 200
	var all sync.WaitGroup
	for w := range min(writers, sales) {
		all.Go(func() {
			for n := w; n < sales; n += writers {
				if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: benchConversion(int64(n))}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return s
}

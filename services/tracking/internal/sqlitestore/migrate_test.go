package sqlitestore

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// TestConversionsFromBeforeDecisionsWereKept stores a conversion under the first schema and reads it under the
// newest: it has no grounds and no revenue, and is otherwise unchanged.
func TestConversionsFromBeforeDecisionsWereKept(t *testing.T) {
	dir := t.TempDir()
	const first = "migrations/00001_clicks_and_conversions.sql"
	schema, err := fs.ReadFile(migrations, first)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlitedb.Open(t.Context(), filepath.Join(dir, "tracking.db"), fstest.MapFS{filepath.Base(first): {Data: schema}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Writer().ExecContext(t.Context(), `INSERT INTO conversions VALUES
		('old', 'hash', '10', '', '', '', '', '', 'A-1', 'sale', '', 0, 0, '', 0, 0, 'PENDING', 'UNATTRIBUTED', '', 'NO_REFERENCE', 'Nothing.', '',
		'', '', '', '', '', '', '', '', 1, 2, 0)`)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	s, err := Open(t.Context(), dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	want := domain.Conversion{
		ID: "old", ContentHash: "hash", Offer: "10", TransactionID: "A-1", Event: "sale", Status: domain.StatusPending,
		Outcome: domain.Unattributed, Reason: domain.NoReference, Explanation: "Nothing.", ConversionTime: sqlrow.Time(1), CreateTime: sqlrow.Time(2),
		UpdateTime: sqlrow.Time(2), Revision: 1,
	}
	if got, err := s.Conversion(t.Context(), "old"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v (%v), want\n%+v", got, err, want)
	}
	if _, _, err := s.Cells(t.Context(), nil, nil); !errors.Is(err, domain.ErrNotCounted) {
		t.Errorf("its figures are %v, want ErrNotCounted", err)
	}
	countAll(t, s)
	checkCounts(t, s, 0, 1)
}

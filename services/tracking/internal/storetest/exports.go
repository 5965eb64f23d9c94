package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// exported is how many conversions are exported: of a size that no store has in one part.
const exported = 1100

// newestFirst is the order of reports.
func newestFirst() []listing.Order {
	return []listing.Order{{Field: "conversion_time", Desc: true}, {Field: "id", Desc: true}}
}

// storeMany is storeSales for more than a slow store takes at once.
func storeMany(t *testing.T, s Store, from, to int) (stored []domain.Conversion) {
	t.Helper()
	const atOnce = 100
	for ; from < to; from += atOnce {
		stored = append(stored, storeSales(t, s, from, min(from+atOnce, to))...)
	}
	return stored
}

// export returns what an export gives, calling between after each part.
func export(t *testing.T, s Store, q listing.Query, between func(parts int)) []domain.Conversion {
	t.Helper()
	var all []domain.Conversion
	parts := 0
	err := s.ExportConversions(t.Context(), q, func(part []domain.Conversion) error {
		if len(part) == 0 {
			t.Error("a part is empty")
		}
		all = append(all, part...)
		parts++
		between(parts)
		return nil
	})
	if err != nil {
		t.Fatalf("exporting: %v", err)
	}
	return all
}

func exports(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	full := fullConversion()
	insertNew(t, s, full)
	stored := append(storeMany(t, s, 0, exported), full)
	for _, q := range []listing.Query{
		{Order: newestFirst()},
		{Order: newestFirst(), Limit: -1},
		{Order: newestFirst(), Limit: 700},
		{Order: []listing.Order{{Field: "pub_unique3_key"}, {Field: "id"}}, Where: is("offer", listing.Equal, "10")},
		{Order: newestFirst(), Where: is("publisher", listing.Equal, "nobody")},
	} {
		want := conversionRows().selected(stored, q)
		if q.Limit > 0 {
			want = want[:q.Limit]
		}
		parts := 0
		got := export(t, s, q, func(n int) { parts = n })
		if !slices.Equal(ids(got), ids(want)) {
			t.Errorf("%v by %v, at most %d: %d conversions, want %d", q.Where, q.Order, q.Limit, len(got), len(want))
		}
		if len(got) > 1000 && parts < 2 {
			t.Errorf("%d conversions came in %d parts", len(got), parts)
		}
		for _, c := range got {
			if c.ID == full.ID && !reflect.DeepEqual(c, listed(full)) {
				t.Errorf("exported is\n%+v, want\n%+v", c, listed(full))
			}
		}
	}
}

func exportOfOneMoment(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	want := conversionRows().selected(storeMany(t, s, 20, 20+exported), listing.Query{Order: newestFirst()})
	last := want[len(want)-1]
	got := export(t, s, listing.Query{Order: newestFirst()}, func(parts int) {
		if parts > 1 {
			return
		}
		insertNew(t, s, sale(0))             // older than all
		insertNew(t, s, sale(20+exported+9)) // newer than all
		update(t, s, last.ID, func(c domain.Conversion) domain.Conversion { return settled(c, 1) })
	})
	if !slices.Equal(ids(got), ids(want)) {
		t.Errorf("the export has %d conversions, want the %d that were there", len(got), len(want))
	}
	if end := got[len(got)-1]; !reflect.DeepEqual(end, listed(last)) {
		t.Errorf("changed since, the last is\n%+v, want\n%+v", end, listed(last))
	}
	if now := export(t, s, listing.Query{Order: newestFirst()}, func(int) {}); len(now) != exported+2 {
		t.Errorf("the next export has %d conversions, want %d", len(now), exported+2)
	}
}

func exportsEnd(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	storeMany(t, s, 0, exported)
	enough := errors.New("enough")
	for range 5 { // An export that is canceled must release its connection: the stores have few.
		if err := s.ExportConversions(t.Context(), everything(), func([]domain.Conversion) error { return enough }); err != enough { //nolint:errorlint // as it is
			t.Errorf("given up, the export ended with %v", err)
		}
		ctx, leave := context.WithCancel(t.Context())
		parts := 0
		err := s.ExportConversions(ctx, listing.Query{Order: newestFirst()}, func([]domain.Conversion) error {
			parts++
			leave()
			return nil
		})
		leave()
		if !errors.Is(err, context.Canceled) || parts > 1 {
			t.Errorf("left after the first part, the export ended with %v after %d parts", err, parts)
		}
	}
	if got := export(t, s, listing.Query{Order: newestFirst()}, func(int) {}); len(got) != exported {
		t.Errorf("the next export has %d conversions, want %d", len(got), exported)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

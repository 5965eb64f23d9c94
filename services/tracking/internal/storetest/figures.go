package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// zones differ in when their days begin, and in whether clocks are changed.
func zones() []string {
	return []string{"Europe/Prague", "America/Santiago", "Asia/Kathmandu", "UTC"}
}

// calendar is the calendar of promises that do not depend on one.
func calendar(t testing.TB) rollup.Calendar {
	t.Helper()
	return calendarOf(t, zones()[0])
}

func calendarOf(t testing.TB, zone string) rollup.Calendar {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return rollup.NewCalendar(location)
}

func isNotFound(err error) bool { return errors.Is(err, domain.ErrNotFound) }

// figuresOfHistories counts, and restarts the store, now and then.
func figuresOfHistories(t *testing.T, fresh Fresh) {
	for seed, zone := range zones() {
		t.Run(zone, func(t *testing.T) {
			h := newHistory(t, calendarOf(t, zone), uint64(seed)) //nolint:gosec // a few
			open := fresh(t)
			s := open(h.calendar)
			for range 3 {
				for range 40 {
					h.step(s)
					if h.chance.IntN(8) == 0 {
						if _, err := s.CountNew(t.Context(), later()); err != nil {
							t.Errorf("counting: %v", err)
						}
					}
				}
				h.check(s)
				h.step(s)
				if err := s.Close(); err != nil {
					t.Errorf("closing: %v", err)
				}
				s = open(h.calendar)
			}
			h.check(closing(t, s))
		})
	}
}

// racingCounters count while things are stored and changed, each of them many times.
func racingCounters(t *testing.T, fresh Fresh) {
	const writers, counters, steps = 8, 3, 15
	h := newHistory(t, calendar(t), 10)
	s := opened(t, fresh)
	var writing sync.WaitGroup
	writing.Add(writers)
	var written atomic.Bool
	together(writers+counters+1, func(i int) {
		switch {
		case i < writers:
			defer writing.Done()
			for range steps {
				h.step(s)
			}
		case i < writers+counters:
			for !written.Load() {
				if _, err := s.CountNew(t.Context(), later()); err != nil {
					t.Errorf("counting: %v", err)
				}
			}
		default:
			writing.Wait()
			written.Store(true)
		}
	})
	h.check(s)
}

// lateClicks are older than others that are counted already.
func lateClicks(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 20)
	s := opened(t, fresh)
	clicks := make([]domain.Click, 30)
	for i := range clicks {
		clicks[i] = h.newClick()
	}
	slices.SortFunc(clicks, func(a, b domain.Click) int { return b.Time.Compare(a.Time) })
	for _, c := range clicks {
		insertClick(t, s, c)
		h.clicks = append(h.clicks, c)
		if h.chance.IntN(3) == 0 {
			h.check(s)
		}
	}
	h.check(s)
}

// changesOfCounted checks that a change of a counted conversion shows without another count.
func changesOfCounted(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 30)
	s := opened(t, fresh)
	for range 20 {
		h.sale(s)
	}
	h.check(s)
	for range 40 {
		h.change(s)
	}
	h.check(s)
	together(40, func(int) { h.change(s) })
	h.check(s)
}

func nothingToCount(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	countAll(t, s)
	if cells := cellsOf(t, s, allSpans(), nil); len(added(cells)) > 0 {
		t.Errorf("an empty store has the cells %+v", cells)
	}
	if first, last, err := s.CountedMonths(t.Context()); err != nil || first <= last {
		t.Errorf("an empty store has the months %d to %d, %v", first, last, err)
	}
	if cells, err := s.Totals(t.Context(), nil); err != nil || len(added(cells)) > 0 {
		t.Errorf("an empty store has the totals %+v, %v", cells, err)
	}
	if got, err := s.Recount(t.Context(), rollup.DayOf(samplesMonth().Date()).Month(), true); err != nil || got.Counted != 0 || len(got.Differing) > 0 {
		t.Errorf("an empty store is recounted as %+v, %v", got, err)
	}
}

// countedTime checks the time that a store says everything is counted up to.
func countedTime(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 40)
	s := opened(t, fresh)
	h.click(s)
	start := later()
	for _, after := range []time.Duration{0, time.Second, time.Minute} {
		now := start.Add(after)
		for more := true; more; {
			var err error
			if more, err = s.CountNew(t.Context(), now); err != nil {
				t.Fatalf("counting: %v", err)
			}
		}
		_, counted, err := s.Cells(t.Context(), nil, nil)
		if err != nil || counted.After(now) || counted.Before(now.Add(-time.Second).Truncate(time.Millisecond)) {
			t.Errorf("counted at %v, it says %v, %v", now, counted, err)
		}
	}
}

// otherZone opens a store by the days of other zones.
func otherZone(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 50)
	open := fresh(t)
	for _, zone := range []string{"Europe/Prague", "America/Santiago", "Europe/Prague", "Asia/Kathmandu"} {
		h.calendar = calendarOf(t, zone)
		s := open(h.calendar)
		if len(h.clicks) > 0 {
			uncounted(t, s)
		}
		for range 30 {
			h.step(s)
		}
		h.click(s)
		h.check(s)
		h.change(s)
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		s = open(h.calendar) // which is the same
		h.check(s)
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
}

// uncounted checks that a store returns no figures before they are complete.
func uncounted(t *testing.T, s Store) {
	t.Helper()
	if cells, _, err := s.Cells(t.Context(), allSpans(), nil); !errors.Is(err, domain.ErrNotCounted) {
		t.Errorf("before it is counted: %d cells, %v, want ErrNotCounted", len(cells), err)
	}
	if _, _, err := s.CountedMonths(t.Context()); !errors.Is(err, domain.ErrNotCounted) {
		t.Errorf("the months before it is counted: %v, want ErrNotCounted", err)
	}
	if _, err := s.Recount(t.Context(), rollup.DayOf(samplesMonth().Date()).Month(), true); !errors.Is(err, domain.ErrNotCounted) {
		t.Errorf("a recount before it is counted: %v, want ErrNotCounted", err)
	}
}

// cellsByCondition compares the cells that a store selects with those selected from all cells here.
func cellsByCondition(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 60)
	s := opened(t, fresh)
	for range 150 {
		h.step(s)
	}
	countAll(t, s)
	all := h.tally(s).Cells()
	middle := h.calendar.Day(h.begin.Add(h.length / 2))
	from, to := middle-7, middle+9
	spans := [][]rollup.Span{
		allSpans(), nil,
		rollup.Spans([]rollup.Dimension{rollup.ByDay, rollup.ByOffer, rollup.ByStatus}, from, to),
		rollup.Spans([]rollup.Dimension{rollup.ByPublisher}, from-20, rollup.LastDay),
		rollup.Spans([]rollup.Dimension{rollup.ByCouponCode}, rollup.FirstDay, to+40),
	}
	for _, where := range []listing.Expr{
		nil,
		is("publisher", listing.Equal, "22"),
		is("offer", listing.NotEqual, "10"),
		is("coupon_code", listing.Equal, "SALEXYZ20"),
		is("coupon_code", listing.HasPrefix, "Ü"),
		listing.Or{is("method", listing.Equal, "MANUAL"), is("status", listing.Equal, "REJECTED")},
		listing.And{is("publisher", listing.Equal, "23"), listing.Not{Expr: is("coupon_code", listing.Equal, "")}},
		listing.And{},
		listing.Or{},
	} {
		for i, spans := range spans {
			t.Run(fmt.Sprint(where, i), func(t *testing.T) {
				var want []rollup.Cell
				for _, c := range all {
					in := slices.ContainsFunc(spans, func(s rollup.Span) bool {
						return s.Cube == c.Key.Cube && s.From <= c.Key.Period && c.Key.Period <= s.To
					})
					if in && (where == nil || holds(func(field string) any { return cellValue(c.Key, field) }, where)) {
						want = append(want, c)
					}
				}
				checkCells(t, cellsOf(t, s, spans, where), want)
			})
		}
	}
}

func cellValue(k rollup.CellKey, field string) any {
	switch field {
	case "offer":
		return k.Offer
	case "publisher":
		return k.Publisher
	case "coupon_code":
		return k.CouponCode
	case "status":
		return string(k.Status)
	case "method":
		return string(k.Method)
	default:
		panic("no field " + field)
	}
}

// recounts recounts correct figures month by month and finds no difference.
func recounts(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 70)
	s := opened(t, fresh)
	for range 200 {
		h.step(s)
	}
	countAll(t, s)
	want := map[rollup.Month]int64{}
	for _, c := range h.tally(s).Cells() {
		want[c.Key.Day().Month()]++
	}
	first, last, err := s.CountedMonths(t.Context())
	if err != nil || want[first] == 0 || want[last] == 0 {
		t.Fatalf("the months are %d to %d, %v; there are %v", first, last, err, want)
	}
	for month := range want {
		if month < first || month > last {
			t.Errorf("month %d is not from %d to %d", month, first, last)
		}
	}
	for month := first - 1; month <= last+1; month++ {
		got, err := s.Recount(t.Context(), month, true)
		if err != nil || got.Counted != want[month] || len(got.Differing) > 0 {
			t.Errorf("month %d has %d cells, %d of them wrong (%v), want %d and none", month, got.Counted, len(got.Differing), err, want[month])
		}
	}
	h.check(s)
}

// recountsBeside recounts while things are stored, changed and counted, and loses nothing.
func recountsBeside(t *testing.T, fresh Fresh) {
	const writers, steps = 6, 12
	h := newHistory(t, calendar(t), 80)
	s := opened(t, fresh)
	for range 60 {
		h.step(s)
	}
	h.check(s)
	together(writers+2, func(i int) {
		for range steps {
			switch i {
			case writers:
				if _, err := s.CountNew(t.Context(), later()); err != nil {
					t.Errorf("counting: %v", err)
				}
			case writers + 1:
				recountAll(t, s)
			default:
				h.step(s)
			}
		}
	})
	h.check(s)
}

// recountAll recounts all months and fixes their cells.
func recountAll(t *testing.T, s Store) {
	t.Helper()
	first, last, err := s.CountedMonths(t.Context())
	if err != nil {
		t.Errorf("reading the months: %v", err)
	}
	for month := first; month <= last; month++ {
		if _, err := s.Recount(t.Context(), month, true); err != nil {
			t.Errorf("recounting month %d: %v", month, err)
		}
	}
}

// totals compares the totals of conditions with the sums over the conversions that they select.
func totals(t *testing.T, fresh Fresh) {
	h := newHistory(t, calendar(t), 90)
	s := opened(t, fresh)
	for range 200 {
		h.step(s)
	}
	for _, where := range []listing.Expr{
		nil,
		is("pub_unique3_key", listing.Equal, ""),
		is("coupon_code_key", listing.Equal, "SALEXYZ20"),
		is("conversion_time", listing.Less, h.begin.Add(h.length/2)),
		listing.Or{is("publisher", listing.Equal, "22"), is("status", listing.Equal, "REJECTED")},
		is("publisher", listing.Equal, "nobody"),
	} {
		q := everything()
		q.Where = where
		sums := rollup.New(h.calendar)
		for _, c := range list(t, s, q) {
			one := rollup.New(h.calendar)
			one.AddConversion(&c)
			for _, cell := range one.Cells() {
				if cell.Key.Cube == rollup.FullDays {
					sums.Add(rollup.Cell{Key: rollup.CellKey{Currency: cell.Key.Currency}, Measures: cell.Measures})
				}
			}
		}
		got, err := s.Totals(t.Context(), where)
		if err != nil {
			t.Fatalf("adding up what satisfies %v: %v", where, err)
		}
		t.Run(fmt.Sprint(where), func(t *testing.T) { checkCells(t, got, sums.Cells()) })
		if keys := added(got); len(got) > len(keys)+1 {
			t.Errorf("%v: %d cells for %d currencies", where, len(got), len(keys))
		}
	}
}

package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// recently is the beginning of a day since which everything is kept.
func recently() time.Time { return time.Now().UTC().Truncate(24 * time.Hour).Add(-10 * 24 * time.Hour) }

// countedClick is the n-th of a series of clicks, an hour apart.
func countedClick(n int) domain.Click {
	at := recently().Add(time.Duration(n) * time.Hour)
	return domain.Click{ID: idAt(at), Offer: "10", Publisher: fmt.Sprint(20 + n%3), Coupon: "c", CouponCode: fmt.Sprint("CODE", n%5), Time: at}
}

// countedSale is the n-th of a series of sales, an hour apart.
func countedSale(n int) domain.Conversion {
	return domain.Conversion{
		ID: fmt.Sprintf("%032x", n), Offer: "10", Publisher: fmt.Sprint(20 + n%3), CouponCode: fmt.Sprint("CODE", n%5), Event: "sale", Revision: 1,
		Status: domain.StatusPending, Outcome: domain.Attributed, Method: domain.CouponCode, Amount: money.Money{Currency: "EUR", Units: int64(n), Nanos: 990_000_000},
		ConversionTime: recently().Add(time.Duration(n) * time.Hour),
	}
}

// storeSome stores clicks and sales from one number up to another.
func storeSome(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := s.InsertClick(t.Context(), countedClick(n)); err != nil {
			t.Error(err)
		}
		if _, _, err := s.InsertConversion(t.Context(), domain.Sale{Conversion: countedSale(n)}); err != nil {
			t.Error(err)
		}
	}
}

// reject rejects the n-th sale.
func reject(ctx context.Context, s *Store, n int) error {
	_, err := s.UpdateConversion(ctx, countedSale(n).ID, func(c domain.Conversion) (domain.Update, error) {
		c.Status = domain.StatusRejected
		c.Revision++
		return domain.Update{Conversion: c}, nil
	})
	return err
}

func countAll(t *testing.T, s *Store) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.CountNew(t.Context(), time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
}

// recountAll recounts all months and returns what differs, by key.
func recountAll(t *testing.T, s *Store, mend bool) map[rollup.CellKey]rollup.Difference {
	t.Helper()
	first, last, err := s.CountedMonths(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	differing := map[rollup.CellKey]rollup.Difference{}
	for month := first; month <= last; month++ {
		found, err := s.Recount(t.Context(), month, mend)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found.Differing {
			differing[d.Key] = d
		}
	}
	return differing
}

// clicksAndSales returns the clicks and the conversions of the cubes by status of months and by offer of days.
func clicksAndSales(t *testing.T, s *Store) (clicks, conversions [2]int64) {
	t.Helper()
	for i, cube := range []rollup.Cube{rollup.StatusMonths, rollup.OfferDays} {
		cells, _, err := s.Cells(t.Context(), []rollup.Span{{Cube: cube, From: int32(rollup.FirstDay), To: int32(rollup.LastDay)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			clicks[i] += c.Clicks
			conversions[i] += c.Conversions
		}
	}
	return clicks, conversions
}

func checkCounts(t *testing.T, s *Store, wantClicks, wantConversions int64) {
	t.Helper()
	clicks, conversions := clicksAndSales(t, s)
	if clicks != [2]int64{wantClicks, wantClicks} || conversions != [2]int64{wantConversions, wantConversions} {
		t.Errorf("counted are %d clicks and %d conversions, want %d and %d", clicks, conversions, wantClicks, wantConversions)
	}
}

// TestRecountMends breaks cells in each way. A recount finds exactly these, and fixes them while more is stored,
// changed and counted.
func TestRecountMends(t *testing.T) {
	s := openStore(t)
	const before, meanwhile = 100, 60
	storeSome(t, s, 0, before)
	countAll(t, s)
	var broken int64
	for _, statement := range []string{
		`UPDATE figures SET clicks = clicks + 7 WHERE cube = 2 AND publisher = '20'`,
		`UPDATE figures SET amount_nanos = amount_nanos - 1 WHERE cube = 11 AND currency = 'EUR'`,
		`DELETE FROM figures WHERE cube = 14 AND coupon_code = 'CODE3'`,
		`INSERT INTO figures SELECT cube, period, 'stray', publisher, coupon_code, status, method, currency, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
			FROM figures WHERE cube = 3`,
	} {
		s.write(t, func(ctx context.Context, tx *tx) error {
			rows, err := tx.Exec(ctx, statement)
			broken += rows
			return err
		})
	}
	found := recountAll(t, s, false)
	if int64(len(found)) != broken || broken < 4 {
		t.Errorf("%d cells are broken, %d are found", broken, len(found))
	}
	for key, d := range found {
		if d.Kept == d.Counted {
			t.Errorf("%+v is found, but right: %+v", key, d)
		}
		if key.Offer == "stray" && d.Counted != (rollup.Measures{}) {
			t.Errorf("%+v is counted as %+v", key, d.Counted)
		}
	}
	var all sync.WaitGroup
	all.Go(func() { storeSome(t, s, before, before+meanwhile) })
	all.Go(func() {
		for n := range before {
			if err := reject(t.Context(), s, n); err != nil {
				t.Error(err)
			}
			if _, err := s.CountNew(t.Context(), time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
		}
	})
	recountAll(t, s, true)
	all.Wait()
	countAll(t, s)
	if left := recountAll(t, s, false); len(left) > 0 {
		t.Errorf("after it was mended %d cells differ: %+v", len(left), left)
	}
	checkCounts(t, s, before+meanwhile, before+meanwhile)
}

// TestRecountSeesOneMoment recounts while much is stored, changed and counted: no cell ever differs.
func TestRecountSeesOneMoment(t *testing.T) {
	s := openStore(t)
	const writers, each = 4, 60
	var writing, all sync.WaitGroup
	var written atomic.Bool
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				storeSome(t, s, w*each+n, w*each+n+1)
				if err := reject(t.Context(), s, w*each+n/2); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for !written.Load() {
			if _, err := s.CountNew(t.Context(), time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Go(func() {
		writing.Wait()
		written.Store(true)
	})
	for !written.Load() {
		if differing := recountAll(t, s, false); len(differing) > 0 {
			t.Errorf("%d cells differ: %+v", len(differing), differing)
			break
		}
	}
	all.Wait()
	countAll(t, s)
	checkCounts(t, s, writers*each, writers*each)
}

// exec runs a statement on the writing connection, outside of transactions.
func (s *Store) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// write runs a task.
func (s *Store) write(t *testing.T, task func(context.Context, *tx) error) {
	t.Helper()
	if err := s.queue.Write(t.Context(), &job{task: task}); err != nil {
		t.Fatal(err)
	}
}

// TestClicksWhoseIDsAreNoUUID: such clicks sort before all others in their table, so most of them are late.
func TestClicksWhoseIDsAreNoUUID(t *testing.T) {
	s := openStore(t)
	odd := func(id string) {
		c := countedClick(1)
		c.ID = id
		if err := s.InsertClick(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	odd("m")
	countAll(t, s)
	checkCounts(t, s, 1, 0)
	odd("a")
	odd("z")
	countAll(t, s)
	checkCounts(t, s, 3, 0)
	storeSome(t, s, 0, 1)
	countAll(t, s)
	odd("zz")
	odd("b")
	countAll(t, s)
	checkCounts(t, s, 6, 1)
}

// TestDeletedClicksStayCounted deletes the older clicks of a month and recounts it.
func TestDeletedClicksStayCounted(t *testing.T) {
	s := openStore(t)
	s.purge.end() // nothing else is deleted
	now := time.Now()
	boundary := now.Add(-clickRetention)
	storeClicks(t, s, 40, func(i int) time.Time {
		return boundary.Add(time.Duration(i-20)*11*time.Hour + time.Minute).Truncate(time.Millisecond)
	})
	countAll(t, s)
	checkCounts(t, s, 40, 0)
	s.purge.deleteOld(t.Context(), now)
	if differing := recountAll(t, s, true); len(differing) > 0 {
		t.Errorf("after clicks were deleted %d cells differ: %+v", len(differing), differing)
	}
	s.exec(t, `UPDATE figures SET clicks = clicks + 1 WHERE cube > 10 AND clicks > 0`)
	if differing := recountAll(t, s, true); len(differing) < 4 {
		t.Errorf("of four cubes of months %d cells differ: %+v", len(differing), differing)
	}
	checkCounts(t, s, 40, 0)
}

// TestClicksKeptForLessTime keeps clicks for a week, and then for longer again, in a store that is opened again. Figures keep
// what was deleted, and the uses of days are kept for their own time.
func TestClicksKeptForLessTime(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	o := testOptions()
	reopen := func(s *Store, retention time.Duration) *Store {
		if s != nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		o.ClickRetention = retention
		s, err := Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		s.purge.end() // only the test deletes
		return s
	}
	s := reopen(nil, 7*24*time.Hour)
	storeClicks(t, s, 20, func(i int) time.Time {
		return now.Add(-time.Duration(i)*24*time.Hour - time.Minute).Truncate(time.Millisecond)
	})
	countAll(t, s)
	s.purge.deleteOld(t.Context(), now)
	var left int
	if err := s.db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM clicks").Scan(&left); err != nil || left != 7 {
		t.Fatalf("%d clicks are left (%v), want those of a week", left, err)
	}
	for _, retention := range []time.Duration{0, 30 * 24 * time.Hour} {
		s = reopen(s, retention)
		s.purge.deleteOld(t.Context(), now)
		if differing := recountAll(t, s, true); len(differing) > 0 {
			t.Errorf("after clicks are kept for longer again, %d cells differ: %+v", len(differing), differing)
		}
		checkCounts(t, s, 20, 0)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCountingIsDoneInParts checks that one task counts no more than its part.
func TestCountingIsDoneInParts(t *testing.T) {
	s := openStore(t)
	codes := 2 * countCells
	var all sync.WaitGroup
	for n := range codes {
		all.Go(func() {
			c := countedClick(1)
			c.ID, c.CouponCode = idAt(c.Time), fmt.Sprint("CODE", n)
			if err := s.InsertClick(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	parts := 1
	for ; ; parts++ {
		more, err := s.CountNew(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	if parts < 3 { // a code has a cell by day and one by month, and each part is twice the one before
		t.Errorf("%d codes were counted in %d parts", codes, parts)
	}
	checkCounts(t, s, int64(codes), 0)
}

// TestNothingNewWritesNothing counts repeatedly while nothing is new.
func TestNothingNewWritesNothing(t *testing.T) {
	s := openStore(t)
	s.purge.end() // nothing else writes
	storeSome(t, s, 0, 3)
	countAll(t, s)
	reader, err := s.db.Read().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	version := func() (v int64) {
		if err := reader.QueryRowContext(t.Context(), "PRAGMA data_version").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	before, now := version(), time.Now().Add(time.Hour)
	if more, err := s.CountNew(t.Context(), now); more || err != nil {
		t.Errorf("with nothing to count: %v, %v", more, err)
	}
	if version() != before {
		t.Error("something was written")
	}
	if _, until, err := s.Cells(t.Context(), nil, nil); err != nil || until.Before(now.Add(-time.Second)) {
		t.Errorf("counted is up to %v, %v", until, err)
	}
}

// TestNewStoresAreReady: a new store has nothing to count.
func TestNewStoresAreReady(t *testing.T) {
	s := openStore(t)
	if cells, _, err := s.Cells(t.Context(), []rollup.Span{{Cube: rollup.StatusDays, To: 1}}, nil); err != nil || len(cells) > 0 {
		t.Errorf("%v, %v", cells, err)
	}
}

// TestFiguresUseTheirKeys checks SQLite's plans for the queries that read and count figures.
func TestFiguresUseTheirKeys(t *testing.T) {
	s := openStore(t)
	const byCode = "SEARCH figures USING INDEX figures_coupon_code (cube=? AND coupon_code=? AND period>? AND period<?)\n"
	code := listing.Compare{Field: "coupon_code", Op: listing.Equal, Value: "X"}
	publisher := listing.Compare{Field: "publisher", Op: listing.Equal, Value: "22"}
	for _, c := range []struct {
		where listing.Expr
		want  string
	}{
		{nil, "SEARCH figures USING PRIMARY KEY (cube=? AND period>? AND period<?)\n"},
		{publisher, "SEARCH figures USING INDEX figures_publisher (cube=? AND publisher=? AND period>? AND period<?)\n"},
		{listing.Compare{Field: "offer", Op: listing.Equal, Value: "10"}, "SEARCH figures USING INDEX figures_offer (cube=? AND offer=? AND period>? AND period<?)\n"},
		{listing.Or{publisher, code}, "SEARCH figures USING PRIMARY KEY (cube=? AND period>? AND period<?)\n"},
		{code, byCode},
		{listing.And{publisher, listing.And{code}}, byCode},
	} {
		query, args := cellQuery(rollup.Span{Cube: rollup.FullDays, From: 1, To: 2}, c.where)
		if plan := sqlitetest.Explain(t, s.db.Read(), query, args...); plan != c.want {
			t.Errorf("%v: the plan is\n%swant\n%s", c.where, plan, c.want)
		}
	}
	for query, want := range map[string]string{
		selectWaiting:         "SEARCH clicks USING PRIMARY KEY (id>?)",
		selectNewClicks:       "SEARCH clicks USING PRIMARY KEY (id>?)",
		selectNewConversions:  "SEARCH conversions USING INTEGER PRIMARY KEY (rowid>?)",
		selectRowID:           "SEARCH conversions USING COVERING INDEX sqlite_autoindex_conversions_1 (id=?)",
		selectDaysConversions: "SEARCH conversions USING INDEX conversions_time (conversion_time>? AND conversion_time<?)",
		selectDaysClicks:      "SEARCH clicks USING PRIMARY KEY (id>? AND id<?)",
		selectCreated:         "SEARCH conversions USING INTEGER PRIMARY KEY (rowid>?)",
		selectChanged:         "SEARCH conversion_feed USING PRIMARY KEY ((feed_after,feed_number)>(?,?))",
		selectLastPosition:    "SEARCH conversion_feed USING PRIMARY KEY (feed_after=?)",
		insertChange:          "SEARCH conversion_feed USING PRIMARY KEY (feed_after=?)",
		selectEnds:            "SEARCH figures USING PRIMARY KEY (cube=?)",
	} {
		args := make([]any, strings.Count(query, "?"))
		plan := sqlitetest.Explain(t, s.db.Read(), query, args...)
		if !strings.Contains(plan, want) {
			t.Errorf("%s: the plan is\n%s, want %s", query, plan, want)
		}
	}
	query, args := totalsQuery(listing.Compare{Field: "pub_unique3_key", Op: listing.Equal, Value: "X"})
	if plan := sqlitetest.Explain(t, s.db.Read(), query, args...); !strings.Contains(plan, "INDEX conversions_pub_unique3 (pub_unique3_key=?)") {
		t.Errorf("totals of a code: the plan is\n%s", plan)
	}
}

// TestRecountEndsWithItsCaller cancels a recount that waits for another one.
func TestRecountEndsWithItsCaller(t *testing.T) {
	s := openStore(t)
	s.recounts <- struct{}{}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Recount(ctx, 0, false); !errors.Is(err, context.Canceled) {
		t.Errorf("left, the recount ended with %v", err)
	}
	<-s.recounts
}

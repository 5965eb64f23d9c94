package mongostore

import (
	"fmt"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// program is two stores on one database, by one clock that is set by hand, and what was written to them.
type program struct {
	t      *testing.T
	stores [2]*Store
	now    atomic.Int64 // Unix milliseconds

	mu          sync.Mutex
	clicks      []domain.Click
	conversions []string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	p := &program{t: t}
	p.now.Store(time.Date(2026, 3, 28, 22, 59, 0, 0, time.UTC).UnixMilli()) // a minute before midnight, a day before the clocks change
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	calendar := rollup.NewCalendar(prague)
	p.stores[0], err = Open(t.Context(), mongotest.URI(t), Options{Retention: time.Hour, Calendar: calendar, Now: p.time}, mongotest.Options()...)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	p.stores[1] = newStore(p.stores[0].db, calendar, p.time)
	t.Cleanup(func() {
		for i := range p.stores {
			if err := p.stores[len(p.stores)-1-i].Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		}
	})
	return p
}

func (p *program) time() time.Time { return time.UnixMilli(p.now.Load()).UTC() }

func (p *program) pass(d time.Duration) { p.now.Add(d.Milliseconds()) }

// write stores a click, a sale and a change of a sale, the n-th of each, a while after they happened.
func (p *program) write(s *Store, n int, late time.Duration) {
	at := p.time().Add(-late)
	click := domain.Click{
		ID: fmt.Sprintf("018f4e2a-1111-7222-8333-%012d", n), Offer: fmt.Sprint(n % 2), Publisher: "22|1", Time: at, Crawler: n%7 == 6,
	}
	c := domain.Conversion{
		ID: fmt.Sprintf("%032d", n), Offer: fmt.Sprint(n % 3), CouponCode: fmt.Sprintf(`a\|%d`, n%2), Status: domain.StatusPending, Outcome: domain.Attributed,
		Method: domain.CouponCode, Publisher: "22", Amount: money.Money{Currency: "EUR", Units: int64(n), Nanos: 10_000_000},
		ConversionTime: at.Add(-time.Duration(n) * time.Hour), CreateTime: at, UpdateTime: at, Revision: 1,
	}
	if err := s.InsertClick(p.t.Context(), click); err != nil {
		p.t.Errorf("inserting a click: %v", err)
	}
	if _, _, err := s.InsertConversion(p.t.Context(), domain.Sale{Conversion: c}); err != nil {
		p.t.Errorf("inserting a conversion: %v", err)
	}
	p.mu.Lock()
	p.clicks, p.conversions = append(p.clicks, click), append(p.conversions, c.ID)
	changed := p.conversions[len(p.conversions)/2]
	p.mu.Unlock()
	_, err := s.UpdateConversion(p.t.Context(), changed, func(c domain.Conversion) (domain.Update, error) {
		after, err := c.Reassign(domain.Offer{ID: c.Offer}, domain.Assignment{Publisher: fmt.Sprint(n)}, domain.By{Time: at})
		return domain.Update{Conversion: after}, err
	})
	if err != nil {
		p.t.Errorf("changing a conversion: %v", err)
	}
}

// check compares what a store says with what was written.
func (p *program) check(s *Store, when string) {
	p.t.Helper()
	want := rollup.New(s.calendar)
	for i := range p.clicks {
		want.AddClick(&p.clicks[i])
	}
	for _, id := range p.conversions {
		c, err := s.Conversion(p.t.Context(), id)
		if err != nil {
			p.t.Fatalf("%s: reading a conversion: %v", when, err)
		}
		want.AddConversion(&c)
	}
	var spans []rollup.Span
	for cube := rollup.StatusDays; cube <= rollup.FullMonths; cube++ {
		spans = append(spans, rollup.Span{Cube: cube, From: math.MinInt32, To: math.MaxInt32})
	}
	cells, counted, err := s.Cells(p.t.Context(), spans, nil)
	if err != nil || !counted.Equal(p.time()) {
		p.t.Fatalf("%s: counted at %s (%v), want %s", when, counted, err, p.time())
	}
	got := rollup.New(s.calendar)
	got.Add(cells...)
	if !maps.Equal(byKey(got), byKey(want)) {
		p.t.Errorf("%s: the cells are\n%+v\nwant\n%+v", when, byKey(got), byKey(want))
	}
}

func byKey(t *rollup.Sums) map[rollup.CellKey]rollup.Measures {
	m := map[rollup.CellKey]rollup.Measures{}
	for _, c := range t.Cells() {
		m[c.Key] = c.Measures
	}
	return m
}

// countAll counts everything.
func (p *program) countAll(s *Store) {
	p.t.Helper()
	p.count(s) // which sees how far it is
	p.pass(leastWindow)
	p.count(s)
}

// count counts what is due.
func (p *program) count(s *Store) {
	p.t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.CountNew(p.t.Context(), p.time()); err != nil {
			p.t.Fatalf("counting: %v", err)
		}
	}
}

// allCounted checks that a store has no clicks and conversions that are not in its cells.
func (p *program) allCounted(s *Store) {
	p.t.Helper()
	progress, err := s.readyProgress(p.t.Context())
	if err != nil {
		p.t.Fatalf("reading the progress: %v", err)
	}
	e := newEvents()
	if err = s.gatherWaiting(p.t.Context(), e); err == nil {
		err = s.gather(p.t.Context(), span{progress.CountedTo, endless}, e)
	}
	if err != nil || e.size() > 0 {
		p.t.Errorf("%d clicks and conversions are not counted (%v)", e.size(), err)
	}
}

// What is new is added to the cells, what was counted is in them; what is late is counted when it comes.
func TestFiguresFollow(t *testing.T) {
	p := newProgram(t)
	for n := range 12 {
		p.write(p.stores[n%2], n, []time.Duration{0, 3 * time.Second, 20 * time.Second, 40 * 24 * time.Hour, -time.Hour}[n%5])
		p.pass(7 * time.Second)
		p.count(p.stores[n/2%2])
		p.check(p.stores[0], fmt.Sprintf("after %d", n))
	}
	p.countAll(p.stores[1])
	p.allCounted(p.stores[0])
	p.check(p.stores[0], "settled")
}

// If a process dies after it has written part of a window, another process counts the window once. Until then the
// figures are right too.
func TestAWindowThatBreaksOff(t *testing.T) {
	for _, broken := range []int{0, 1, 10, 1000} {
		p := newProgram(t)
		for n := range 6 {
			p.write(p.stores[0], n, 0)
			p.pass(4 * time.Second)
		}
		p.countAll(p.stores[0])
		p.write(p.stores[0], 6, 0)
		breakOff(p, p.stores[0], broken)
		p.write(p.stores[1], 7, 0)
		p.check(p.stores[1], fmt.Sprintf("%d cells of a window", broken))
		recounted(p, 0)
		if more, err := p.stores[1].CountNew(t.Context(), p.time()); err != nil || more {
			t.Errorf("while another counts: %v, %v", more, err)
		}
		p.pass(leaseTime)
		p.countAll(p.stores[1])
		p.allCounted(p.stores[1])
		p.check(p.stores[1], fmt.Sprintf("repeated after %d cells", broken))
		recounted(p, 0)
	}
}

// breakOff begins a window and writes some of its cells, one of them twice.
func breakOff(p *program, s *Store, cells int) {
	p.t.Helper()
	from, err := s.readyProgress(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	last, _, err := s.numberAll(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	next := from
	next.CountingTo, next.Holder = last+1, "one who dies"
	held, mine, err := s.move(p.t.Context(), from, next)
	if err != nil || !mine {
		p.t.Fatalf("beginning a window: %v, %v", mine, err)
	}
	upserts, err := s.window(p.t.Context(), held)
	if err != nil || len(upserts) < 20 {
		p.t.Fatalf("a window of %d cells, %v", len(upserts), err)
	}
	some := upserts[:min(cells, len(upserts))]
	for _, again := range [][]int{{0, len(some)}, {0, min(1, len(some))}} {
		if err := s.db.UpsertAll(p.t.Context(), figures, some[again[0]:again[1]]); err != nil {
			p.t.Fatalf("writing a part of a window: %v", err)
		}
	}
}

// recounted recounts all months, and checks how many cells differ.
func recounted(p *program, want int) {
	p.t.Helper()
	differing := 0
	s := p.stores[1]
	first, last, err := s.CountedMonths(p.t.Context())
	if err != nil || first > last {
		p.t.Fatalf("the months are %d to %d, %v", first, last, err)
	}
	for month := first; month <= last; month++ {
		r, err := s.Recount(p.t.Context(), month, true)
		if err != nil || r.Counted == 0 {
			p.t.Fatalf("recounting: %+v, %v", r, err)
		}
		differing += len(r.Differing)
	}
	if differing != want {
		p.t.Errorf("%d cells differ, want %d", differing, want)
	}
}

// Two count at once, also the same window, while both write.
func TestTwoInstancesCount(t *testing.T) {
	p := newProgram(t)
	var writing, counting sync.WaitGroup
	var done atomic.Bool
	for i, s := range p.stores {
		writing.Go(func() {
			for n := range 15 {
				p.write(s, 2*n+i, time.Duration(n%3)*12*time.Second)
				p.pass(2 * time.Second)
			}
		})
		counting.Go(func() {
			for !done.Load() {
				if _, err := s.CountNew(t.Context(), p.time()); err != nil {
					t.Errorf("counting: %v", err)
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	counting.Wait()
	p.check(p.stores[0], "written")
	p.countAll(p.stores[0])
	p.allCounted(p.stores[1])
	p.check(p.stores[1], "settled")
	recounted(p, 0)
}

// Cells that are wrong, lost or too many are found and fixed, once.
func TestRecountMends(t *testing.T) {
	p := newProgram(t)
	for n := range 6 {
		p.write(p.stores[0], n, 0)
	}
	p.countAll(p.stores[0])
	cells := p.stores[0].db.Collection(figures)
	var some []cellDocument
	cursor, err := cells.Find(t.Context(), bson.D{{Key: "cube", Value: rollup.FullMonths}})
	if err == nil {
		err = cursor.All(t.Context(), &some)
	}
	if err != nil || len(some) < 3 {
		t.Fatalf("%d cells, %v", len(some), err)
	}
	if _, err := cells.DeleteOne(t.Context(), mongodoc.ByID(some[0].ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := cells.UpdateOne(t.Context(), mongodoc.ByID(some[1].ID), bson.D{{Key: "$inc", Value: bson.D{{Key: "conversions", Value: 5}, {Key: "amount_units", Value: -3}}}}); err != nil {
		t.Fatal(err)
	}
	extra := encodeCell(some[2].decode(), some[2].Generation, some[2].Through)
	extra.Publisher = "nobody"
	extra.ID = cellID(extra.decode().Key, extra.Generation)
	if _, err := cells.InsertOne(t.Context(), extra); err != nil {
		t.Fatal(err)
	}
	month := rollup.Month(some[1].Period)
	before, err := p.stores[0].recount(t.Context(), month)
	if err != nil {
		t.Fatal(err)
	}
	p.write(p.stores[0], 6, 0)
	recounted(p, 3)
	// Another that had counted before the first one fixed.
	_, fixes := before.compare(func(rollup.CellKey) bool { return false })
	if err := p.stores[0].db.UpsertAll(t.Context(), figures, fixes); err != nil || len(fixes) != 3 {
		t.Errorf("fixing %d again: %v", len(fixes), err)
	}
	recounted(p, 0)
	p.countAll(p.stores[0])
	p.check(p.stores[0], "mended")
}

// A cell that is lost is inserted by a recount's fix and by a window, in either order: it has what both bring.
func TestAFixAndAWindowInsertTheSameCell(t *testing.T) {
	for _, fixFirst := range []bool{true, false} {
		p := newProgram(t)
		s := p.stores[0]
		p.write(s, 0, 0)
		p.countAll(s)
		p.write(s, 2, 0)
		if _, err := s.db.Collection(figures).DeleteMany(t.Context(), bson.D{}); err != nil {
			t.Fatal(err)
		}
		found, err := s.recount(t.Context(), s.calendar.Day(p.time()).Month())
		if err != nil {
			t.Fatal(err)
		}
		_, fixes := found.compare(func(rollup.CellKey) bool { return false })
		if fixFirst {
			err = s.db.UpsertAll(t.Context(), figures, fixes)
		}
		p.countAll(s)
		if !fixFirst {
			err = s.db.UpsertAll(t.Context(), figures, fixes)
		}
		if err != nil || len(fixes) == 0 {
			t.Fatalf("%d fixes: %v", len(fixes), err)
		}
		p.allCounted(s)
		p.check(s, fmt.Sprint("the fix was first: ", fixFirst))
	}
}

// Clicks that have expired stay in the figures; a recount does not take them for wrong.
func TestClicksThatHaveExpired(t *testing.T) {
	p := newProgram(t)
	p.write(p.stores[0], 0, 0)
	p.countAll(p.stores[0])
	if _, err := p.stores[0].db.Collection(clicks).DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	p.pass(clickRetention)
	p.check(p.stores[0], "expired")
	recounted(p, 0)
	p.check(p.stores[0], "recounted")
}

// Clicks that expired while they were kept for a shorter time than now stay in the figures too.
func TestClicksThatHaveExpiredSooner(t *testing.T) {
	p := newProgram(t)
	p.write(p.stores[0], 0, 0)
	p.countAll(p.stores[0])
	if _, err := p.stores[0].db.Collection(clicks).DeleteMany(t.Context(), bson.D{}); err != nil {
		t.Fatal(err)
	}
	for _, since := range []time.Time{p.time().Add(48 * time.Hour), p.time()} { // it only grows
		if err := clickage.Write(t.Context(), p.stores[0].db, since); err != nil {
			t.Fatal(err)
		}
	}
	recounted(p, 0)
	p.check(p.stores[0], "recounted")
}

// No two keys are stored under the same id.
func TestCellIDs(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune(`|\1a`)), 0, 4, -1)
	key := rapid.Custom(func(t *rapid.T) rollup.CellKey {
		return rollup.CellKey{
			Cube: rollup.FullDays, Period: rapid.Int32Range(-1, 12).Draw(t, "period"), Offer: text.Draw(t, "offer"),
			Publisher: text.Draw(t, "publisher"), CouponCode: text.Draw(t, "code"), Currency: text.Draw(t, "currency"),
		}
	})
	propertytest.Check(t, func(t *rapid.T) {
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		if (cellID(a, 1) == cellID(b, 1)) != (a == b) || cellID(a, 1) == cellID(a, 2) {
			t.Fatalf("%+v is %q, %+v is %q", a, cellID(a, 1), b, cellID(b, 1))
		}
	})
}

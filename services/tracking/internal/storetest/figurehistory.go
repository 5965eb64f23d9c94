package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// history applies pseudo-random writes to a store, the same for each seed, and remembers the clicks, which no
// store lists. It is safe for concurrent use.
type history struct {
	t        *testing.T
	calendar rollup.Calendar
	// begin and length bound the times of clicks and sales; clocks change in the middle.
	begin  time.Time
	length time.Duration

	mu     sync.Mutex
	chance *rand.Rand
	clicks []domain.Click
	sales  []domain.Conversion
}

func newHistory(t *testing.T, calendar rollup.Calendar, seed uint64) *history {
	t.Helper()
	const before = 20 * 24 * time.Hour
	begin := clockChange(calendar.Zone()).Add(-before)
	return &history{
		t: t, calendar: calendar, begin: begin, length: min(2*before, time.Since(begin)-time.Hour),
		chance: rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // samples are no secrets
	}
}

// clockChange returns a recent day when a zone's clocks changed, or, if they never change, a day in the last months.
// Stores still keep everything from that time.
func clockChange(zone *time.Location) time.Time {
	const day = 24 * time.Hour
	last := time.Now().UTC().Truncate(day).Add(-3 * day)
	for at := last; last.Sub(at) < 300*day; at = at.Add(-day) {
		_, before := at.Add(-day).In(zone).Zone()
		if _, after := at.In(zone).Zone(); after != before {
			return at
		}
	}
	return last.Add(-60 * day)
}

// pick returns one of some by chance.
func pick[T any](h *history, of ...T) T { return of[h.chance.IntN(len(of))] }

// moment is a time of the history, often one near the change of clocks.
func (h *history) moment() time.Time {
	length := h.length
	from := h.begin
	if h.chance.IntN(2) == 0 {
		from, length = from.Add(length/2-36*time.Hour), 3*24*time.Hour
	}
	at := from.Add(time.Duration(h.chance.Int64N(int64(length))))
	if last := h.begin.Add(h.length); at.After(last) {
		at = last
	}
	return at.UTC().Truncate(time.Millisecond)
}

func (h *history) amount() money.Money {
	return pick(h, money.Money{}, money.Money{Currency: "EUR"}, money.Money{Currency: "EUR", Units: 19, Nanos: 990_000_000},
		money.Money{Currency: "USD", Units: 7, Nanos: 10_000_001}, money.Money{Currency: "JPY", Units: 1200})
}

// newClick is a click that is not stored yet.
func (h *history) newClick() domain.Click {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.moment()
	return domain.Click{
		ID: idAt(at), Time: at, Offer: pick(h, "10", "11"), Publisher: pick(h, "", "22", "23"),
		Coupon: pick(h, "", "offers/10/coupons/22.X"), CouponCode: pick(h, "", "SaleXYZ20", "SALEXYZ20", "Über20"), Crawler: h.chance.IntN(5) == 0,
		PublisherUnknown: h.chance.IntN(4) == 0,
	}
}

// click stores a click.
func (h *history) click(s Store) {
	c := h.newClick()
	insertClick(h.t, s, c)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clicks = append(h.clicks, c)
}

// newSale is a sale that is not stored yet, some with a coupon that has limits; or one that is.
func (h *history) newSale() domain.Sale {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sales) > 0 && h.chance.IntN(10) == 0 {
		return domain.Sale{Conversion: pick(h, h.sales...)}
	}
	id, now := h.chance.Uint64(), time.Now().UTC().Truncate(time.Millisecond)
	c := domain.Conversion{
		ID: hash("history", id), ContentHash: hash("content", id), Offer: pick(h, "10", "11"), CouponCode: pick(h, "", "SaleXYZ20", "SALEXYZ20", "Über20"),
		Click: pick(h, "", "a click"), TransactionID: fmt.Sprint(id), Event: "sale", Amount: h.amount(), Payout: h.amount(), Revenue: h.amount(), Discount: h.amount(),
		CodeUnknown: h.chance.IntN(4) == 0, Status: domain.StatusPending, Outcome: domain.Unattributed, Reason: domain.NoReference,
		ConversionTime: h.moment(), CreateTime: now, UpdateTime: now, Revision: 1, Basis: &domain.Basis{Rule: "By chance.", Rates: &domain.Rates{
			Payout:  money.Payout{Kind: money.Percent, Percent: 123_456},
			Revenue: money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "CHF", Units: 3}},
		}},
	}
	sale := domain.Sale{}
	if h.chance.IntN(3) > 0 {
		c.Publisher, c.Outcome, c.Method, c.Reason = pick(h, "22", "23"), domain.Attributed, pick(h, domain.CouponCode, domain.ByClick), domain.NoReason
		c.Status = pick(h, domain.StatusPending, domain.StatusApproved)
		if c.CouponCode != "" && h.chance.IntN(2) == 0 {
			c.Coupon = resource.Coupon(c.Offer, c.Publisher, c.CouponCode)
			sale.Use = &domain.Use{Coupon: c.Coupon, Code: c.CouponCode, ETag: "1", Limits: domain.Limits{Total: 4}, From: day(1), To: day(2)}
		}
	}
	h.sales = append(h.sales, c)
	sale.Conversion = c
	return sale
}

// sale stores a sale, or reports one again.
func (h *history) sale(s Store) {
	sale := h.newSale()
	if _, _, err := s.InsertConversion(h.t.Context(), sale); err != nil {
		h.t.Errorf("inserting conversion %s: %v", sale.Conversion.ID, err)
	}
}

// change changes a sale, if there is one.
func (h *history) change(s Store) {
	h.mu.Lock()
	if len(h.sales) == 0 {
		h.mu.Unlock()
		return
	}
	id, amount, to := pick(h, h.sales...).ID, h.amount(), pick(h, "22", "23", "24")
	kind := pick(h, domain.ChangeApprove, domain.ChangeReject, domain.ChangeAdjust, domain.ChangeRefund, domain.ChangeReassign)
	refund := fmt.Sprint(h.chance.Uint64())
	h.mu.Unlock()
	by := domain.By{Actor: "admin", Time: time.Now().UTC().Truncate(time.Millisecond), Reason: "By chance."}
	_, err := s.UpdateConversion(h.t.Context(), id, func(c domain.Conversion) (changed domain.Update, err error) {
		switch kind {
		case domain.ChangeApprove:
			changed.Conversion, err = c.Approve(by)
		case domain.ChangeReject:
			changed.Conversion, err = c.Reject(by)
		case domain.ChangeAdjust:
			changed.Conversion, err = c.Adjust(amount, by)
		case domain.ChangeRefund:
			changed.Conversion, err = c.Refund(amount, refund, by)
		default:
			changed.Conversion, err = c.Reassign(domain.Offer{ID: c.Offer}, domain.Assignment{Publisher: to}, by)
		}
		return changed, err
	})
	refused := apperr.Is(err, apperr.FailedPrecondition) || apperr.Is(err, apperr.InvalidArgument)
	// A concurrent call may try to change a sale that is not stored yet.
	if err != nil && !refused && !isNotFound(err) {
		h.t.Errorf("changing conversion %s: %v", id, err)
	}
}

// step does one thing.
func (h *history) step(s Store) {
	h.mu.Lock()
	do := pick(h, h.click, h.click, h.sale, h.sale, h.change)
	h.mu.Unlock()
	do(s)
}

// tally returns what the store's figures must be.
func (h *history) tally(s Store) *rollup.Sums {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	tally := rollup.New(h.calendar)
	for i := range h.clicks {
		tally.AddClick(&h.clicks[i])
	}
	for _, c := range list(h.t, s, everything()) {
		tally.AddConversion(&c)
	}
	return tally
}

// check counts everything and compares the figures with tally's.
func (h *history) check(s Store) {
	h.t.Helper()
	countAll(h.t, s)
	checkCells(h.t, cellsOf(h.t, s, allSpans(), nil), h.tally(s).Cells())
}

// later is when everything that is stored now can be counted.
func later() time.Time { return time.Now().Add(time.Minute) }

// countAll counts until there is no more.
func countAll(t *testing.T, s Store) {
	t.Helper()
	const most = 10_000
	for range most {
		more, err := s.CountNew(t.Context(), later())
		if err != nil {
			t.Fatalf("counting: %v", err)
		}
		if !more {
			return
		}
	}
	t.Fatalf("counted %d times, there is still more", most)
}

// allSpans are all periods of all cubes.
func allSpans() []rollup.Span {
	var spans []rollup.Span
	for cube := rollup.StatusDays; cube <= rollup.FullMonths; cube++ {
		spans = append(spans, rollup.Span{Cube: cube, From: int32(rollup.FirstDay), To: int32(rollup.LastDay)})
	}
	return spans
}

func cellsOf(t *testing.T, s Store, spans []rollup.Span, where listing.Expr) []rollup.Cell {
	t.Helper()
	cells, _, err := s.Cells(t.Context(), spans, where)
	if err != nil {
		t.Fatalf("reading cells: %v", err)
	}
	return cells
}

// checkCells compares cells, ignoring their order and those that are zero.
func checkCells(t *testing.T, got, want []rollup.Cell) {
	t.Helper()
	of, wanted := added(got), added(want)
	if maps.Equal(of, wanted) {
		return
	}
	wrong := 0
	for key := range merged(of, wanted) {
		if of[key] == wanted[key] {
			continue
		}
		if wrong++; wrong <= 10 {
			t.Errorf("cell %+v is\n%+v, want\n%+v", key, of[key], wanted[key])
		}
	}
	t.Errorf("%d of %d cells are wrong", wrong, len(wanted))
}

func merged[K comparable, V any](a, b map[K]V) map[K]V {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// added are cells by their keys without those that are zero.
func added(cells []rollup.Cell) map[rollup.CellKey]rollup.Measures {
	tally := rollup.New(rollup.NewCalendar(time.UTC))
	tally.Add(cells...)
	byKey := map[rollup.CellKey]rollup.Measures{}
	for _, c := range tally.Cells() {
		byKey[c.Key] = c.Measures
	}
	return byKey
}

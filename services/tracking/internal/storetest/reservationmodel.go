package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// fewestHistories is how many histories of reservations are compared at least; more if that takes less than
	// historyTime.
	fewestHistories = 10
	historyTime     = 10 * time.Second
)

// reservationHistories compares a store with usesModel over random histories, each of a coupon of its own.
func reservationHistories(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	coupons, end := 0, time.Now().Add(historyTime)
	propertytest.Check(t, func(rt *rapid.T) {
		if coupons++; coupons > fewestHistories && time.Now().After(end) {
			return
		}
		m := &usesModel{
			t: t, s: s, code: fmt.Sprintf("Model%d", coupons), now: day(1).Add(23 * time.Hour).UTC(),
			limits: domain.Limits{Total: rapid.Int64Range(0, 3).Draw(rt, "total"), Daily: rapid.Int64Range(0, 3).Draw(rt, "daily")},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"reserve": m.reserve, "release": m.release, "expire": m.expire, "sell": m.sell, "refund": m.refund, "reject": m.reject, "approve": m.approve,
		})
		m.check(rt)
	})
}

// usesModel is a coupon's uses as they have to be.
type usesModel struct {
	t      *testing.T
	s      Store
	code   string
	limits domain.Limits
	now    time.Time

	reservations []domain.Reservation
	sales        []modelSale
}

// modelSale is a sale of the model: when it was made, and whether it takes a use.
type modelSale struct {
	id    string
	at    time.Time
	earns bool
	holds bool
}

func (m *usesModel) coupon() string { return "offers/10/coupons/22." + m.code }

func (m *usesModel) use(at time.Time) domain.Use {
	u := domain.Use{Coupon: m.coupon(), Code: m.code, ETag: "1", Limits: m.limits, Now: m.now}
	u.From, u.To = dayOf(at)
	return u
}

// left reports whether a use is left on the day of a time, for a sale whose reservations are own.
func (m *usesModel) left(at time.Time, own func(domain.Reservation) bool) bool {
	from, to := dayOf(at)
	var all, onDay int64
	for _, sale := range m.sales {
		if !sale.holds {
			continue
		}
		all++
		if !sale.at.Before(from) && sale.at.Before(to) {
			onDay++
		}
	}
	for _, r := range m.reservations {
		if r.StateAt(m.now) != domain.ReservationHeld || own(r) {
			continue
		}
		all++
		if r.CreateTime.Before(to) && r.ExpireTime.After(from) {
			onDay++
		}
	}
	return (m.limits.Total == 0 || all < m.limits.Total) && (m.limits.Daily == 0 || onDay < m.limits.Daily)
}

func nobodys(domain.Reservation) bool { return false }

func (m *usesModel) reserve(rt *rapid.T) {
	r := domain.Reservation{
		ID: fmt.Sprintf("%s-%d", m.code, rapid.IntRange(0, len(m.reservations)).Draw(rt, "id")), Offer: "10", Coupon: m.coupon(), Code: m.code,
		TransactionID: rapid.SampledFrom([]string{"", "T-1", "T-2"}).Draw(rt, "transaction"), State: domain.ReservationHeld, CreateTime: m.now,
		ExpireTime: m.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, domain.MaxReservationTTL}).Draw(rt, "ttl")),
	}
	days := r.Days(m.use(m.now), dayOf)
	stored, inserted, err := m.s.Reserve(m.t.Context(), r, days)
	for _, earlier := range m.reservations {
		if earlier.ID == r.ID {
			if err != nil || inserted || stored != earlier {
				rt.Fatalf("reserving %s again: %+v, %v, %v, want %+v", r.ID, stored, inserted, err, earlier)
			}
			return
		}
	}
	want := true
	for _, u := range days {
		want = want && m.left(u.From, nobodys)
	}
	if want != inserted || want == errors.Is(err, domain.ErrLimitReached) || want && err != nil {
		rt.Fatalf("reserving %s: %v, %v, want %v", r.ID, inserted, err, want)
	}
	if want {
		m.reservations = append(m.reservations, r)
	}
}

func (m *usesModel) release(rt *rapid.T) {
	if len(m.reservations) == 0 {
		rt.Skip("there is none")
	}
	r := &m.reservations[rapid.IntRange(0, len(m.reservations)-1).Draw(rt, "reservation")]
	if r.StateAt(m.now) == domain.ReservationHeld {
		r.State = domain.ReservationReleased
	}
	if got, err := m.s.ReleaseReservation(m.t.Context(), r.ID, m.now); err != nil || got != *r {
		rt.Fatalf("releasing: %+v, %v, want %+v", got, err, *r)
	}
}

func (m *usesModel) expire(rt *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Minute, time.Hour, 13 * time.Hour}).Draw(rt, "later"))
}

func (m *usesModel) sell(rt *rapid.T) {
	id := fmt.Sprintf("%s sale %d", m.code, rapid.IntRange(0, len(m.sales)).Draw(rt, "sale"))
	c := credited(id, 1)
	c.Coupon, c.CouponCode, c.PubUniques = m.coupon(), m.code, domain.Uniques{2: m.code}
	c.ConversionTime = m.now.Add(-rapid.SampledFrom([]time.Duration{0, 2 * time.Hour}).Draw(rt, "ago"))
	u := m.use(c.ConversionTime)
	u.Conversion, u.TransactionID = c.ID, rapid.SampledFrom([]string{"", "T-1", "T-2"}).Draw(rt, "transaction")
	if len(m.reservations) > 0 && rapid.Bool().Draw(rt, "named") {
		u.Reservation = rapid.SampledFrom(m.reservations).Draw(rt, "reservation").ID
	}
	stored, inserted, err := m.s.InsertConversion(m.t.Context(), domain.Sale{Conversion: c, Use: &u})
	if err != nil {
		rt.Fatalf("selling: %v", err)
	}
	for _, earlier := range m.sales {
		if earlier.id == id {
			if inserted {
				rt.Fatalf("%s was inserted twice", id)
			}
			return
		}
	}
	own := func(r domain.Reservation) bool {
		return r.ID == u.Reservation || r.TransactionID != "" && r.TransactionID == u.TransactionID
	}
	want := m.left(c.ConversionTime, own)
	if got := stored.Outcome == domain.Attributed; !inserted || got != want {
		rt.Fatalf("%s earns: %v, inserted %v, want %v", id, got, inserted, want)
	}
	m.sales = append(m.sales, modelSale{id: id, at: c.ConversionTime, earns: want, holds: want})
	if !want || !m.limits.Limited() && u.Reservation == "" {
		return
	}
	for i := range m.reservations {
		if r := &m.reservations[i]; own(*r) && r.StateAt(m.now) == domain.ReservationHeld {
			r.State, r.Conversion = domain.ReservationTaken, c.ID
		}
	}
}

// sale draws a sale that earned.
func (m *usesModel) sale(rt *rapid.T) *modelSale {
	var earned []*modelSale
	for i := range m.sales {
		if m.sales[i].earns {
			earned = append(earned, &m.sales[i])
		}
	}
	if len(earned) == 0 {
		rt.Skip("there is none")
	}
	return rapid.SampledFrom(earned).Draw(rt, "sale")
}

func (m *usesModel) update(sale *modelSale, do func(*domain.Conversion), taken, given *domain.Use) error {
	_, err := m.s.UpdateConversion(m.t.Context(), hash(sale.id), func(c domain.Conversion) (domain.Update, error) {
		do(&c)
		c.Revision++
		return domain.Update{Conversion: c, Use: taken, Return: given}, nil
	})
	return err
}

func (m *usesModel) refund(rt *rapid.T) {
	if err := m.update(m.sale(rt), func(c *domain.Conversion) { c.Refunded, c.Payout = c.Amount, c.Amount }, nil, nil); err != nil {
		rt.Fatalf("refunding: %v", err)
	}
}

func (m *usesModel) reject(rt *rapid.T) {
	sale := m.sale(rt)
	given := m.use(sale.at)
	if err := m.update(sale, func(c *domain.Conversion) { c.Status = domain.StatusRejected }, nil, &given); err != nil {
		rt.Fatalf("rejecting: %v", err)
	}
	sale.holds = false
}

func (m *usesModel) approve(rt *rapid.T) {
	sale := m.sale(rt)
	taken := m.use(sale.at)
	want := sale.holds || m.left(sale.at, nobodys)
	err := m.update(sale, func(c *domain.Conversion) { c.Status = domain.StatusApproved }, &taken, nil)
	if want != (err == nil) || !want && !errors.Is(err, domain.ErrLimitReached) {
		rt.Fatalf("approving: %v, want %v", err, want)
	}
	sale.holds = want
}

// check compares the reservations and the uses that are left, and that there are never more uses than the limits allow.
func (m *usesModel) check(rt *rapid.T) {
	for _, want := range m.reservations {
		if got, err := m.s.Reservation(m.t.Context(), want.ID); err != nil || got != want {
			rt.Fatalf("reservation %+v, %v, want %+v", got, err, want)
		}
	}
	var all int64
	for _, sale := range m.sales {
		if sale.holds {
			all++
		}
	}
	if m.limits.Total > 0 && all > m.limits.Total {
		rt.Fatalf("%d of %d uses are sold", all, m.limits.Total)
	}
	for _, at := range []time.Time{m.now, m.now.Add(-24 * time.Hour)} {
		if left, err := m.s.UsesLeft(m.t.Context(), m.use(at)); err != nil || left != m.left(at, nobodys) {
			rt.Fatalf("a use is left at %v: %v, %v, want %v", at, left, err, !left)
		}
	}
}

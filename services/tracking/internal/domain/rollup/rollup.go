// Package rollup decides how clicks and conversions are counted by day and month, what summaries and saved
// reports select, and which codes leaked. It is pure.
package rollup

import (
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Cube is a set of dimensions, and a period, that figures are kept by. There are several so that each query
// finds a small one: a single cube with all dimensions would have to be added up for every query.
type Cube int8

// The cubes, each by days and by months. The numbers are stored.
const (
	StatusDays      Cube = 1 // by status and method
	PublisherDays   Cube = 2
	OfferDays       Cube = 3
	CodeDays        Cube = 4 // by offer, publisher and coupon code
	FullDays        Cube = 5 // by all dimensions
	StatusMonths    Cube = 11
	PublisherMonths Cube = 12
	OfferMonths     Cube = 13
	CodeMonths      Cube = 14
	FullMonths      Cube = 15

	// monthly is the difference between a cube of months and the same cube of days.
	monthly = StatusMonths - StatusDays
)

// Monthly reports whether the cube's periods are months.
func (c Cube) Monthly() bool { return c > monthly }

// Months returns the cube of months with the dimensions of a cube of days.
func (c Cube) Months() Cube { return c + monthly }

// CellKey identifies a cell.
type CellKey struct {
	Cube Cube
	// Period is a Day or a Month, depending on the cube.
	Period int32
	// Offer, Publisher, CouponCode, Status and Method are "" if unset or not a dimension of the cube. The
	// code is folded.
	Offer      string
	Publisher  string
	CouponCode string
	Status     domain.Status
	Method     domain.Method
	// Currency is the currency of the sums of money; "" in the cell that has the counts.
	Currency string
}

// Sum is a sum of money. Nanos are not carried over to Units, so that sums can be added field by field.
type Sum struct {
	Units int64
	Nanos int64
}

func (s *Sum) add(m money.Money, times int64) {
	s.Units += times * m.Units
	s.Nanos += times * int64(m.Nanos)
}

// Money returns the sum in a currency.
func (s Sum) Money(currency string) money.Money {
	const nanosPerUnit = 1_000_000_000
	return money.Money{Currency: currency, Units: s.Units + s.Nanos/nanosPerUnit}.
		Plus(money.Money{Currency: currency, Nanos: int32(s.Nanos % nanosPerUnit)})
}

// Measures are a cell's figures. Cells without a currency have the counts, the others the money.
type Measures struct {
	Clicks      int64
	Conversions int64
	// Clickless counts the conversions reported without a click.
	Clickless int64
	Amount    Sum
	Discount  Sum
	Refunded  Sum
	Payout    Sum
	Revenue   Sum
}

// Plus returns the sum of m and other.
func (m Measures) Plus(other Measures) Measures {
	return Measures{
		Clicks: m.Clicks + other.Clicks, Conversions: m.Conversions + other.Conversions, Clickless: m.Clickless + other.Clickless,
		Amount: m.Amount.plus(other.Amount), Discount: m.Discount.plus(other.Discount), Refunded: m.Refunded.plus(other.Refunded),
		Payout: m.Payout.plus(other.Payout), Revenue: m.Revenue.plus(other.Revenue),
	}
}

// Minus returns m less other.
func (m Measures) Minus(other Measures) Measures {
	return m.Plus(Measures{
		Clicks: -other.Clicks, Conversions: -other.Conversions, Clickless: -other.Clickless,
		Amount: other.Amount.negative(), Discount: other.Discount.negative(), Refunded: other.Refunded.negative(),
		Payout: other.Payout.negative(), Revenue: other.Revenue.negative(),
	})
}

func (s Sum) plus(other Sum) Sum { return Sum{s.Units + other.Units, s.Nanos + other.Nanos} }

func (s Sum) negative() Sum { return Sum{-s.Units, -s.Nanos} }

// Cell is a cell with its figures.
type Cell struct {
	Key CellKey
	Measures
}

// Sums adds up clicks and conversions in the cells of all cubes.
type Sums struct {
	calendar Calendar
	cells    map[CellKey]*Measures
}

// New returns empty sums by the days and months of a calendar.
func New(calendar Calendar) *Sums {
	return &Sums{calendar: calendar, cells: map[CellKey]*Measures{}}
}

// AddClick counts a click, unless a crawler made it. It counts it under its code only if a coupon has that
// code, and under its publisher only if that exists: anyone can invent others, and figures are kept forever.
func (t *Sums) AddClick(c *domain.Click) {
	if c.Crawler {
		return
	}
	of := CellKey{Offer: c.Offer}
	if !c.PublisherUnknown {
		of.Publisher = c.Publisher
	}
	if c.Coupon != "" {
		of.CouponCode = couponcode.Fold(c.CouponCode)
	}
	// The full cube is used only to tell statuses or methods apart, and clicks have neither.
	t.eachCube(of, t.calendar.Day(c.Time), func(m *Measures) { m.Clicks++ })
}

// AddConversion counts a conversion in its present state. Its code counts unless someone may have invented it.
func (t *Sums) AddConversion(c *domain.Conversion) { t.addConversion(c, 1) }

// RemoveConversion undoes AddConversion. The conversion must be in the same state as when it was added.
func (t *Sums) RemoveConversion(c *domain.Conversion) { t.addConversion(c, -1) }

func (t *Sums) addConversion(c *domain.Conversion, times int64) {
	of := CellKey{Offer: c.Offer, Publisher: c.Publisher, Status: c.Status, Method: c.Method}
	if !c.CodeUnknown || c.Coupon != "" {
		of.CouponCode = couponcode.Fold(c.CouponCode)
	}
	day := t.calendar.Day(c.ConversionTime)
	t.allCubes(of, day, func(m *Measures) {
		m.Conversions += times
		if c.Click == "" {
			m.Clickless += times
		}
	})
	for _, part := range []struct {
		money money.Money
		of    func(*Measures) *Sum
	}{
		{c.Amount, func(m *Measures) *Sum { return &m.Amount }},
		{c.Discount, func(m *Measures) *Sum { return &m.Discount }},
		{c.Refunded, func(m *Measures) *Sum { return &m.Refunded }},
		{c.Payout, func(m *Measures) *Sum { return &m.Payout }},
		{c.Revenue, func(m *Measures) *Sum { return &m.Revenue }},
	} {
		if part.money.IsZero() {
			continue
		}
		of.Currency = part.money.Currency
		t.allCubes(of, day, func(m *Measures) { part.of(m).add(part.money, times) })
	}
}

// allCubes changes the cell of a key and day in each cube.
func (t *Sums) allCubes(of CellKey, day Day, change func(*Measures)) {
	t.each(of, FullDays, day, change)
	t.eachCube(of, day, change)
}

// eachCube is allCubes without the full cube.
func (t *Sums) eachCube(of CellKey, day Day, change func(*Measures)) {
	code := of
	code.Status, code.Method = "", ""
	t.each(code, CodeDays, day, change)
	t.each(CellKey{Status: of.Status, Method: of.Method, Currency: of.Currency}, StatusDays, day, change)
	t.each(CellKey{Publisher: of.Publisher, Currency: of.Currency}, PublisherDays, day, change)
	t.each(CellKey{Offer: of.Offer, Currency: of.Currency}, OfferDays, day, change)
}

// each changes the cell of a day and that of its month.
func (t *Sums) each(key CellKey, days Cube, day Day, change func(*Measures)) {
	key.Cube, key.Period = days, int32(day)
	change(t.cell(key))
	key.Cube, key.Period = days.Months(), int32(day.Month())
	change(t.cell(key))
}

func (t *Sums) cell(key CellKey) *Measures {
	m := t.cells[key]
	if m == nil {
		m = &Measures{}
		t.cells[key] = m
	}
	return m
}

func (t *Sums) Add(cells ...Cell) {
	for _, c := range cells {
		m := t.cell(c.Key)
		*m = m.Plus(c.Measures)
	}
}

// Cells returns the cells that are not all zero, in no order.
func (t *Sums) Cells() []Cell {
	cells := make([]Cell, 0, len(t.cells))
	for key, m := range t.cells {
		if *m != (Measures{}) {
			cells = append(cells, Cell{Key: key, Measures: *m})
		}
	}
	return cells
}

// Len returns the number of cells, including those that are zero.
func (t *Sums) Len() int { return len(t.cells) }

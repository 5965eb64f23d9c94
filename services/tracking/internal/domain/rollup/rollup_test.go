package rollup_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// tallied draws a conversion of few offers, publishers, codes, currencies and days.
func tallied(t *rapid.T, label string) domain.Conversion {
	amount := func(name string) money.Money {
		return rapid.SampledFrom([]money.Money{
			{}, {Currency: "EUR"}, {Currency: "EUR", Units: 3, Nanos: 999_999_999}, {Currency: "USD", Units: 7, Nanos: 10_000_000}, {Currency: "JPY", Units: 120},
		}).Draw(t, label+name)
	}
	return domain.Conversion{
		Offer:      rapid.SampledFrom([]string{"10", "11"}).Draw(t, label+" offer"),
		Publisher:  rapid.SampledFrom([]string{"", "22", "23"}).Draw(t, label+" publisher"),
		CouponCode: rapid.SampledFrom([]string{"", "SaleXYZ20", "SALEXYZ20", "ABC"}).Draw(t, label+" code"),
		Click:      rapid.SampledFrom([]string{"", "a-click"}).Draw(t, label+" click"),
		Status:     rapid.SampledFrom([]domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}).Draw(t, label+" status"),
		Method:     rapid.SampledFrom([]domain.Method{domain.NoMethod, domain.CouponCode, domain.ByClick}).Draw(t, label+" method"),
		Amount:     amount(" amount"), Discount: amount(" discount"), Refunded: amount(" refunded"), Payout: amount(" payout"), Revenue: amount(" revenue"),
		ConversionTime: time.Date(2026, 10, 20, 21, 30, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 40*24).Draw(t, label+" hours")) * time.Hour),
	}
}

// withoutClicks returns cells with no clicks in them.
func withoutClicks(cells []rollup.Cell) []rollup.Cell {
	for i := range cells {
		cells[i].Clicks = 0
	}
	return cells
}

// sums adds a tally's cells up by what key makes of theirs.
func sums(cells []rollup.Cell, key func(rollup.CellKey) (string, bool)) map[string]rollup.Measures {
	all := map[string]rollup.Measures{}
	for _, c := range cells {
		if name, ok := key(c.Key); ok {
			if sum := all[name].Plus(c.Measures); sum != (rollup.Measures{}) {
				all[name] = sum
			} else {
				delete(all, name)
			}
		}
	}
	return all
}

// However figures are asked for, the cube that has them ready and the one that has everything agree: for
// what tells statuses or methods apart, where clicks are left out, the full cube, else that of codes.
func TestCubesAgree(t *testing.T) {
	calendar := rollup.NewCalendar(zones(t)[1])
	dimensions := []rollup.Dimension{
		rollup.ByDay, rollup.ByWeek, rollup.ByMonth, rollup.ByOffer, rollup.ByPublisher, rollup.ByCouponCode, rollup.ByStatus, rollup.ByMethod,
	}
	propertytest.Check(t, func(t *rapid.T) {
		tally := rollup.New(calendar)
		for i := range rapid.IntRange(0, 12).Draw(t, "conversions") {
			c := tallied(t, fmt.Sprint(i))
			tally.AddConversion(&c)
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "clicks") {
			of := tallied(t, fmt.Sprint("click ", i))
			tally.AddClick(&domain.Click{
				Offer: of.Offer, Publisher: of.Publisher, CouponCode: of.CouponCode, Coupon: of.CouponCode, Time: of.ConversionTime,
				Crawler: of.Click == "",
			})
		}
		needed := rapid.SliceOfDistinct(rapid.SampledFrom(dimensions), rapid.ID[rollup.Dimension]).Draw(t, "dimensions")
		from := rollup.DayOf(2026, 10, rapid.IntRange(1, 60).Draw(t, "from"))
		to := from + rollup.Day(rapid.IntRange(0, 90).Draw(t, "days"))
		if rapid.Bool().Draw(t, "from the beginning") {
			from = rollup.FirstDay
		}
		if rapid.Bool().Draw(t, "to the end") {
			to = rollup.LastDay
		}
		spans, all := rollup.Spans(needed, from, to), rollup.CodeDays
		if rollup.WithoutClicks(needed) {
			all = rollup.FullDays
		}
		key := func(k rollup.CellKey) string {
			name := "in " + k.Currency
			for _, d := range needed {
				switch d {
				case rollup.ByDay:
					name += "|" + k.Day().String()
				case rollup.ByWeek:
					name += "|" + k.Day().Monday().String()
				case rollup.ByMonth:
					name += "|" + k.Day().Month().First().String()
				case rollup.ByOffer:
					name += "|" + k.Offer
				case rollup.ByPublisher:
					name += "|" + k.Publisher
				case rollup.ByCouponCode:
					name += "|" + k.CouponCode
				case rollup.ByStatus:
					name += "|" + string(k.Status)
				case rollup.ByMethod:
					name += "|" + string(k.Method)
				}
			}
			return name
		}
		cells := tally.Cells()
		if rollup.WithoutClicks(needed) {
			cells = withoutClicks(cells)
		}
		got := sums(cells, func(k rollup.CellKey) (string, bool) {
			in := slices.ContainsFunc(spans, func(s rollup.Span) bool { return s.Cube == k.Cube && s.From <= k.Period && k.Period <= s.To })
			return key(k), in
		})
		want := sums(cells, func(k rollup.CellKey) (string, bool) {
			return key(k), k.Cube == all && from <= k.Day() && k.Day() <= to
		})
		if !maps.Equal(got, want) {
			t.Fatalf("by %v from %d to %d, %v has\n%v\nand the days of the full cube\n%v", needed, from, to, spans, got, want)
		}
	})
}

func TestWhatIsTakenBackIsGone(t *testing.T) {
	calendar := rollup.NewCalendar(time.UTC)
	propertytest.Check(t, func(t *rapid.T) {
		tally := rollup.New(calendar)
		a, b := tallied(t, "a"), tallied(t, "b")
		tally.AddConversion(&a)
		tally.AddConversion(&b)
		tally.RemoveConversion(&a)
		only := rollup.New(calendar)
		only.AddConversion(&b)
		key := func(k rollup.CellKey) (string, bool) { return fmt.Sprint(k), true }
		if got, want := sums(tally.Cells(), key), sums(only.Cells(), key); !maps.Equal(got, want) {
			t.Fatalf("there is\n%v\nwant\n%v", got, want)
		}
	})
}

func TestSumsOfMoney(t *testing.T) {
	tally := rollup.New(rollup.NewCalendar(time.UTC))
	for range 3 {
		tally.AddConversion(&domain.Conversion{Amount: money.Money{Currency: "EUR", Units: 19, Nanos: 990_000_000}})
	}
	for _, c := range tally.Cells() {
		if c.Key.Currency == "EUR" && c.Amount.Money("EUR") != (money.Money{Currency: "EUR", Units: 59, Nanos: 970_000_000}) {
			t.Errorf("three times 19.99 EUR is %s", c.Amount.Money("EUR"))
		}
	}
}

// TestWhatIsInventedIsCountedUnderNone: figures are kept forever, so they hold no values that strangers made up.
func TestWhatIsInventedIsCountedUnderNone(t *testing.T) {
	tally := rollup.New(rollup.NewCalendar(time.UTC))
	for i := range 1000 {
		invented := fmt.Sprint("invented", i)
		tally.AddClick(&domain.Click{Offer: "10", Publisher: invented, PublisherUnknown: true, CouponCode: invented, Reason: domain.UnknownCode})
		tally.AddConversion(&domain.Conversion{Offer: "10", CouponCode: invented, CodeUnknown: true, Status: domain.StatusPending})
	}
	if got := len(tally.Cells()); got != 12 {
		t.Errorf("%d cells, want the 12 of one offer, half of them of a month", got)
	}
	for _, c := range tally.Cells() {
		if c.Key.Publisher != "" || c.Key.CouponCode != "" {
			t.Errorf("a cell of publisher %q and code %q", c.Key.Publisher, c.Key.CouponCode)
		}
	}
	tally.AddConversion(&domain.Conversion{Offer: "10", Publisher: "22", CouponCode: "new", CodeUnknown: true, Coupon: "offers/10/coupons/22.NEW"})
	if !slices.ContainsFunc(tally.Cells(), func(c rollup.Cell) bool { return c.Key.CouponCode == "NEW" }) {
		t.Error("a code is not counted whose coupon was credited later")
	}
}

// TestEachAmountHasItsSum checks each sum of one conversion, and that it goes with the conversion.
func TestEachAmountHasItsSum(t *testing.T) {
	eur := func(units int64) money.Money { return money.Money{Currency: "EUR", Units: units, Nanos: 990_000_000} }
	tally := rollup.New(rollup.NewCalendar(time.UTC))
	c := domain.Conversion{Amount: eur(1), Discount: eur(2), Refunded: eur(3), Payout: eur(4), Revenue: eur(5)}
	tally.AddConversion(&c)
	var f rollup.Figures
	for _, cell := range tally.Cells() {
		if cell.Key.Cube == rollup.StatusMonths {
			f.Add(cell)
		}
	}
	for i, sums := range [][]money.Money{f.Amounts(), f.Discounts(), f.Refunded(), f.Payouts(), f.Revenues()} {
		if want := eur(int64(i + 1)); !slices.Equal(sums, []money.Money{want}) {
			t.Errorf("sum %d is %v, want %v", i, sums, want)
		}
	}
	tally.RemoveConversion(&c)
	for _, cell := range tally.Cells() {
		if cell.Measures != (rollup.Measures{}) {
			t.Errorf("without the conversion: %+v", cell)
		}
	}
}

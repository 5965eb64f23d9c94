package ui

import (
	"strings"
	"sync"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// noFigure is shown if there is nothing to count.
const noFigure = "–"

// FiguresByDay is a summary by days, up to today.
type FiguresByDay struct {
	// From is the first day, to is today.
	From, To string
	Answered[*trackingv1.SummarizeConversionsResponse]
}

// LastDays are the days that the Overview looks at, not asked for yet.
func (p *Page) LastDays() FiguresByDay {
	now := p.Now().In(p.Zone)
	return FiguresByDay{From: now.AddDate(0, 0, 1-FigureDays).Format(time.DateOnly), To: now.Format(time.DateOnly)}
}

// DaysView is figures as tiles and as a chart, shown by the templates "tiles" and "days".
type DaysView struct {
	// Span is the days in words.
	Span string
	// Tiles are the figures; none: they are not available now.
	Tiles []tile
	// Days are every day, for the chart and its table.
	Days []oneDay
}

// tile is a figure.
type tile struct {
	Label string
	// Values are the figure of all days, one for each currency.
	Values []string
	Today  string
}

// oneDay is one day of the chart.
type oneDay struct {
	Time                time.Time
	Date                string
	Clicks, Conversions int64
	Rate                string
	Payouts             []string
}

func (p *Page) DaysViewOf(days FiguresByDay) DaysView {
	view := DaysView{Span: p.spanOf(days.From, days.To)}
	if days.Err == nil && days.Value != nil {
		view.Days, view.Tiles = p.daysOf(days), tilesOf(days)
	}
	return view
}

// spanOf writes two days of the program's zone: 24 Oct 2026 to 22 Nov 2026.
func (p *Page) spanOf(from, to string) string {
	return format.Date(p.dayOf(from), p.Zone) + " to " + format.Date(p.dayOf(to), p.Zone)
}

// dayOf returns the noon of a day such as 2026-11-22: there are zones where some days have no midnight.
func (p *Page) dayOf(date string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, date, p.Zone)
	if err != nil {
		return time.Time{} // shown as nothing
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, p.Zone)
}

// daysOf returns all days, those without anything too.
func (p *Page) daysOf(figures FiguresByDay) []oneDay {
	found := map[string]*trackingv1.Figures{}
	for _, row := range figures.Value.GetRows() {
		found[row.GetDate()] = row.GetFigures()
	}
	var days []oneDay
	first := p.dayOf(figures.From)
	for i := range FigureDays {
		day := first.AddDate(0, 0, i)
		f := found[day.Format(time.DateOnly)]
		days = append(days, oneDay{
			Time: day, Date: day.Format(time.DateOnly), Clicks: f.GetClicks(), Conversions: f.GetConversions(),
			Rate: rateOf(f), Payouts: MoneyOf(f.GetPayouts()),
		})
	}
	return days
}

func tilesOf(figures FiguresByDay) []tile {
	total, today := figures.Value.GetTotals(), &trackingv1.Figures{}
	for _, row := range figures.Value.GetRows() {
		if row.GetDate() == figures.To {
			today = row.GetFigures()
		}
	}
	payouts := MoneyOf(total.GetPayouts())
	if len(payouts) == 0 {
		payouts = []string{noFigure}
	}
	return []tile{
		{Label: "Clicks", Values: []string{format.Number(total.GetClicks())}, Today: format.Number(today.GetClicks())},
		{Label: "Conversions", Values: []string{format.Number(total.GetConversions())}, Today: format.Number(today.GetConversions())},
		{Label: "Conversion rate", Values: []string{rateOf(total)}, Today: rateOf(today)},
		{Label: "Payout", Values: payouts, Today: Joined(MoneyOf(today.GetPayouts()))},
		{Label: "Share without click", Values: []string{withoutClick(total)}, Today: withoutClick(today)},
	}
}

// rateOf is conversions by click; a dash without clicks.
func rateOf(f *trackingv1.Figures) string {
	if f == nil {
		return noFigure
	}
	return ShareText(f.ConversionRate)
}

// withoutClick is the share of conversions without a click; a dash without conversions.
func withoutClick(f *trackingv1.Figures) string {
	if f == nil {
		return noFigure
	}
	return ShareText(f.ShareWithoutClick)
}

// MoneyOf writes amounts of several currencies.
func MoneyOf(amounts []*couponv1.Money) []string {
	var texts []string
	for _, m := range amounts {
		texts = append(texts, MoneyText(m))
	}
	return texts
}

// Joined writes amounts in one line, a dash for none.
func Joined(texts []string) string {
	if len(texts) == 0 {
		return noFigure
	}
	return strings.Join(texts, ", ")
}

// FigureDays is how many days figures are shown of, today included.
const FigureDays = 30

// FigurePatience is how long a page waits for a block of figures; then it does without it.
const FigurePatience = 4 * time.Second

// Answered is what a call came to. A block whose call failed says so, and the others are shown.
type Answered[T any] struct {
	Value T
	Err   error
}

// Ask makes a call beside others.
func Ask[T any](all *sync.WaitGroup, into *Answered[T], call func() (T, error)) {
	all.Go(func() { into.Value, into.Err = call() })
}

// MoneyText writes an amount with its currency.
func MoneyText(m *couponv1.Money) string {
	return format.Money(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos())
}

// MoneyTexts writes amounts of several currencies; a dash if there are no amounts.
func MoneyTexts(all []*couponv1.Money) string {
	if len(all) == 0 {
		return noFigure
	}
	return strings.Join(MoneyOf(all), " + ")
}

// ShareText says a share as a percentage; a dash for none.
func ShareText(share *float64) string {
	if share == nil {
		return noFigure
	}
	return format.Percent(*share)
}

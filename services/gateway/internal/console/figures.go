package console

import (
	"strings"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

// noFigure stands where there is nothing to count.
const noFigure = "–"

// figuresByDay is a summary by days, up to today.
type figuresByDay struct {
	// from is the first day, to is today.
	from, to string
	answered[*trackingv1.SummarizeConversionsResponse]
}

// lastDays are the days that the Overview looks at, not asked for yet.
func (p *page) lastDays() figuresByDay {
	now := p.now().In(p.zone)
	return figuresByDay{from: now.AddDate(0, 0, 1-overviewDays).Format(time.DateOnly), to: now.Format(time.DateOnly)}
}

// daysView is figures as tiles and as a chart, shown by the templates "tiles" and "days".
type daysView struct {
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
	// Values are the figure of all days; several where there are several currencies.
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

func (p *page) daysViewOf(days figuresByDay) daysView {
	view := daysView{Span: p.spanOf(days.from, days.to)}
	if days.err == nil && days.value != nil {
		view.Days, view.Tiles = p.daysOf(days), tilesOf(days)
	}
	return view
}

// spanOf writes two days of the program's zone: 24 Oct 2026 to 22 Nov 2026.
func (p *page) spanOf(from, to string) string {
	return format.Date(p.dayOf(from), p.zone) + " to " + format.Date(p.dayOf(to), p.zone)
}

// dayOf returns the noon of a day such as 2026-11-22: there are zones where some days have no midnight.
func (p *page) dayOf(date string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, date, p.zone)
	if err != nil {
		return time.Time{} // shown as nothing
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, p.zone)
}

// daysOf returns all days, those without anything too.
func (p *page) daysOf(figures figuresByDay) []oneDay {
	found := map[string]*trackingv1.Figures{}
	for _, row := range figures.value.GetRows() {
		found[row.GetDate()] = row.GetFigures()
	}
	var days []oneDay
	first := p.dayOf(figures.from)
	for i := range overviewDays {
		day := first.AddDate(0, 0, i)
		f := found[day.Format(time.DateOnly)]
		days = append(days, oneDay{
			Time: day, Date: day.Format(time.DateOnly), Clicks: f.GetClicks(), Conversions: f.GetConversions(),
			Rate: rateOf(f), Payouts: moneyOf(f.GetPayouts()),
		})
	}
	return days
}

func tilesOf(figures figuresByDay) []tile {
	total, today := figures.value.GetTotals(), &trackingv1.Figures{}
	for _, row := range figures.value.GetRows() {
		if row.GetDate() == figures.to {
			today = row.GetFigures()
		}
	}
	payouts := moneyOf(total.GetPayouts())
	if len(payouts) == 0 {
		payouts = []string{noFigure}
	}
	return []tile{
		{Label: "Clicks", Values: []string{format.Number(total.GetClicks())}, Today: format.Number(today.GetClicks())},
		{Label: "Conversions", Values: []string{format.Number(total.GetConversions())}, Today: format.Number(today.GetConversions())},
		{Label: "Conversion rate", Values: []string{rateOf(total)}, Today: rateOf(today)},
		{Label: "Payout", Values: payouts, Today: joined(moneyOf(today.GetPayouts()))},
		{Label: "Share without click", Values: []string{withoutClick(total)}, Today: withoutClick(today)},
	}
}

// rateOf is conversions by click, a dash where there are no clicks.
func rateOf(f *trackingv1.Figures) string {
	if f == nil {
		return noFigure
	}
	return shareText(f.ConversionRate)
}

// withoutClick is the share of conversions without a click, a dash where there are no conversions.
func withoutClick(f *trackingv1.Figures) string {
	if f == nil {
		return noFigure
	}
	return shareText(f.ShareWithoutClick)
}

// moneyOf writes amounts of several currencies.
func moneyOf(amounts []*couponv1.Money) []string {
	var texts []string
	for _, m := range amounts {
		texts = append(texts, moneyText(m))
	}
	return texts
}

// joined writes amounts in one line, a dash for none.
func joined(texts []string) string {
	if len(texts) == 0 {
		return noFigure
	}
	return strings.Join(texts, ", ")
}

package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

const (
	// mostGroups is how many groups the page shows: more than anybody reads.
	mostGroups = 150
	// mostPoints is how many points a chart has at most.
	mostPoints = 400
)

// dimensions are what conversions can be grouped by.
func dimensions() []ui.Choice {
	return []ui.Choice{
		{Value: "day", Label: "Day"},
		{Value: "week", Label: "Week"},
		{Value: "month", Label: "Month"},
		{Value: "offer", Label: "Offer"},
		{Value: "publisher", Label: "Publisher"},
		{Value: "coupon_code", Label: "Coupon code"},
		{Value: "status", Label: "Status"},
		{Value: "method", Label: "Method"},
	}
}

func isTime(dimension string) bool {
	return slices.Contains([]string{"day", "week", "month"}, dimension)
}

// knownGroups leaves of a list of dimensions those that can stand together: each once, one of time, two
// at most.
func knownGroups(list string) string {
	var known []string
	hasTime := false
	for name := range strings.SplitSeq(list, ",") {
		isKnown := slices.ContainsFunc(dimensions(), func(d ui.Choice) bool { return d.Value == name })
		if !isKnown || slices.Contains(known, name) || (isTime(name) && hasTime) || len(known) == 2 {
			continue
		}
		hasTime = hasTime || isTime(name)
		known = append(known, name)
	}
	return strings.Join(known, ",")
}

func (o *openReport) groupFields() []ui.Field {
	groups := append(o.groups(), "", "")
	return []ui.Field{
		{Name: "group", Label: "Group by", Kind: "select", Value: groups[0], Choices: append([]ui.Choice{{Value: "", Label: "Nothing: list conversions"}}, dimensions()...)},
		{Name: "group", Label: "Then by", Kind: "select", Value: groups[1], Choices: append([]ui.Choice{{Value: "", Label: "Nothing more"}}, dimensions()...)},
	}
}

// summaryView are groups: a chart over time, and a table.
type summaryView struct {
	Totals []ui.Fact
	// Points are the chart's; Step says what one is: day, week or month.
	Points []point
	Step   string
	Span   string
	// HasClicks draws clicks too; a filter by status or method leaves none.
	HasClicks bool
	Table     ui.Table
	// Refused says why the groups cannot be counted with this filter.
	Refused *ui.Note
}

// point is a day, week or month of the chart.
type point struct {
	Date                string
	Label               string
	Clicks, Conversions int64
}

// fillSummary groups what the report selects.
func fillSummary(p *ui.Page, report *openReport, view *reportView) error {
	summary := &summaryView{Span: report.span.String()}
	view.Summary = summary
	if summary.Refused = report.refuseGroups(); summary.Refused != nil {
		// What is wrong with the filter itself is said all the same.
		_, err := p.Conversions().ListConversions(p.Request.Context(), &trackingv1.ListConversionsRequest{PageSize: 1, Filter: report.Filter})
		return err
	}
	groups := report.groups()
	step := report.step()
	var rows, series *trackingv1.SummarizeConversionsResponse
	calls, ctx := errgroup.WithContext(p.Request.Context())
	from, to := report.span.dates()
	ask := func(into **trackingv1.SummarizeConversionsResponse, most int32, order string, by ...string) {
		calls.Go(func() (err error) {
			*into, err = p.Reports().SummarizeConversions(ctx, &trackingv1.SummarizeConversionsRequest{
				GroupBy: dimensionsOf(by), StartDate: from, EndDate: to, Filter: report.Filter, OrderBy: order, MaxRows: most,
			})
			return err
		})
	}
	ask(&rows, mostGroups, report.groupOrder(), groups...)
	ask(&series, mostPoints, step+" desc", step)
	if err := calls.Wait(); err != nil {
		return err
	}
	called := namesOfGroups(p, p.Request.Context(), rows.GetRows())
	summary.Totals = totalFacts(rows.GetTotals())
	if report.hasClicks(groups...) {
		summary.Totals = append([]ui.Fact{
			{Label: "Clicks", Value: format.Number(rows.GetTotals().GetClicks())},
			{Label: "Rate", Value: ui.ShareText(rows.GetTotals().ConversionRate)},
		}, summary.Totals...)
	}
	summary.Step, summary.Points, summary.HasClicks = step, points(series, step, report.span), report.hasClicks()
	summary.Table = summaryTable(report, rows, called)
	if n := int(rows.GetRowCount()); n > len(rows.GetRows()) {
		view.Notes = append(view.Notes, ui.Note{Tone: "wait", Text: "The first " + format.Number(int64(len(rows.GetRows()))) + " of " + format.Number(int64(n)) + " groups are shown; the totals are of all."})
	}
	return nil
}

// namesOfGroups asks what the offers and publishers of groups are called.
func namesOfGroups(p *ui.Page, ctx context.Context, rows []*trackingv1.SummaryRow) ui.Names {
	var offers, publishers []string
	for _, r := range rows {
		offers, publishers = append(offers, r.GetOffer()), append(publishers, r.GetPublisher())
	}
	return p.NamesOf(ctx, offers, publishers)
}

// refuseGroups says which of the filter's columns groups cannot be filtered by; nil if they can by all.
func (o *openReport) refuseGroups() *ui.Note {
	var unknown []string
	for _, clause := range o.outline.Clauses {
		column, isKnown := reportColumnOf(clause.Field)
		if isKnown && !slices.Contains([]string{"offer", "publisher", "coupon_code", "status", "method"}, column.Name) && !slices.Contains(unknown, column.Label) {
			unknown = append(unknown, column.Label)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	n := o.groupsNote("The filter asks for " + strings.Join(unknown, " and ") + ".")
	if other := strings.ReplaceAll(o.Filter, "pub_unique3 ", "coupon_code "); len(unknown) == 1 && unknown[0] == "Pub. Unique 3" && other != o.Filter {
		n.Actions = append(n.Actions, ui.Link{Label: "Filter by Coupon code instead", Href: o.with(func(s *reportState) { s.Filter = other })})
	}
	return n
}

func (o *openReport) groupsNote(why string) *ui.Note {
	return &ui.Note{
		Tone: "wait", Text: "Groups can be filtered by Offer, Publisher, Coupon code, Status and Method only. " + why,
		Actions: []ui.Link{{Label: "List the conversions", Href: o.with(func(s *reportState) { s.Group, s.By = "", "" })}},
	}
}

// step is what a point of the chart is.
func (o *openReport) step() string {
	for _, group := range o.groups() {
		if isTime(group) {
			return group
		}
	}
	switch days := o.span.length(); {
	case days > 0 && days <= 92:
		return "day"
	case days > 0 && days <= 400:
		return "week"
	default:
		return "month"
	}
}

func dimensionsOf(names []string) []trackingv1.SummarizeConversionsRequest_Dimension {
	var all []trackingv1.SummarizeConversionsRequest_Dimension
	for _, name := range names {
		all = append(all, trackingv1.SummarizeConversionsRequest_Dimension(trackingv1.SummarizeConversionsRequest_Dimension_value[strings.ToUpper(name)]))
	}
	return all
}

// points are a chart's, in order; what nothing happened in is 0. Months, weeks and days before the first
// with anything are left out where the report has no first day.
func points(series *trackingv1.SummarizeConversionsResponse, step string, days span) []point {
	found := map[string]*trackingv1.Figures{}
	var first, last string
	for _, r := range series.GetRows() {
		found[r.GetDate()] = r.GetFigures()
		if first == "" || r.GetDate() < first {
			first = r.GetDate()
		}
		last = max(last, r.GetDate())
	}
	if from, to := days.dates(); len(found) > 0 && step == "day" && days.length() > 0 && days.length() <= mostPoints {
		first, last = from, to
	}
	at, err := time.Parse(time.DateOnly, first)
	if err != nil {
		return nil
	}
	var all []point
	for ; at.Format(time.DateOnly) <= last && len(all) < mostPoints; at = nextStep(at, step) {
		date := at.Format(time.DateOnly)
		all = append(all, point{Date: date, Label: dateLabel(date, step), Clicks: found[date].GetClicks(), Conversions: found[date].GetConversions()})
	}
	return all
}

func nextStep(at time.Time, step string) time.Time {
	switch step {
	case "month":
		return at.AddDate(0, 1, 0)
	case "week":
		return at.AddDate(0, 0, 7)
	default:
		return at.AddDate(0, 0, 1)
	}
}

// dateLabel says a day, a week by its Monday, or a month.
func dateLabel(date, step string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	switch step {
	case "month":
		return at.Format("January 2006")
	case "week":
		return "Week of " + format.Date(at, time.UTC)
	default:
		return format.Date(at, time.UTC)
	}
}

package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const (
	reportTitle = "Conversion Report"
	// mostSaved is how many saved reports the page names.
	mostSaved = 200
)

func reportRoutes() []route {
	return []route{
		get("reports/conversions", showReport),
		get("reports/conversions/totals", showReportTotals),
		get("reports/conversions/condition", showCondition),
		get("reports/conversions/export", exportReport),
		post("reports/saved", saveReport),
		post("reports/saved/{report}", updateReport),
		post("reports/saved/{report}/delete", deleteReport),
		post("reports/saved/{report}/restore", restoreReport),
	}
}

func (p *page) conversionClient() trackingv1.ConversionServiceClient {
	return trackingv1.NewConversionServiceClient(p.tracking)
}

func (p *page) reports() trackingv1.ReportServiceClient {
	return trackingv1.NewReportServiceClient(p.tracking)
}

func (p *page) savedReports() trackingv1.SavedReportServiceClient {
	return trackingv1.NewSavedReportServiceClient(p.tracking)
}

// errElsewhere says that the page of a list is no more: the first one is shown.
var errElsewhere = errors.New("the page token is of another filter")

// reportView is the page.
type reportView struct {
	Days    reportDays
	Filter  filterView
	Columns []pickedColumn
	// ColumnsKept are what the column picker's form passes on, IsPicking keeps it open.
	ColumnsKept map[string]string
	IsPicking   bool
	Groups      []field
	GroupsKept  map[string]string
	Saved       savedView
	Table       table
	Summary     *summaryView
	// TotalsHref gives the totals alone, ShowTotals the page with them, Totals are they.
	TotalsHref, ShowTotals string
	Totals                 []fact
	// ExportHref gives the report as a file of the name ExportName; empty where it cannot be had.
	ExportHref, ExportName string
	Notes                  []note
}

// note is a remark about what is shown, shown by the template "report-note".
type note struct {
	Tone, Text string
	Actions    []link
}

// reportDays is the form of the days.
type reportDays struct {
	Range    field
	From, To field
	Kept     map[string]string
	Span     string
	Zone     string
	// IsFixed says that two days are given.
	IsFixed bool
}

// pickedColumn is a line of the column picker.
type pickedColumn struct {
	Name, Label     string
	IsChosen        bool
	IsFirst, IsLast bool
}

func showReport(_ http.ResponseWriter, r *http.Request, p *page) error {
	report, err := p.openReport()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	rows, target := report.fromForms(q)
	if target != "" {
		p.goTo(target)
		return nil
	}
	view, saved := report.view(q, rows), &trackingv1.ListSavedReportsResponse{}
	calls, ctx := errgroup.WithContext(r.Context())
	calls.Go(func() (err error) {
		saved, err = p.savedReports().ListSavedReports(ctx, &trackingv1.ListSavedReportsRequest{PageSize: mostSaved})
		return err
	})
	code := http.StatusOK
	calls.Go(func() (err error) {
		code, err = p.fillReport(report, view)
		return err
	})
	if err := calls.Wait(); errors.Is(err, errElsewhere) {
		p.goTo(report.at(report.reportState))
		return nil
	} else if err != nil {
		return err
	}
	view.Saved = savedViewOf(report, saved)
	p.Title, p.Section = reportTitle, "reports/conversions"
	if report.saved != nil {
		p.Title, p.Crumbs = report.saved.GetDisplayName(), []link{{Label: reportTitle, Href: at("reports", "conversions")}}
	}
	return p.showAs(code, "report", view)
}

// fillReport asks for what the report shows. What is wrong with the days or the filter is said beside them,
// with another status.
func (p *page) fillReport(report *openReport, view *reportView) (int, error) {
	if report.rangeError != "" {
		return http.StatusUnprocessableEntity, nil
	}
	fill := p.fillList
	if report.Group != "" {
		fill = p.fillSummary
	}
	err := fill(report, view)
	p.nameConditions(&view.Filter)
	if err == nil {
		return http.StatusOK, nil
	}
	errs, isAboutForm := p.errorsOf(err, "filter", "page_token")
	switch {
	case isAboutForm && errs["page_token"] != "":
		return 0, errElsewhere // it was of another day's filter, such as yesterday's Today
	case isAboutForm && errs["filter"] != "":
		view.Filter.fail(p.filterError(report, errs["filter"]), report.Filter)
		view.ExportHref = ""
		return http.StatusUnprocessableEntity, nil
	default:
		return 0, err
	}
}

// filterError says what is wrong with the filter as it was typed: the days behind it could lead astray.
func (p *page) filterError(report *openReport, said string) string {
	_, err := p.conversionClient().ListConversions(p.r.Context(), &trackingv1.ListConversionsRequest{PageSize: 1, Filter: report.Filter})
	if status.Code(err) == codes.InvalidArgument {
		if errs, ok := p.errorsOf(err, "filter"); ok && errs["filter"] != "" {
			return errs["filter"]
		}
	}
	return said
}

// fillList lists conversions.
func (p *page) fillList(report *openReport, view *reportView) error {
	q := p.r.URL.Query()
	wantsTotals := q.Get("totals") != ""
	resp, err := p.conversionClient().ListConversions(p.r.Context(), &trackingv1.ListConversionsRequest{
		Filter: report.fullFilter(), OrderBy: report.orderBy(), PageToken: q.Get("page"), IncludeTotals: wantsTotals,
	})
	if err != nil {
		return err
	}
	if wantsTotals {
		view.Totals = totalFacts(resp.GetTotals())
	}
	var offers, publishers []string
	for _, c := range resp.GetConversions() {
		offers, publishers = append(offers, c.GetOffer()), append(publishers, c.GetPublisher())
	}
	for _, c := range view.Filter.Rows {
		offers, publishers = append(offers, c.offer()), append(publishers, c.publisher())
	}
	called := p.namesOf(p.r.Context(), offers, publishers)
	view.Filter.names = called
	view.Table = p.reportTable(report, resp, called)
	return nil
}

// reportTable is the list with the chosen columns. A row's first cell leads to its conversion.
func (p *page) reportTable(report *openReport, resp *trackingv1.ListConversionsResponse, called names) table {
	l := report.list(p.r.URL.Query())
	t := table{ID: "conversions-table", Target: "report", Caption: "Conversions", Pager: l.pager(resp.GetNextPageToken()), Empty: report.empty(l)}
	var columns []reportColumn
	for name := range strings.SplitSeq(report.Columns, ",") {
		c, _ := reportColumnOf(name)
		columns = append(columns, c)
		heading := column{Label: c.Label}
		if c.isSortable {
			heading = l.column(c.Label, c.Name)
			if c.kind == timeKind && report.Sort != c.Name && report.Sort != "-"+c.Name {
				heading.SortHref = l.with("sort", "-"+c.Name) // of times one wants the latest first
			}
		}
		heading.IsNumber = c.isNumber()
		t.Columns = append(t.Columns, heading)
	}
	maker := &cellMaker{page: p, names: called}
	for _, sale := range resp.GetConversions() {
		cells := make([]cell, len(columns))
		for i, c := range columns {
			cells[i] = c.cell(maker, sale)
		}
		cells[0].lead(at("reports", "conversions", idOf(sale.GetName())))
		t.Rows = append(t.Rows, row{Key: idOf(sale.GetName()), Cells: cells})
	}
	return t
}

// lead makes a cell a link, whatever it shows.
func (c *cell) lead(href string) {
	if c.Badge != nil {
		c.Text, c.Badge = c.Badge.Text, nil
	}
	if c.Text == "" {
		c.Text = "Open"
	}
	c.Href = href
}

// list is the report's state for the table's links.
func (o *openReport) list(q url.Values) list {
	values := o.values(o.base)
	if o.saved != nil {
		values.Set("saved", idOf(o.saved.GetName()))
	}
	for _, name := range []string{"page", "back"} {
		if q.Get(name) != "" {
			values.Set(name, q.Get(name))
		}
	}
	if q.Get("sort") != "" || o.Sort != defaultReport().Sort {
		values.Set("sort", o.Sort)
	}
	l := list{path: at("reports", "conversions"), values: values, sorts: []string{defaultReport().Sort}}
	for _, c := range reportColumns() {
		if c.isSortable {
			l.sorts = append(l.sorts, c.Name)
		}
	}
	return l
}

// empty says what to do where there is nothing.
func (o *openReport) empty(l list) empty {
	switch {
	case l.Get("page") != "":
		return empty{Title: "Nothing more", Text: "This was the last page.", Action: &link{Label: "To the first page", Href: o.at(o.reportState)}}
	case o.Filter != "":
		return empty{
			Title: "No conversion matches", Text: "In these days (" + o.span.String() + ") there is none with this filter. Take a longer range, or another filter.",
			Action: &link{Label: "Clear the filter", Href: o.with(func(s *reportState) { s.Filter = "" })},
		}
	case o.Range != "all_time":
		return empty{
			Title: "No conversions in these days", Text: o.span.String() + ": nobody has reported a sale.",
			Action: &link{Label: "Show all time", Href: o.with(func(s *reportState) { s.Range = "all_time" })},
		}
	default:
		return empty{Title: "No conversions yet", Text: "They come by postback: an offer's Postback tab has the address that its advertiser calls.", Action: &link{Label: "To the offers", Href: at("offers")}}
	}
}

// view makes what the page shows apart from figures.
func (o *openReport) view(q url.Values, rows *filterView) *reportView {
	view := &reportView{
		ColumnsKept: o.kept("columns"), IsPicking: q.Get("edit") == "columns", Columns: o.pickedColumns(),
		GroupsKept: o.kept("group"), Groups: o.groupFields(), TotalsHref: o.at(o.reportState, "totals"),
		ExportHref: o.at(o.reportState, "export"), ExportName: o.fileName(), Days: o.daysForm(),
	}
	view.ShowTotals = view.withTotals(o)
	if rows == nil {
		rows = o.filterRows()
	}
	view.Filter = *rows
	view.Filter.Kept = o.kept("filter")
	return view
}

func (v *reportView) withTotals(o *openReport) string {
	address := o.at(o.reportState)
	if strings.Contains(address, "?") {
		return address + "&totals=1"
	}
	return address + "?totals=1"
}

func (o *openReport) daysForm() reportDays {
	from, to, isFixed := strings.Cut(o.Range, rangeMark)
	if !isFixed {
		from, to = o.span.dates()
	}
	view := reportDays{
		Range: field{Name: "range", Label: "Days", Kind: "select", Value: o.Range, Choices: append(ranges(), choice{"days", "From … to …"}), Error: o.rangeError},
		From:  field{Name: "from", Label: "From", Kind: "date", Value: from}, To: field{Name: "to", Label: "To", Kind: "date", Value: to},
		Kept: o.kept("range"), Span: o.span.String(), Zone: o.zone.String(), IsFixed: isFixed,
	}
	if isFixed {
		view.Range.Value = "days"
	}
	return view
}

// pickedColumns are the chosen columns in their order, then the others.
func (o *openReport) pickedColumns() []pickedColumn {
	chosen := strings.Split(o.Columns, ",")
	all := make([]pickedColumn, 0, len(reportColumns()))
	for i, name := range chosen {
		c, _ := reportColumnOf(name)
		all = append(all, pickedColumn{Name: name, Label: c.Label, IsChosen: true, IsFirst: i == 0, IsLast: i == len(chosen)-1})
	}
	for _, c := range reportColumns() {
		if !slices.Contains(chosen, c.Name) {
			all = append(all, pickedColumn{Name: c.Name, Label: c.Label})
		}
	}
	return all
}

// moved returns columns with one a place further up or down: `up:payout`.
func moved(columns, move string) string {
	list := strings.Split(columns, ",")
	direction, name, _ := strings.Cut(move, ":")
	i := slices.Index(list, name)
	to := i + 1
	if direction == "up" {
		to = i - 1
	}
	if i >= 0 && to >= 0 && to < len(list) {
		list[i], list[to] = list[to], list[i]
	}
	return strings.Join(list, ",")
}

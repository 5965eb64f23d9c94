package report

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// mostSaved is how many saved reports the page names.
const mostSaved = 200

func reportRoutes() []ui.Route {
	return []ui.Route{
		ui.Get("reports/conversions", showReport),
		ui.Get("reports/conversions/totals", showReportTotals),
		ui.Get("reports/conversions/condition", showCondition),
		ui.Get("reports/conversions/export", exportReport),
		ui.Post("reports/saved", saveReport),
		ui.Post("reports/saved/{report}", updateReport),
		ui.Post("reports/saved/{report}/delete", deleteReport),
		ui.Post("reports/saved/{report}/restore", restoreReport),
	}
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
	Groups      []ui.Field
	GroupsKept  map[string]string
	Saved       savedView
	Table       ui.Table
	Summary     *summaryView
	// TotalsHref gives the totals alone, ShowTotals the page with them, Totals are they.
	TotalsHref, ShowTotals string
	Totals                 []ui.Fact
	// ExportHref gives the report as a file of the name ExportName; empty where it cannot be had.
	ExportHref, ExportName string
	Notes                  []ui.Note
}

// reportDays is the form of the days.
type reportDays struct {
	Range    ui.Field
	From, To ui.Field
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

func showReport(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	report, err := reportOf(p)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	rows, target := report.fromForms(q)
	if target != "" {
		p.GoTo(target)
		return nil
	}
	view, saved := report.view(q, rows), &trackingv1.ListSavedReportsResponse{}
	calls, ctx := errgroup.WithContext(r.Context())
	calls.Go(func() (err error) {
		saved, err = p.SavedReports().ListSavedReports(ctx, &trackingv1.ListSavedReportsRequest{PageSize: mostSaved})
		return err
	})
	code := http.StatusOK
	calls.Go(func() (err error) {
		code, err = fillReport(p, report, view)
		return err
	})
	if err := calls.Wait(); errors.Is(err, errElsewhere) {
		p.GoTo(report.at(report.reportState))
		return nil
	} else if err != nil {
		return err
	}
	view.Saved = savedViewOf(report, saved)
	p.Title, p.Section = ui.ReportTitle, "reports/conversions"
	if report.saved != nil {
		p.Title, p.Crumbs = report.saved.GetDisplayName(), []ui.Link{{Label: ui.ReportTitle, Href: ui.Href("reports", "conversions")}}
	}
	return p.ShowAs(code, "report", view)
}

// fillReport asks for what the report shows. What is wrong with the days or the filter is said beside them,
// with another status.
func fillReport(p *ui.Page, report *openReport, view *reportView) (int, error) {
	if report.rangeError != "" {
		return http.StatusUnprocessableEntity, nil
	}
	if fault := report.filterFault; fault != nil {
		// The text alone is faulty: with the days behind it, the service could find another fault.
		nameConditions(p, &view.Filter)
		view.failFilter(p.Told(fault.Violations[0].Description), fault.Metadata[listing.MetadataCharacter], report)
		return http.StatusUnprocessableEntity, nil
	}
	var err error
	if report.Group == "" {
		err = fillList(p, report, view)
	} else {
		err = fillSummary(p, report, view)
	}
	nameConditions(p, &view.Filter)
	if err == nil {
		return http.StatusOK, nil
	}
	errs, isAboutForm := p.ErrorsOf(err, "filter", "page_token")
	switch {
	case isAboutForm && errs["page_token"] != "":
		return 0, errElsewhere // it was of another day's filter, such as yesterday's Today
	case isAboutForm && errs["filter"] != "":
		view.failFilter(errs["filter"], ui.MetadataOf(err, listing.MetadataCharacter), report)
		return http.StatusUnprocessableEntity, nil
	default:
		return 0, err
	}
}

// failFilter says what is wrong with the filter, and offers no file.
func (v *reportView) failFilter(said, character string, report *openReport) {
	v.Filter.fail(said, character, report.Filter)
	v.ExportHref = ""
}

// fillList lists conversions.
func fillList(p *ui.Page, report *openReport, view *reportView) error {
	q := p.Request.URL.Query()
	wantsTotals := q.Get("totals") != ""
	resp, err := p.Conversions().ListConversions(p.Request.Context(), &trackingv1.ListConversionsRequest{
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
	called := p.NamesOf(p.Request.Context(), offers, publishers)
	view.Filter.names = called
	view.Table = reportTable(p, report, resp, called)
	return nil
}

// reportTable is the list with the chosen columns. A row's first cell leads to its conversion.
func reportTable(p *ui.Page, report *openReport, resp *trackingv1.ListConversionsResponse, called ui.Names) ui.Table {
	l := report.list(p.Request.URL.Query())
	t := ui.Table{ID: "conversions-table", Target: "report", Caption: "Conversions", Pager: l.Pager(resp.GetNextPageToken()), Empty: report.empty(l)}
	var columns []reportColumn
	for name := range strings.SplitSeq(report.Columns, ",") {
		c, _ := reportColumnOf(name)
		columns = append(columns, c)
		heading := ui.Column{Label: c.Label}
		if c.isSortable {
			heading = l.Column(c.Label, c.Name)
			if c.kind == timeKind && report.Sort != c.Name && report.Sort != "-"+c.Name {
				heading.SortHref = l.With("sort", "-"+c.Name) // of times one wants the latest first
			}
		}
		heading.IsNumber = c.isNumber()
		t.Columns = append(t.Columns, heading)
	}
	maker := &cellMaker{Page: p, names: called}
	for _, sale := range resp.GetConversions() {
		cells := make([]ui.Cell, len(columns))
		for i, c := range columns {
			cells[i] = c.cell(maker, sale)
		}
		cells[0].Lead(ui.Href("reports", "conversions", ui.IDOf(sale.GetName())))
		t.Rows = append(t.Rows, ui.Row{Key: ui.IDOf(sale.GetName()), Cells: cells})
	}
	return t
}

// list is the report's state for the table's links.
func (o *openReport) list(q url.Values) ui.List {
	values := o.values(o.base)
	if o.saved != nil {
		values.Set("saved", ui.IDOf(o.saved.GetName()))
	}
	for _, name := range []string{"page", "back"} {
		if q.Get(name) != "" {
			values.Set(name, q.Get(name))
		}
	}
	if q.Get("sort") != "" || o.Sort != defaultReport().Sort {
		values.Set("sort", o.Sort)
	}
	l := ui.List{Path: ui.Href("reports", "conversions"), Values: values, Sorts: []string{defaultReport().Sort}}
	for _, c := range reportColumns() {
		if c.isSortable {
			l.Sorts = append(l.Sorts, c.Name)
		}
	}
	return l
}

// empty says what to do if the list is empty.
func (o *openReport) empty(l ui.List) ui.Empty {
	switch {
	case l.Get("page") != "":
		return ui.Empty{Title: "Nothing more", Text: "This was the last page.", Action: &ui.Link{Label: "To the first page", Href: o.at(o.reportState)}}
	case o.Filter != "":
		return ui.Empty{
			Title: "No conversion matches", Text: "None in these days (" + o.span.String() + ") has this filter. Choose a longer range or another filter.",
			Action: &ui.Link{Label: "Clear the filter", Href: o.with(func(s *reportState) { s.Filter = "" })},
		}
	case o.Range != "all_time":
		return ui.Empty{
			Title: "No conversions in these days", Text: o.span.String() + ": nobody has reported a sale.",
			Action: &ui.Link{Label: "Show all time", Href: o.with(func(s *reportState) { s.Range = "all_time" })},
		}
	default:
		return ui.Empty{Title: "No conversions yet", Text: "They come by postback: an offer's Postback tab has the address that its advertiser calls.", Action: &ui.Link{Label: "To the offers", Href: ui.Href("offers")}}
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
		Range: ui.Field{Name: "range", Label: "Days", Kind: "select", Value: o.Range, Choices: append(ranges(), ui.Choice{Value: "days", Label: "From … to …"}), Error: o.rangeError},
		From:  ui.Field{Name: "from", Label: "From", Kind: "date", Value: from}, To: ui.Field{Name: "to", Label: "To", Kind: "date", Value: to},
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

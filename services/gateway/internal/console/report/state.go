package report

import (
	"net/url"
	"slices"
	"strings"
	"time"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// nothing stands in an address for an emptied value, where leaving it out would mean the saved report's.
const nothing = "none"

// reportState is what a conversion report shows, as its address has it. All are texts, so that two states
// can be compared.
type reportState struct {
	// Columns are names of report columns by commas, in order.
	Columns string
	// Filter is an AIP-160 filter.
	Filter string
	// Range is the name of a range such as last_30_days, or two days such as 2026-11-01..2026-11-30. Either
	// may be left out.
	Range string
	// Sort is a column's name, with a - before it for the greatest first.
	Sort string
	// Group are dimensions by commas, such as day,offer; empty: conversions are listed.
	Group string
	// By is how groups are sorted, as Sort says it; empty: the usual way.
	By string
}

// defaultReport is the report that nobody has changed.
func defaultReport() reportState {
	return reportState{
		Columns: "conversion_time,offer,publisher,coupon_code,transaction_id,amount,payout,status,method",
		Range:   "last_30_days", Sort: "-conversion_time",
	}
}

// savedState is the state that a saved report keeps.
func savedState(saved *trackingv1.SavedReport) reportState {
	state := defaultReport()
	if len(saved.GetColumns()) > 0 {
		state.Columns = strings.Join(saved.GetColumns(), ",")
	}
	state.Filter = saved.GetFilter()
	switch {
	case saved.GetRange() != trackingv1.SavedReport_RANGE_UNSPECIFIED:
		state.Range = strings.ToLower(saved.GetRange().String())
	case saved.GetStartDate() != "" || saved.GetEndDate() != "":
		state.Range = saved.GetStartDate() + rangeMark + saved.GetEndDate()
	default:
		state.Range = "all_time"
	}
	if sort := sortOf(saved.GetOrderBy()); sort != "" {
		state.Sort = sort
	}
	state.Group = strings.ToLower(strings.Join(saved.GetGroupBy(), ","))
	state.By = knownBy(sortOf(saved.GetGroupOrderBy()), state.groups())
	return state
}

// toSaved writes the state into a saved report.
func (s reportState) toSaved(saved *trackingv1.SavedReport) {
	saved.Columns, saved.Filter, saved.OrderBy, saved.GroupBy = strings.Split(s.Columns, ","), s.Filter, s.orderBy(), nil
	saved.GroupOrderBy = s.groupOrder()
	saved.Range, saved.StartDate, saved.EndDate = trackingv1.SavedReport_RANGE_UNSPECIFIED, "", ""
	if from, to, isDays := strings.Cut(s.Range, rangeMark); isDays {
		saved.StartDate, saved.EndDate = from, to
	} else {
		saved.Range = trackingv1.SavedReport_Range(trackingv1.SavedReport_Range_value[strings.ToUpper(s.Range)])
	}
	for _, group := range s.groups() {
		saved.GroupBy = append(saved.GroupBy, strings.ToUpper(group))
	}
}

// readState returns the state that an address asks for; what it does not say is as in base. The columns of
// a form come as several.
func readState(q url.Values, base reportState) reportState {
	state := base
	take := func(name string, to *string) {
		text := pasted.Trim(strings.Join(slices.DeleteFunc(slices.Clone(q[name]), func(v string) bool { return v == "" }), ","))
		switch {
		case text == nothing:
			*to = ""
		case text != "" || (q.Has(name) && name != "columns" && name != "sort" && name != "range"):
			*to = text
		}
	}
	take("columns", &state.Columns)
	take("range", &state.Range)
	take("sort", &state.Sort)
	take("group", &state.Group)
	take("by", &state.By)
	if q.Has("filter") {
		state.Filter = pasted.Trim(q.Get("filter"))
		if state.Filter == nothing {
			state.Filter = ""
		}
	}
	if state.Columns = knownColumns(state.Columns); state.Columns == "" {
		state.Columns = base.Columns
	}
	if !isSortable(strings.TrimPrefix(state.Sort, "-")) {
		state.Sort = base.Sort
	}
	state.Group = knownGroups(state.Group)
	state.By = knownBy(state.By, state.groups())
	return state
}

// knownBy leaves an order of groups that the page can show; any other is the usual one.
func knownBy(by string, groups []string) string {
	if len(groups) == 0 || !slices.Contains(append(groupFigureNames(), groups...), strings.TrimPrefix(by, "-")) {
		return ""
	}
	return by
}

// values are the parts of an address that make this state of base.
func (s reportState) values(base reportState) url.Values {
	values := url.Values{}
	put := func(name, value, usual string) {
		if value != usual {
			if value == "" {
				value = nothing
			}
			values.Set(name, value)
		}
	}
	put("columns", s.Columns, base.Columns)
	put("filter", s.Filter, base.Filter)
	put("range", s.Range, base.Range)
	put("sort", s.Sort, base.Sort)
	put("group", s.Group, base.Group)
	put("by", s.By, base.By)
	return values
}

func (s reportState) groups() []string {
	return strings.FieldsFunc(s.Group, func(c rune) bool { return c == ',' })
}

// orderBy is the API's order_by for conversions, groupOrder that for groups.
func (s reportState) orderBy() string { return apiOrder(s.Sort) }

func (s reportState) groupOrder() string { return apiOrder(s.By) }

// apiOrder is the API's order_by for a column's name with a - before it for the greatest first.
func apiOrder(sort string) string {
	if field, isDown := strings.CutPrefix(sort, "-"); isDown {
		return field + " desc"
	}
	return sort
}

// sortOf is the inverse of apiOrder, with the column in snake_case. It returns "" for an order by several columns.
func sortOf(orderBy string) string {
	words := strings.Fields(orderBy)
	switch {
	case len(words) == 0 || strings.Contains(orderBy, ","):
		return ""
	case words[len(words)-1] == "desc":
		return "-" + fieldname.Snake(words[0])
	default:
		return fieldname.Snake(words[0])
	}
}

// reportOf is a report that a page shows: its state, and where that comes from.
type openReport struct {
	reportState
	// base is what the address says only differences from: the saved report, or the usual one.
	base reportState
	// saved is the saved report that is open, or nil.
	saved *trackingv1.SavedReport
	span  span
	// outline is what the filter is made of, filterFault what is wrong with its form; nil if nothing is.
	outline     listing.Outline
	filterFault *apperr.Error
	// rangeError says what is wrong with the days, in words.
	rangeError string
	zone       *time.Location
}

// reportOf reads which report the address asks for.
func reportOf(p *ui.Page) (*openReport, error) {
	q := p.Request.URL.Query()
	report := &openReport{base: defaultReport(), zone: p.Zone}
	if id := q.Get("saved"); id != "" {
		saved, err := p.SavedReports().GetSavedReport(p.Request.Context(), &trackingv1.GetSavedReportRequest{Name: resource.SavedReports + id})
		if err != nil {
			return nil, err
		}
		report.saved, report.base = saved, savedState(saved)
	}
	if q.Get("range") == "days" { // as the form sends it
		q.Set("range", pasted.Trim(q.Get("from"))+rangeMark+pasted.Trim(q.Get("to")))
	}
	report.reportState = readState(q, report.base)
	var err error
	report.outline, err = listing.OutlineOf(report.Filter)
	report.filterFault = apperr.As(err)
	report.span, report.rangeError = spanOf(report.Range, p.Now().In(p.Zone))
	return report, nil
}

// at returns the address of this report in another state.
func (o *openReport) at(state reportState, path ...string) string {
	values := state.values(o.base)
	if o.saved != nil {
		values.Set("saved", ui.IDOf(o.saved.GetName()))
	}
	address := ui.Href(append([]string{"reports", "conversions"}, path...)...)
	if len(values) == 0 {
		return address
	}
	return address + "?" + values.Encode()
}

// with returns the address of this report with one thing changed.
func (o *openReport) with(change func(*reportState)) string {
	state := o.reportState
	change(&state)
	return o.at(state)
}

// kept are the values that a form of the page passes on: all but those it changes itself.
func (o *openReport) kept(own ...string) map[string]string {
	kept := map[string]string{}
	for name, values := range o.values(o.base) {
		if !slices.Contains(own, name) {
			kept[name] = values[0]
		}
	}
	if o.saved != nil {
		kept["saved"] = ui.IDOf(o.saved.GetName())
	}
	return kept
}

// isChanged says that the report differs from the saved one that is open.
func (o *openReport) isChanged() bool { return o.saved != nil && o.reportState != o.base }

// fullFilter is the filter with the days: the one that was typed stands first, so that the characters
// that errors name are counted as they were typed.
func (o *openReport) fullFilter() string { return ui.And(o.Filter, o.span.filter("conversion_time")) }

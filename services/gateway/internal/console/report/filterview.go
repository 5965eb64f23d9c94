package report

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// maxConditions is how many rows the filter builder has.
const maxConditions = 20

// filterView is the filter as rows and as text.
type filterView struct {
	Rows []filterRow
	// IsAny joins the rows by OR.
	IsAny bool
	// IsTextOnly says that the filter is more than rows can show; IsOpen shows the text at once.
	IsTextOnly, IsOpen bool
	Text               string
	// Error is what is wrong with the text; Before, At and After are the text around the character.
	Error, Before, At, After string
	Kept                     map[string]string
	// IsSet says that a filter is applied, IsDraft that the one shown was typed but not applied.
	IsSet, IsDraft bool
	// ClearHref shows all.
	ClearHref string
	names     ui.Names
}

// filterRow is one condition with what it can be.
type filterRow struct {
	// ID is part of the ids of its inputs.
	ID        string
	Condition condition
	Columns   []ui.Choice
	Operators []ui.Choice
	// Kind is what the value is typed in: text, number, date, select, picker; none for no value.
	Kind    string
	Choices []ui.Choice
	// Pick and PickLabel are a picker's.
	Pick, PickLabel string
	Error           string
	// Group is the kind of the column's values: rows of one kind can be reused.
	Group string
	// IsFirst shows the labels, IsOnly leaves Remove out.
	IsFirst, IsOnly bool
}

func (f filterRow) offer() string {
	if f.Group == string(offerKind) {
		return f.Condition.Value
	}
	return ""
}

func (f filterRow) publisher() string {
	if f.Group == string(publisherKind) {
		return f.Condition.Value
	}
	return ""
}

// filterRowOf makes a row for a condition, whose column may not be chosen yet.
func filterRowOf(id string, c condition) filterRow {
	row := filterRow{ID: id, Condition: c, Kind: "text", Columns: []ui.Choice{{Value: "", Label: "Choose"}}}
	for _, one := range reportColumns() {
		row.Columns = append(row.Columns, ui.Choice{Value: one.Name, Label: one.Label})
	}
	column, known := reportColumnOf(c.Column)
	if !known {
		column.kind = textKind
	}
	row.Group, row.Choices = string(column.kind), column.choices()
	for _, op := range operatorsOf(column.kind) {
		row.Operators = append(row.Operators, op.Choice)
	}
	op := operatorOf(column.kind, c.Op)
	row.Condition.Op = op.Value
	switch {
	case op.noValue:
		row.Kind, row.Condition.Value = "none", ""
	case row.Choices != nil:
		row.Kind = "select"
		if c.Value != "" && !slices.ContainsFunc(row.Choices, func(one ui.Choice) bool { return one.Value == c.Value }) {
			row.Choices = append(row.Choices, ui.Choice{Value: c.Value, Label: c.Value})
		}
	case column.kind == timeKind:
		row.Kind = "date"
	case column.kind == numberKind:
		row.Kind = "number"
	case column.kind == offerKind:
		row.Kind, row.Pick = "picker", ui.Href("pick", "offers")
	case column.kind == publisherKind:
		row.Kind, row.Pick = "picker", ui.Href("pick", "publishers")
	}
	return row
}

// KindOf is the kind of a column's values, for the script that changes rows.
func (f filterRow) KindOf(column string) string {
	c, known := reportColumnOf(column)
	if !known {
		return string(textKind)
	}
	if c.kind == enumKind {
		return column // each has its own values
	}
	return string(c.kind)
}

// filterRows makes the builder of the filter that holds.
func (o *openReport) filterRows() *filterView {
	conditions, ok := conditionsOf(o.outline, o.zone)
	if o.filterFault != nil || !ok || len(conditions) > maxConditions {
		return &filterView{IsTextOnly: true, IsOpen: true, Text: o.Filter, IsSet: true, ClearHref: o.cleared()}
	}
	return o.filterView(conditions, o.outline.IsAny)
}

func (o *openReport) cleared() string { return o.with(func(s *reportState) { s.Filter = "" }) }

func (o *openReport) filterView(conditions []condition, isAny bool) *filterView {
	view := &filterView{IsAny: isAny, Text: o.Filter, IsSet: o.Filter != "", ClearHref: o.cleared()}
	if len(conditions) == 0 {
		conditions = []condition{{}}
	}
	for i, c := range conditions {
		row := filterRowOf(strconv.Itoa(i), c)
		row.IsFirst, row.IsOnly = i == 0, len(conditions) == 1
		view.Rows = append(view.Rows, row)
	}
	return view
}

// fromForms deals with what the page's forms send: it returns an address that says the same shortly, or
// rows that are not done yet. Neither: no form was sent.
func (o *openReport) fromForms(q url.Values) (*filterView, string) {
	isLong := o.rangeError == "" && (len(q["columns"]) > 1 || len(q["group"]) > 1 || q.Has("from") || q.Get("columns") == "" && q.Has("columns"))
	switch {
	case q.Has("move"):
		more := filterDraft(q)
		more.Set("edit", "columns")
		return nil, withQuery(o.with(func(s *reportState) { s.Columns = moved(s.Columns, q.Get("move")) }), more)
	case isLong && (q.Has("draft") || !q.Has("c")):
		return nil, withQuery(o.at(o.reportState), filterDraft(q))
	case q.Has("draft"):
		return o.draftView(q), ""
	case q.Has("c"):
		return o.fromRows(q)
	}
	return nil, ""
}

// withQuery returns an address with more parameters in its query.
func withQuery(target string, more url.Values) string {
	switch {
	case len(more) == 0:
		return target
	case strings.Contains(target, "?"):
		return target + "&" + more.Encode()
	default:
		return target + "?" + more.Encode()
	}
}

// filterDraft is a filter that was typed but not applied, as the page's other forms and links pass it on:
// rows, or a text.
func filterDraft(q url.Values) url.Values {
	draft := url.Values{}
	if q.Has("draft") {
		for _, name := range []string{"draft", "c", "o", "v", "match", "draft_text"} {
			if q.Has(name) {
				draft[name] = q[name]
			}
		}
	}
	return draft
}

// draftView shows a filter as typed, without applying it.
func (o *openReport) draftView(q url.Values) *filterView {
	if q.Has("draft_text") {
		view := o.filterRows()
		view.Text, view.IsOpen, view.IsDraft = q.Get("draft_text"), true, true
		return view
	}
	view := o.filterView(conditionsIn(q), q.Get("match") == "any")
	view.IsDraft = true
	return view
}

// conditionsIn returns the builder's rows, without one that is being removed.
func conditionsIn(q url.Values) []condition {
	var conditions []condition
	for i, column := range q["c"] {
		if i >= maxConditions || q.Get("drop") == strconv.Itoa(i) {
			continue
		}
		conditions = append(conditions, condition{Column: column, Op: nth(q["o"], i), Value: pasted.Trim(nth(q["v"], i))})
	}
	return conditions
}

// fromRows reads the builder's rows. If all are complete, they are the filter.
func (o *openReport) fromRows(q url.Values) (*filterView, string) {
	conditions := conditionsIn(q)
	isAny := q.Get("match") == "any"
	isDone := !q.Has("more") && !q.Has("drop")
	var whole []condition
	view := o.filterView(conditions, isAny)
	for i, c := range conditions {
		if c.Column == "" && c.Value == "" {
			continue
		}
		row := &view.Rows[i]
		switch row.Error = c.fault(o.zone); {
		case row.Error == "":
			whole = append(whole, c)
		case isDone || c.Column != "" && c.Value != "":
			isDone = false
		default:
			row.Error = "" // more rows were asked for: this one may wait
		}
	}
	if isDone || (q.Has("drop") && len(whole) == len(conditions)) {
		return nil, o.with(func(s *reportState) { s.Filter = filterOf(whole, isAny, o.zone) })
	}
	if q.Has("more") && len(conditions) < maxConditions {
		rows := o.filterView(append(conditions, condition{}), isAny)
		copy(rows.Rows, view.Rows)
		for i := range rows.Rows {
			rows.Rows[i].IsOnly = false
		}
		view = rows
	}
	return view, ""
}

// fault says what a condition lacks, in words; empty: nothing.
func (c condition) fault(zone *time.Location) string {
	column, known := reportColumnOf(c.Column)
	if !known {
		return "Choose a column."
	}
	switch op := operatorOf(column.kind, c.Op); {
	case op.noValue:
		return ""
	case c.Value == "":
		return "Enter a value."
	case column.kind == timeKind:
		if _, ok := ui.DayOf(c.Value, zone); !ok {
			return "Enter a day as 2026-11-01."
		}
	}
	return ""
}

func nth(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}

// nameConditions puts names beside the ids in pickers.
func nameConditions(p *ui.Page, view *filterView) {
	if view.names == nil {
		var offers, publishers []string
		for _, row := range view.Rows {
			offers, publishers = append(offers, row.offer()), append(publishers, row.publisher())
		}
		view.names = p.NamesOf(p.Request.Context(), offers, publishers)
	}
	for i := range view.Rows {
		switch row := &view.Rows[i]; {
		case row.offer() != "":
			row.PickLabel = view.names.Of(resource.Offer(row.offer()))
		case row.publisher() != "":
			row.PickLabel = view.names.Of(resource.Publisher(row.publisher()))
		}
	}
}

// fail shows what is wrong with the filter's text, and at which character, if it is one.
func (v *filterView) fail(said, character, text string) {
	v.Error, v.IsOpen, v.Text = said, true, text
	runes := []rune(text)
	n, err := strconv.Atoi(character)
	if err != nil || n < 1 || n > len(runes)+1 {
		return
	}
	v.Before, v.At = string(runes[:n-1]), "⎵"
	if n <= len(runes) {
		v.At, v.After = string(runes[n-1]), string(runes[n:])
	}
}

// showCondition answers with a row of the builder for a column, for the script.
func showCondition(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	q := r.URL.Query()
	row := filterRowOf(q.Get("id"), condition{Column: q.Get("c"), Op: q.Get("o"), Value: q.Get("v")})
	view := filterView{Rows: []filterRow{row}}
	nameConditions(p, &view)
	return p.Part("report", "condition", view.Rows[0])
}

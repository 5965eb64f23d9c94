package rollup

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

const (
	// MaxSavedReports bounds the number of saved reports.
	MaxSavedReports = 1000

	maxReportName    = 100 // characters
	maxReportColumns = 60
	firstReportYear  = 2000
	lastReportYear   = 9998 // so that the end of its last day has a year of four digits
)

// ReportRange is a range of days relative to today.
type ReportRange string

// The ranges. A report with NoRange covers all days, or those from StartDate to EndDate.
const (
	NoRange    ReportRange = ""
	Today      ReportRange = "TODAY"
	Yesterday  ReportRange = "YESTERDAY"
	Last7Days  ReportRange = "LAST_7_DAYS"
	Last30Days ReportRange = "LAST_30_DAYS"
	Last90Days ReportRange = "LAST_90_DAYS"
	ThisMonth  ReportRange = "THIS_MONTH"
	LastMonth  ReportRange = "LAST_MONTH"
	ThisYear   ReportRange = "THIS_YEAR"
	AllTime    ReportRange = "ALL_TIME"
)

// SavedReport is the definition of a conversion report, stored under a name.
type SavedReport struct {
	ID          string
	DisplayName string
	// Columns are names of exported columns of conversions; empty means the default columns.
	Columns []string
	Filter  string
	OrderBy string
	// Range must be NoRange if StartDate or EndDate is set.
	Range ReportRange
	// StartDate and EndDate are days such as 2026-11-01, both inclusive; "" means no bound.
	StartDate, EndDate string
	// GroupBy is empty if the report lists conversions.
	GroupBy []Dimension
	// GroupOrderBy is the order of the groups.
	GroupOrderBy string
	CreateTime   time.Time
	UpdateTime   time.Time
	// Revision counts the changes, from 1.
	Revision int64
}

// CheckSavedReport validates a report and returns it in its stored form: texts trimmed, columns in snake_case. columns
// are the names that its columns can have. It does not parse the filter and the orders.
//
// Errors: InvalidArgument on display_name, columns, range, start_date, end_date, group_by or
// group_order_by.
func CheckSavedReport(r SavedReport, columns []string) (SavedReport, error) {
	r.DisplayName = pasted.Trim(r.DisplayName)
	r.Filter, r.OrderBy, r.GroupOrderBy = pasted.Trim(r.Filter), pasted.Trim(r.OrderBy), pasted.Trim(r.GroupOrderBy)
	r.Columns = slices.Clone(r.Columns)
	for i, column := range r.Columns {
		r.Columns[i] = fieldname.Snake(column)
	}
	var found apperr.Findings
	found.Add(checkReportName(r.DisplayName), checkColumns(r.Columns, columns), CheckGroupBy(r.GroupBy))
	if r.GroupOrderBy != "" && len(r.GroupBy) == 0 {
		found.Add(apperr.Invalid("INVALID_ORDER_BY", "group_order_by", "orders groups, and group_by names none; leave it out, or say what to group by"))
	}
	found.Add(r.checkDays())
	return r, found.Err()
}

func checkReportName(name string) error {
	const field, reason = "display_name", "INVALID_DISPLAY_NAME"
	switch chars := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return apperr.Invalid(reason, field, "is not valid UTF-8")
	case chars == 0:
		return apperr.Invalid(reason, field, "is missing; it must have 1 to %d characters", maxReportName)
	case chars > maxReportName:
		return apperr.Invalid(reason, field, "has %d characters; it may have at most %d", chars, maxReportName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return apperr.Invalid(reason, field, "has control characters, such as line breaks; leave them out")
	}
	return nil
}

func checkColumns(columns, known []string) error {
	const field, reason = "columns", "INVALID_COLUMNS"
	if len(columns) > maxReportColumns {
		return apperr.Invalid(reason, field, "are %d; at most %d are allowed", len(columns), maxReportColumns)
	}
	for i, column := range columns {
		switch {
		case !slices.Contains(known, column):
			return apperr.Invalid("UNKNOWN_COLUMN", field, "there is no column %.60q; the columns are %s", column, fieldname.List(known))
		case slices.Contains(columns[:i], column):
			return apperr.Invalid(reason, field, "%q is named twice", column)
		}
	}
	return nil
}

// CheckGroupBy refuses unknown and repeated dimensions, and more than one of day, week and month. The error
// is InvalidArgument on group_by.
func CheckGroupBy(dimensions []Dimension) error {
	const field, reason = "group_by", "INVALID_GROUP_BY"
	known := []Dimension{ByDay, ByWeek, ByMonth, ByOffer, ByPublisher, ByCouponCode, ByStatus, ByMethod}
	ofTime := 0
	for i, d := range dimensions {
		if !slices.Contains(known, d) {
			return apperr.Invalid(reason, field, "%.60q is no dimension; they are DAY, WEEK, MONTH, OFFER, PUBLISHER, COUPON_CODE, STATUS and METHOD", string(d))
		}
		if slices.Contains(dimensions[:i], d) {
			return apperr.Invalid(reason, field, "%s is named twice", d)
		}
		if d.OfTime() {
			ofTime++
		}
	}
	if ofTime > 1 {
		return apperr.Invalid(reason, field, "names %d of DAY, WEEK and MONTH; at most one may be named", ofTime)
	}
	return nil
}

// checkDays refuses invalid dates, and a range together with fixed dates.
func (r SavedReport) checkDays() error {
	var found apperr.Findings
	switch r.Range {
	case NoRange, Today, Yesterday, Last7Days, Last30Days, Last90Days, ThisMonth, LastMonth, ThisYear, AllTime:
	default:
		found.Add(apperr.Invalid("INVALID_RANGE", "range", "%.60q is no range", string(r.Range)))
	}
	if r.Range != NoRange && (r.StartDate != "" || r.EndDate != "") {
		found.Add(apperr.Invalid("RANGE_AND_DATES", "range", "cannot be combined with start_date or end_date; send one or the other"))
	}
	for _, date := range []struct{ field, text string }{{"start_date", r.StartDate}, {"end_date", r.EndDate}} {
		if date.text == "" {
			continue
		}
		day, err := ParseDay(date.text)
		if err != nil {
			found.Add(apperr.Invalid("INVALID_DATE", date.field, "%s", err))
		} else if year, _, _ := day.Date(); year < firstReportYear || year > lastReportYear {
			found.Add(apperr.Invalid("INVALID_DATE", date.field, "is in the year %d; it must be from %d to %d", year, firstReportYear, lastReportYear))
		}
	}
	if r.StartDate != "" && r.EndDate != "" && r.StartDate > r.EndDate { // dates of this form sort as texts
		found.Add(apperr.Invalid("INVALID_DATE", "end_date", "is before start_date, %s; it must be that day or a later one", r.StartDate))
	}
	return found.Err()
}

// Days returns the report's first and last day as of today, both inclusive; FirstDay and LastDay if it is
// open-ended. The report must be valid.
func (r SavedReport) Days(today Day) (from, to Day) {
	month := today.Month()
	switch r.Range {
	case Today:
		return today, today
	case Yesterday:
		return today - 1, today - 1
	case Last7Days:
		return today - 6, today
	case Last30Days:
		return today - 29, today
	case Last90Days:
		return today - 89, today
	case ThisMonth:
		return month.First(), today
	case LastMonth:
		return (month - 1).First(), (month - 1).Last()
	case ThisYear:
		year, _, _ := today.Date()
		return DayOf(year, time.January, 1), today
	}
	from, to = FirstDay, LastDay
	if day, err := ParseDay(r.StartDate); err == nil {
		from = day
	}
	if day, err := ParseDay(r.EndDate); err == nil {
		to = day
	}
	return from, to
}

// CurrentFilter returns the report's filter with its days as of now, in the calendar's zone.
func (r SavedReport) CurrentFilter(calendar Calendar, now time.Time) string {
	from, to := r.Days(calendar.Day(now))
	var parts []string
	if r.Filter != "" {
		parts = append(parts, "("+r.Filter+")") // so that an OR in it does not swallow the dates
	}
	if from != FirstDay {
		parts = append(parts, `conversion_time >= "`+calendar.Begin(from).Format(time.RFC3339)+`"`)
	}
	if to != LastDay {
		parts = append(parts, `conversion_time < "`+calendar.Begin(to+1).Format(time.RFC3339)+`"`)
	}
	if len(parts) == 1 && r.Filter != "" {
		return r.Filter
	}
	return strings.Join(parts, " AND ")
}

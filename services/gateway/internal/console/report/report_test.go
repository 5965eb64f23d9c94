package report_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

const reportPath = "/console/reports/conversions"

// filtered is the report's address with a filter.
func filtered(filter string) string { return reportPath + "?filter=" + url.QueryEscape(filter) }

func TestReportAsksForItsDaysAndFilter(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	for _, c := range []struct{ query, filter, order string }{
		{"", `conversion_time >= "2026-10-23T22:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=today", `conversion_time >= "2026-11-21T23:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=yesterday&sort=pub_unique3", `conversion_time >= "2026-11-20T23:00:00Z" AND conversion_time < "2026-11-21T23:00:00Z"`, "pub_unique3"},
		{"range=last_7_days", `conversion_time >= "2026-11-15T23:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=last_90_days", `conversion_time >= "2026-08-24T22:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=this_month", `conversion_time >= "2026-10-31T23:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=last_month", `conversion_time >= "2026-09-30T22:00:00Z" AND conversion_time < "2026-10-31T23:00:00Z"`, "conversion_time desc"},
		{"range=this_year", `conversion_time >= "2025-12-31T23:00:00Z" AND conversion_time < "2026-11-22T23:00:00Z"`, "conversion_time desc"},
		{"range=all_time", "", "conversion_time desc"},
		{"range=2026-10-25..&sort=-status", `conversion_time >= "2026-10-24T22:00:00Z"`, "status desc"},
		{"range=..2026-10-25", `conversion_time < "2026-10-25T23:00:00Z"`, "conversion_time desc"},
		{"range=all_time&filter=a+%3D+1+OR+b+%3D+2&sort=nothing", "a = 1 OR b = 2", "conversion_time desc"},
	} {
		b.Get(reportPath+"?"+c.query).Shows(t, http.StatusOK, "Days of Europe/Prague")
		if got := consoletest.RequestOf[*trackingv1.ListConversionsRequest](t, s, "ListConversions"); got.GetFilter() != c.filter || got.GetOrderBy() != c.order {
			t.Errorf("%q asks for %q by %q, want %q by %q", c.query, got.GetFilter(), got.GetOrderBy(), c.filter, c.order)
		}
	}
	for _, days := range []string{"2026-11-02..2026-11-01", "2026-11..", "yesteryear"} {
		s.Forget()
		b.Get(reportPath+"?range="+days).Shows(t, http.StatusUnprocessableEntity, `id="days-error"`)
		if s.WasAsked("ListConversions") {
			t.Errorf("%s was asked for", days)
		}
	}
}

func TestReportFormsBecomeShortAddresses(t *testing.T) {
	_, b := consoletest.OpenSales(t, nil)
	for query, want := range map[string]string{
		"range=days&from=2026-11-01&to=2026-11-02":             "?range=2026-11-01..2026-11-02",
		"columns=payout&columns=pub_unique3&sort=-payout":      "?columns=payout%2Cpub_unique3",
		"group=day&group=offer&filter=status+%3D+APPROVED":     "?filter=status+%3D+APPROVED&group=day%2Coffer",
		"columns=payout,status&move=up:status":                 "?columns=status%2Cpayout&edit=columns",
		"c=pub_unique3&o=eq&v=SALE&match=all":                  `?filter=pub_unique3+%3D+%22SALE%22`,
		"c=&o=eq&v=&match=all":                                 "",
		"c=status&o=ne&v=PENDING&c=amount&o=ge&v=10&match=any": `?filter=status+%21%3D+PENDING+OR+amount+%3E%3D+%2210%22`,
		"c=conversion_time&o=from&v=2026-11-01":                `?filter=conversion_time+%3E%3D+%222026-10-31T23%3A00%3A00Z%22`,
		"c=publisher&o=empty&v=&range=today":                   `?filter=publisher+%3D+%22%22&range=today`,
		"c=event&o=prefix&v=" + url.QueryEscape(`a"*\`):        `?filter=event+%3D+%22a%5C%22%5C%2A%5C%5C%2A%22`,
		"c=status&o=eq&v=PENDING&c=event&o=eq&v=x&drop=0":      `?filter=event+%3D+%22x%22`,
		"saved=r1&c=&o=eq&v=":                                  "?filter=none&saved=r1",
	} {
		b.Get(reportPath+"?"+query).LeadsTo(t, reportPath+want)
	}
	b.Get(reportPath+"?c=pub_unique3&o=eq&v=").Shows(t, http.StatusOK, "Enter a value.", `<option value="pub_unique3" data-kind="text" selected>Pub. Unique 3`)
	b.Get(reportPath+"?c=&o=eq&v=typed").Shows(t, http.StatusOK, "Choose a column.", `value="typed"`)
	a := b.Get(reportPath + "?c=pub_unique3&o=eq&v=SALE&more=1")
	if a.Shows(t, http.StatusOK, `value="SALE"`); strings.Count(a.Body, `name="c"`) != 2 {
		t.Errorf("another row was not added:\n%s", a.Body)
	}
}

func TestReportFilterAsRowsAndText(t *testing.T) {
	_, b := consoletest.OpenSales(t, nil)
	b.Get(filtered(`pub_unique3 = "SALE*" AND conversion_time >= "2026-10-31T23:00:00Z" AND publisher = "publishers/22"`)).Shows(
		t, http.StatusOK, `<option value="prefix" selected>`, `type="date" id="v-1" name="v" value="2026-11-01"`, `name="v" value="22" data-label="&lt;script`, "Clear filter",
	)
	for text, row := range map[string]string{
		`pubUnique3:SALE`:              `<option value="contains" selected>`,
		`pub_unique3:"SALE*"`:          `<option value="prefix" selected>`,
		`status:PENDING`:               `<option value="eq" selected>`,
		`publisher:*`:                  `<option value="filled" selected>`,
		`codes:x`:                      `<option value="has" selected>`,
		`conversionTime >= 2026-11-01`: `type="date" id="v-0" name="v" value="2026-11-01"`,
	} {
		a := b.Get(filtered(text))
		a.Shows(t, http.StatusOK, row)
		if strings.Contains(a.Body, "more than rows can show") {
			t.Errorf("%s is not shown as a row", text)
		}
	}
	b.Get(filtered(`pub_unique3 = "" OR event < 'it'`)).Shows(t, http.StatusOK, "more than rows can show")
	for _, text := range []string{`NOT status = PENDING`, `(a = 1)`, `status = PENDING AND event = "x" OR event = "y"`, `conversion_time > "2026-10-31T23:00:01Z"`, `nothing = 1`} {
		b.Get(filtered(text)).Shows(t, http.StatusOK, "more than rows can show")
	}
}

func TestReportPointsAtTheCharacter(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	a := b.Get(filtered("event =<b> x"))
	a.Shows(t, http.StatusUnprocessableEntity, "At character 8: expected a value, found &#34;&lt;&#34;.", `<code>event =<mark>&lt;</mark>b&gt; x</code>`, ">event =&lt;b&gt; x</textarea>")
	b.Get(filtered(`event = "x`)).Shows(t, http.StatusUnprocessableEntity, "has no closing", `<code>event = <mark>&#34;</mark>x</code>`)
	b.Get(filtered(`event =`)).Shows(t, http.StatusUnprocessableEntity, "found the end.", `<code>event =<mark>⎵</mark></code>`)
	if s.WasAsked("ListConversions") {
		t.Error("a filter that cannot be read was asked for: the days behind it may hide its fault")
	}
	s.Fails("ListConversions", consoletest.Refused(t, codes.InvalidArgument, "INVALID_FILTER", "filter", "that is <no> value", map[string]string{"character": "10"}))
	a = b.Get(filtered(`event = "é<b>"`))
	a.Shows(t, http.StatusUnprocessableEntity, "That is &lt;no&gt; value.", `<code>event = &#34;<mark>é</mark>&lt;b&gt;&#34;</code>`)
	if strings.Contains(a.Body, "Download CSV") {
		t.Error("what cannot be read is offered for download")
	}
	s.Fails("ListConversions", consoletest.Violation(t, "page_token", "is of another request"))
	b.Get(reportPath+"?page=old&sort=-status").LeadsTo(t, reportPath+"?sort=-status")
}

func TestReportTableIsItsColumns(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	s.NextToken = "t2"
	a := b.Get(reportPath + "?columns=status,pub_unique3&sort=pub_unique3&page=t1")
	a.Shows(
		t, http.StatusOK, `<td data-label="Status" class="first"><a href="/console/reports/conversions/c1">Approved</a>`, `aria-sort="ascending"`,
		`href="/console/reports/conversions?back=t1&amp;columns=status%2Cpub_unique3&amp;page=t2&amp;sort=pub_unique3"`, "columns=status%2Cpub_unique3&amp;sort=-pub_unique3", `hx-target="#report"`,
		`hx-get="/console/reports/conversions/totals?columns=status%2Cpub_unique3&amp;sort=pub_unique3"`, "Show totals",
	)
	if strings.Contains(b.Get(reportPath).Body, `data-label="Pub. Unique 3"`) {
		t.Error("Pub. Unique 3 is on unasked")
	}
	part := b.Get(reportPath+"?columns=status", "HX-Request", "true", "HX-Target", "div#report")
	if strings.Contains(part.Body, "<html") || !strings.HasPrefix(part.Body, `<div id="report"`) {
		t.Errorf("the report alone:\n%s", part.Body)
	}
	part = b.Get(reportPath + "/totals?range=all_time&filter=status+%3D+PENDING")
	part.Shows(t, http.StatusOK, "4,321", "$7.00 + €8.00")
	if got := consoletest.RequestOf[*trackingv1.ListConversionsRequest](t, s, "ListConversions"); strings.Contains(part.Body, "<html") || !got.GetIncludeTotals() || got.GetFilter() != "status = PENDING" {
		t.Errorf("the totals asked %v:\n%s", got, part.Body)
	}
	b.Get(reportPath+"/condition?c=status&id=r1").Shows(t, http.StatusOK, `<option value="APPROVED">Approved</option>`, `id="v-r1"`)
}

func TestReportGroups(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Get(reportPath+"?group=offer,publisher&by=-amount&range=2026-11-20..2026-11-22&filter=coupon_code+%3D+%22SALE%22").Shows(
		t, http.StatusOK, "4,321", `data-day="2026-11-20"`, `data-value="4321"`, "21.5%", `aria-sort="descending"`, `data-label="Discount"`,
		"filter=coupon_code+%3D+%22SALE%22+AND+offer+%3D+%2210%22+AND+publisher+%3D+%2222%22&range=2026-11-20..2026-11-22",
		`name="by" value="-amount"`, // other days and other filters keep the order
	)
	got := consoletest.RequestOf[*trackingv1.SummarizeConversionsRequest](t, s, "SummarizeConversions OFFER")
	if got.GetStartDate() != "2026-11-20" || got.GetEndDate() != "2026-11-22" || got.GetFilter() != `coupon_code = "SALE"` || got.GetOrderBy() != "amount desc" || len(got.GetGroupBy()) != 2 {
		t.Errorf("asked for %v", got)
	}
	for by, want := range map[string]string{"publisher": "publisher", "-day": "day desc", "amount": "amount", "-discount": "discount desc", "-offer": "", "-colour": ""} {
		b.Get(reportPath + "/export?group=day,publisher&by=" + by)
		if got := consoletest.RequestOf[*trackingv1.SummarizeConversionsRequest](t, s, "SummarizeConversions DAY").GetOrderBy(); got != want {
			t.Errorf("by %s it asks for %q", by, got)
		}
	}
	b.Get(reportPath+"?group=week").Shows(t, http.StatusOK, "Week of 21 Nov 2026", "range=2026-11-21..2026-11-22")
	for _, of := range []string{"?group=offer,status", "?group=method", "?group=offer&filter=status+%3D+APPROVED", "?group=offer&filter=" + url.QueryEscape(`NOT (coupon_code="a" OR method=CLICK)`)} {
		a := b.Get(reportPath + of)
		a.Shows(t, http.StatusOK, `data-label="Conversions"`)
		if strings.Contains(a.Body, `data-label="Clicks"`) || strings.Contains(a.Body, "21.5%") || strings.Contains(a.Body, `data-series="bars"`) == strings.Contains(of, "filter") {
			t.Errorf("%s tells of clicks, which have neither status nor method:\n%s", of, a.Body)
		}
	}
	b.Get(reportPath+"?group=offer&filter="+url.QueryEscape(`NOT coupon_code = "status = \" method = x"`)).Shows(t, http.StatusOK, `data-label="Clicks"`, "21.5%")
	s.Forget()
	b.Get(reportPath+"?group=day&filter="+url.QueryEscape(`pub_unique3 = "SALE"`)).Shows(
		t, http.StatusOK, "Groups can be filtered by", "asks for Pub. Unique 3", "List the conversions", "filter=coupon_code+%3D+%22SALE%22&group=day",
	)
	if s.WasAsked("SummarizeConversions DAY") {
		t.Error("what cannot be grouped was asked for")
	}
	b.Get(reportPath+"?group=day&filter="+url.QueryEscape(`NOT event = "x"`)).Shows(t, http.StatusOK, "Groups can be filtered by", "The filter asks for Event.")
	s.Fails("SummarizeConversions DAY", status.Error(codes.Unavailable, "not ready"))
	b.Get(reportPath+"?group=day").Shows(t, http.StatusServiceUnavailable, "Try again")
}

func TestReportDownload(t *testing.T) {
	var query url.Values
	var authorization string
	_, b := consoletest.OpenSales(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, authorization = r.URL.Query(), r.Header.Get("Authorization")
		if r.URL.Path != "/v1/reports/conversions:export" {
			t.Errorf("asked at %s", r.URL)
		}
		_, _ = w.Write([]byte("csv"))
	}))
	a := b.Get(reportPath + "/export?columns=pub_unique3,payout&filter=status+%3D+PENDING&range=all_time&sort=-status")
	if a.Body != "csv" || query.Get("columns") != "pub_unique3,payout" || query.Get("filter") != "status = PENDING" || query.Get("order_by") != "status desc" || query.Get("format") != "csv" || query.Get("bom") != "true" {
		t.Errorf("%q by %v", a.Body, query)
	}
	if authorization != "Bearer "+consoletest.Key {
		t.Errorf("asked with %q", authorization)
	}
	b.Get(reportPath+"/export?range=never").Shows(t, http.StatusBadRequest, "There is no such range")
}

func TestSavedReports(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	b.Get(reportPath+"?saved=r1").Shows(t, http.StatusOK, "16 Nov 2026 to 22 Nov 2026", `data-label="Pub. Unique 3"`)
	if got := consoletest.RequestOf[*trackingv1.ListConversionsRequest](t, s, "ListConversions"); got.GetOrderBy() != "pub_unique3" || !strings.HasPrefix(got.GetFilter(), `pub_unique3 = "SALE" AND conversion_time >= "2026-11-15`) {
		t.Errorf("asked for %v", got)
	}
	b.Get(reportPath+"?saved=r1&filter=none&range=today").Shows(t, http.StatusOK, "Changed", "Update it", "22 Nov 2026")

	const query = "columns=payout,status&filter=status+%3D+PENDING&range=2026-11-01..&sort=status&group=day&by=-amount"
	b.Post("/console/reports/saved", "display_name", " Mine ", "query", query).LeadsTo(t, reportPath+"?saved=r1")
	made := consoletest.RequestOf[*trackingv1.CreateSavedReportRequest](t, s, "CreateSavedReport").GetSavedReport()
	if made.GetDisplayName() != "Mine" || strings.Join(made.GetColumns(), " ") != "payout status" || made.GetFilter() != "status = PENDING" || made.GetOrderBy() != "status" ||
		made.GetStartDate() != "2026-11-01" || made.GetRange() != trackingv1.SavedReport_RANGE_UNSPECIFIED || strings.Join(made.GetGroupBy(), " ") != "DAY" || made.GetGroupOrderBy() != "amount desc" {
		t.Errorf("saved was %v", made)
	}
	b.Post("/console/reports/saved/r1", "etag", "e3", "query", "range=this_month").LeadsTo(t, reportPath+"?saved=r1")
	updated := consoletest.RequestOf[*trackingv1.UpdateSavedReportRequest](t, s, "UpdateSavedReport")
	if updated.GetSavedReport().GetName() != "savedReports/r1" || updated.GetSavedReport().GetEtag() != "e3" || updated.GetSavedReport().GetRange() != trackingv1.SavedReport_THIS_MONTH || len(updated.GetUpdateMask().GetPaths()) != 8 {
		t.Errorf("updated was %v", updated)
	}
	a := b.Post("/console/reports/saved/r1/delete", "etag", "e3")
	if a.Status != http.StatusSeeOther || consoletest.RequestOf[*trackingv1.DeleteSavedReportRequest](t, s, "DeleteSavedReport").GetEtag() != "e3" {
		t.Errorf("deleting: status %d", a.Status)
	}
	b.Get(reportPath).Shows(t, http.StatusOK, "Saved report deleted.", `action="/console/reports/saved/r1/restore"`)
	b.Post("/console/reports/saved/r1/restore", "display_name", "Mine", "query", query)
	if consoletest.RequestOf[*trackingv1.CreateSavedReportRequest](t, s, "CreateSavedReport").GetSavedReportId() != "r1" {
		t.Error("the report was not restored under its id")
	}
	s.Fails("CreateSavedReport", consoletest.Violation(t, "display_name", "is too long"))
	b.Post("/console/reports/saved", "display_name", "x", "query", "range=today").LeadsTo(t, reportPath+"?range=today")
	b.Get(reportPath).Shows(t, http.StatusOK, "Not saved. Is too long.")
	s.Fails("UpdateSavedReport", status.Error(codes.Aborted, "changed"))
	b.Post("/console/reports/saved/r1", "query", "range=today").LeadsTo(t, reportPath+"?range=today")
	b.Get(reportPath).Shows(t, http.StatusOK, "Somebody else has changed this saved report.")
}

// TestOrderOfASavedReport opens reports that were saved over the API, with conversions and with groups.
func TestOrderOfASavedReport(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	for _, tt := range []struct {
		orderBy, groupOrderBy string
		asked, askedOfGroups  string
	}{
		{"", "", "conversion_time desc", ""},
		{" offer  asc", "amount  desc", "offer", "amount desc"},
		{"offer desc", "status", "offer desc", "status"},
		{"offer, amount desc", "amount desc, day", "conversion_time desc", ""},       // the page sorts by one column
		{"conversion_time", "conversions_without_click desc", "conversion_time", ""}, // no column of the page
	} {
		s.Saved = &trackingv1.SavedReport{Name: "savedReports/r1", DisplayName: "Mine", OrderBy: tt.orderBy}
		page := b.Get(reportPath + "?saved=r1")
		if got := consoletest.RequestOf[*trackingv1.ListConversionsRequest](t, s, "ListConversions").GetOrderBy(); got != tt.asked {
			t.Errorf("conversions by %q are asked for by %q", tt.orderBy, got)
		}
		s.Saved.GroupBy, s.Saved.GroupOrderBy = []string{"OFFER", "STATUS"}, tt.groupOrderBy
		page.Body += b.Get(reportPath + "?saved=r1").Body
		if got := consoletest.RequestOf[*trackingv1.SummarizeConversionsRequest](t, s, "SummarizeConversions OFFER").GetOrderBy(); got != tt.askedOfGroups {
			t.Errorf("groups by %q are asked for by %q", tt.groupOrderBy, got)
		}
		if strings.Contains(page.Body, "Update it") {
			t.Errorf("the order by %q and %q is shown as a change", tt.orderBy, tt.groupOrderBy)
		}
	}
}

func TestReportGroupsDownload(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	page := b.Get(reportPath + "?group=day,publisher&by=-amount")
	page.Shows(t, http.StatusOK, "Download CSV", `download="conversions-by-day-publisher.csv"`, "export?by=-amount&amp;group=day%2Cpublisher")
	for query, want := range map[string][][]string{
		"?group=day,publisher&by=-amount&range=2026-11-20..2026-11-22": {
			{"day", "publisher", "publisher_name", "clicks", "conversions", "conversion_rate", "conversions_without_click", "share_without_click", "amount_USD", "amount_EUR", "discount_EUR"},
			{"2026-11-21", "publishers/22", consoletest.Hostile, "200", "4321", "0.2150", "21", "", "7.00", "8.00", "9.00"},
		},
		"?group=status,coupon_code": {
			{"status", "coupon_code", "conversions", "conversions_without_click", "share_without_click", "amount_USD", "amount_EUR", "discount_EUR"},
			{"APPROVED", consoletest.Hostile, "4321", "21", "", "7.00", "8.00", "9.00"},
		},
		"?group=method,offer": {
			{"method", "offer", "offer_name", "conversions", "conversions_without_click", "share_without_click", "amount_USD", "amount_EUR", "discount_EUR"},
			{"", "offers/10", consoletest.Hostile, "4321", "21", "", "7.00", "8.00", "9.00"},
		},
	} {
		s.Forget()
		a := b.Get(reportPath + "/export" + query)
		text, hasMark := strings.CutPrefix(a.Body, spreadsheet.BOM)
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || !hasMark || !reflect.DeepEqual(lines, want) {
			t.Errorf("%s: %v, %v\ngot  %q\nwant %q", query, hasMark, err, lines, want)
		}
		if !strings.Contains(a.Header.Get("Content-Disposition"), `filename="conversions-by-`) || a.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("%s is headed %v", query, a.Header)
		}
	}
	s.Rows = []*trackingv1.SummaryRow{{CouponCode: "=1+1", Figures: consoletest.SomeFigures()}}
	b.Get(reportPath+"/export?group=coupon_code").Shows(t, http.StatusOK, "\r\n\"'=1+1\",")
	s.Groups = 12000
	b.Get(reportPath+"/export?group=day").Shows(t, http.StatusBadRequest, "Too many groups", "12,000")
	s.Fails("SummarizeConversions DAY", consoletest.Violation(t, "filter", "there is no field"))
	b.Get(reportPath+"/export?group=day").Shows(t, http.StatusBadRequest)
	if a := b.Get(reportPath + "?group=day&filter=" + url.QueryEscape(`pub_unique3 = "SALE"`)); strings.Contains(a.Body, "Download CSV") {
		t.Error("a file is offered of groups that cannot be had")
	}
}

// Names come for all groups, by as many calls as filters have to be.
func TestReportNamesManyGroups(t *testing.T) {
	s, b := consoletest.OpenSales(t, nil)
	for n := range 150 {
		s.Rows = append(s.Rows, &trackingv1.SummaryRow{Publisher: fmt.Sprintf("publishers/p-%d-%s", n, strings.Repeat("x", 50)), Figures: consoletest.SomeFigures()})
	}
	for _, path := range []string{"?group=publisher", "/export?group=publisher"} {
		a := b.Get(reportPath + path)
		for _, r := range s.Rows {
			if called := "Called " + strings.TrimPrefix(r.GetPublisher(), "publishers/"); !strings.Contains(a.Body, called) {
				t.Fatalf("%s (%d) does not show %q", path, a.Status, called)
			}
		}
	}
}

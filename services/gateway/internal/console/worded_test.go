package console_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// Save reports at once what the console and the service found, and stores nothing.
func TestAllErrorsAtOnce(t *testing.T) {
	s := &shop{refusal: refused(t, codes.InvalidArgument, "INVALID_CODE", "code", "the code has '_'", map[string]string{"suggestion": "SALEXYZ20"})}
	b := openShop(t, s, nil)
	b.post("/console/coupons/new", "code", "SALE_XYZ20", "start_time", "soon", "usage_limit", "many").holds(t, http.StatusUnprocessableEntity,
		`id="field-code-error">The code has`, `id="field-offer-error">Choose an offer.`, `id="field-publisher-error">Choose a publisher.`,
		`id="field-start_time-error">`, `id="field-usage_limit-error">Write a whole number`, "Use SALEXYZ20")
	b.post("/console/coupons/generate", "count", "few", "code", "x").holds(t, http.StatusUnprocessableEntity, `id="field-count-error">`, `id="field-offer-error">`)
	if len(shopAsked[*couponv1.CreateCouponRequest](s)) != 0 || len(s.tried) != 2 {
		t.Errorf("stored %v, tried %v", s.calls, s.tried)
	}
}

// Dates are in the program's zone, and linked names replace ids.
func TestErrorsAreInTheReadersWords(t *testing.T) {
	s := &shop{fake: fake{offers: 1}}
	b := openShop(t, s, nil)
	good := []string{"code", "SALE", "offer", "10", "publisher", "22", "start_time", "2026-02-01", "expire_time", "2026-01-01"}
	called := `<a href="/console/publishers/22">&lt;script&gt;`
	for _, c := range []struct {
		refusal error
		want    string
	}{
		{refused(t, codes.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher", "publisher 22 is blocked on offer 10", nil), `Publisher ` + called},
		{refused(t, codes.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher", "publisher 22 is blocked on offer 10", nil), `on offer <a href="/console/offers/10">`},
		{refused(t, codes.InvalidArgument, "X", "start_time", "it is before 2026-01-01T23:00:00Z", nil), "It is before 2 Jan 2026, 00:00"},
		{refused(t, codes.InvalidArgument, "X", "publisher", "publisher nobody is not [known](/console/x) <b>", nil), `Publisher nobody is not <a href="/console/x">known</a> &lt;b&gt;.`},
	} {
		s.refusal = c.refusal
		b.post("/console/coupons/new", good...).holds(t, http.StatusUnprocessableEntity, c.want)
	}
	s.refusal = ofTimeRange(t)
	b.post("/console/coupons/new", good...).holds(t, http.StatusUnprocessableEntity,
		`id="field-expire_time-error">The coupon would expire on 1 Jan 2026, before it starts on 1 Feb 2026.`)
}

// ofTimeRange is the service's refusal of a coupon that ends before it begins, with Berlin's days.
func ofTimeRange(t *testing.T) error {
	t.Helper()
	st := status.Convert(refused(t, codes.InvalidArgument, "INVALID_TIME_RANGE", "", "no", map[string]string{
		"start_time": "2026-01-31T23:00:00Z", "expire_time": "2026-01-01T23:00:00Z",
	}))
	with, err := st.WithDetails(fieldViolation("expire_time", "INVALID_TIME_RANGE", "the coupon would expire at 2026-01-01T23:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	return with.Err()
}

func TestUsageLimitsInTheConsole(t *testing.T) {
	s := &shop{coupons: []*couponv1.Coupon{coupon(func(c *couponv1.Coupon) { c.UsageLimit, c.DailyUsageLimit = 1000, 10 })}}
	b := openShop(t, s, nil)
	const page = "/console/offers/10/coupons/22.SALEXYZ20"
	b.get("/console/coupons").holds(t, http.StatusOK, "Usage limit", "1,000 in all, 10 a day")
	b.get(page).holds(t, http.StatusOK, "Limit 1,000 in all, 10 a day", `name="usage_limit" value="1000"`, `name="daily_usage_limit" value="10"`)
	b.post(page, "start_time", "2026-11-22", "usage_limit", "1,500", "daily_usage_limit", "")
	if c := last[*couponv1.UpdateCouponRequest](t, s).GetCoupon(); c.GetUsageLimit() != 1500 || c.GetDailyUsageLimit() != 0 {
		t.Errorf("sent %v", c)
	}
	b.post("/console/coupons/new", "code", "ABC", "offer", "10", "publisher", "22", "start_time", "2026-11-22", "usage_limit", "5", "daily_usage_limit", "1")
	if c := last[*couponv1.CreateCouponRequest](t, s).GetCoupon(); c.GetUsageLimit() != 5 || c.GetDailyUsageLimit() != 1 {
		t.Errorf("sent %v", c)
	}
}

func TestCouponLeadsToItsConversions(t *testing.T) {
	b := openShop(t, &shop{}, nil)
	a := b.get("/console/offers/10/coupons/22.SALEXYZ20")
	_, rest, _ := strings.Cut(a.body, `href="/console/reports/conversions?`)
	query, _, _ := strings.Cut(rest, `"`)
	values, err := url.ParseQuery(html.UnescapeString(query))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := values.Get("filter"), `offer = "10" AND publisher = "22" AND pub_unique3 = "SALEXYZ20"`; got != want {
		t.Errorf("the filter is %s, want %s", got, want)
	}
	if values.Get("range") != "all_time" || !strings.Contains(values.Get("columns"), "pub_unique3") {
		t.Errorf("the report is of %s with %s, want all time, as the figures, with Pub. Unique 3", values.Get("range"), values.Get("columns"))
	}
}

// A filter that was typed but not applied survives other changes, and is still not applied.
func TestFilterDraftSurvives(t *testing.T) {
	_, b := openSales(t, nil)
	const draft = "draft=1&c=pub_unique3&o=eq&v=TYPED&match=all"
	a := b.get(reportPath + "?range=days&from=2026-11-01&to=2026-11-02&" + draft)
	location := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.Contains(location, "range=2026-11-01..2026-11-02") || !strings.Contains(location, "v=TYPED") || strings.Contains(location, "filter=") {
		t.Fatalf("status %d to %s", a.status, location)
	}
	b.get(location).shows(t, http.StatusOK, `value="TYPED"`, "Not applied yet")
	b.get(reportPath+"?sort=payout&draft=1&draft_text=payout+%3E").shows(t, http.StatusOK, ">payout &gt;</textarea>", "Not applied yet")
}

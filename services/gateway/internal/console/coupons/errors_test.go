package coupons_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// Save reports at once what the console and the service found, and stores nothing.
func TestAllErrorsAtOnce(t *testing.T) {
	s := &consoletest.Shop{Refusal: consoletest.Refused(t, codes.InvalidArgument, "INVALID_CODE", "code", "the code has '_'", map[string]string{"suggestion": "SALEXYZ20"})}
	b := consoletest.OpenShop(t, s, nil)
	b.Post("/console/coupons/new", "code", "SALE_XYZ20", "start_time", "soon", "usage_limit", "many").Holds(t, http.StatusUnprocessableEntity,
		`id="field-code-error">The code has`, `id="field-offer-error">Choose an offer.`, `id="field-publisher-error">Choose a publisher.`,
		`id="field-start_time-error">`, `id="field-usage_limit-error">Enter a whole number`, "Use SALEXYZ20")
	b.Post("/console/coupons/generate", "count", "few", "code", "x").Holds(t, http.StatusUnprocessableEntity, `id="field-count-error">`, `id="field-offer-error">`)
	if len(consoletest.ShopAsked[*couponv1.CreateCouponRequest](s)) != 0 || len(s.Tried) != 2 {
		t.Errorf("stored %v, tried %v", s.Calls, s.Tried)
	}
}

// Dates are in the program's zone, and linked names replace ids.
func TestErrorsAreInTheReadersWords(t *testing.T) {
	s := &consoletest.Shop{Fake: consoletest.Fake{Offers: 1}}
	b := consoletest.OpenShop(t, s, nil)
	good := []string{"code", "SALE", "offer", "10", "publisher", "22", "start_time", "2026-02-01", "expire_time", "2026-01-01"}
	called := `<a href="/console/publishers/22">&lt;script&gt;`
	for _, c := range []struct {
		refusal error
		want    string
	}{
		{consoletest.Refused(t, codes.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher", "publisher 22 is blocked on offer 10", nil), `Publisher ` + called},
		{consoletest.Refused(t, codes.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher", "publisher 22 is blocked on offer 10", nil), `on offer <a href="/console/offers/10">`},
		{consoletest.Refused(t, codes.InvalidArgument, "X", "start_time", "it is before 2026-01-01T23:00:00Z", nil), "It is before 2 Jan 2026, 00:00"},
		{consoletest.Refused(t, codes.InvalidArgument, "X", "publisher", "publisher nobody is not [known](/console/x) <b>", nil), `Publisher nobody is not <a href="/console/x">known</a> &lt;b&gt;.`},
	} {
		s.Refusal = c.refusal
		b.Post("/console/coupons/new", good...).Holds(t, http.StatusUnprocessableEntity, c.want)
	}
	s.Refusal = ofTimeRange(t)
	b.Post("/console/coupons/new", good...).Holds(t, http.StatusUnprocessableEntity,
		`id="field-expire_time-error">The coupon would expire on 1 Jan 2026, before it starts on 1 Feb 2026.`)
}

// ofTimeRange is the service's refusal of a coupon that ends before it begins, with Berlin's days.
func ofTimeRange(t *testing.T) error {
	t.Helper()
	st := status.Convert(consoletest.Refused(t, codes.InvalidArgument, "INVALID_TIME_RANGE", "", "no", map[string]string{
		"start_time": "2026-01-31T23:00:00Z", "expire_time": "2026-01-01T23:00:00Z",
	}))
	with, err := st.WithDetails(consoletest.FieldViolation("expire_time", "INVALID_TIME_RANGE", "the coupon would expire at 2026-01-01T23:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	return with.Err()
}

func TestUsageLimitsInTheConsole(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon(func(c *couponv1.Coupon) { c.UsageLimit, c.DailyUsageLimit = 1000, 10 })}}
	b := consoletest.OpenShop(t, s, nil)
	const page = "/console/offers/10/coupons/22.SALEXYZ20"
	b.Get("/console/coupons").Holds(t, http.StatusOK, "Usage limit", "1,000 in all, 10 a day")
	b.Get(page).Holds(t, http.StatusOK, "Limit 1,000 in all, 10 a day", `name="usage_limit" value="1000"`, `name="daily_usage_limit" value="10"`)
	b.Post(page, "start_time", "2026-11-22", "usage_limit", "1,500", "daily_usage_limit", "")
	if c := consoletest.Last[*couponv1.UpdateCouponRequest](t, s).GetCoupon(); c.GetUsageLimit() != 1500 || c.GetDailyUsageLimit() != 0 {
		t.Errorf("sent %v", c)
	}
	b.Post("/console/coupons/new", "code", "ABC", "offer", "10", "publisher", "22", "start_time", "2026-11-22", "usage_limit", "5", "daily_usage_limit", "1")
	if c := consoletest.Last[*couponv1.CreateCouponRequest](t, s).GetCoupon(); c.GetUsageLimit() != 5 || c.GetDailyUsageLimit() != 1 {
		t.Errorf("sent %v", c)
	}
}

func TestCouponLeadsToItsConversions(t *testing.T) {
	b := consoletest.OpenShop(t, &consoletest.Shop{}, nil)
	a := b.Get("/console/offers/10/coupons/22.SALEXYZ20")
	_, rest, _ := strings.Cut(a.Body, `href="/console/reports/conversions?`)
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

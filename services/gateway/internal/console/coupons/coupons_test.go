package coupons_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// couponPages are all pages about coupons that GET has.
func couponPages() []string {
	keys := "?keys=" + url.QueryEscape(consoletest.CouponName) + "&back=%2Fconsole%2Fcoupons"
	return []string{
		"/console/coupons", "/console/offers/10/coupons", "/console/coupons?new=" + url.QueryEscape(consoletest.CouponName), "/console/coupons?publisher=22&offer=10",
		"/console/coupons/new", "/console/offers/10/coupons/new?publisher=22&code=" + url.QueryEscape(consoletest.Hostile),
		"/console/coupons/generate", "/console/offers/10/coupons/generate", "/console/coupons/import", "/console/offers/10/coupons/import",
		"/console/coupons/archive" + keys, "/console/coupons/extend" + keys, "/console/offers/10/coupons/22.SALEXYZ20",
		"/console/offers/10/publishers", "/console/offers/10/publishers/22", "/console/offers/10/postback", "/console/offers/10/postback?preset=tune",
		"/console/coupons?q=" + url.QueryEscape(consoletest.Hostile), "/console/offers/10/publishers?q=" + url.QueryEscape(consoletest.Hostile),
	}
}

func TestCouponPagesShowHostileWordsAsText(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}, Sharers: []string{"publishers/22"}, Approval: consoletest.Approval(couponv1.Approval_APPROVED)}
	b := consoletest.OpenShop(t, s, nil)
	for _, path := range couponPages() {
		a := b.Get(path)
		if a.Status != http.StatusOK || !strings.Contains(a.Body, "</html>") {
			t.Errorf("%s: status %d\n%s", path, a.Status, a.Body)
		}
		if strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, `alert("x")`) {
			t.Errorf("%s shows hostile words as they are:\n%s", path, a.Body)
		}
		if found := consoletest.Inline.FindString(a.Body); found != "" {
			t.Errorf("%s has %q inline", path, found)
		}
	}
}

func TestCouponPagesNeedSessionAndOurOrigin(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}}
	b := consoletest.OpenShop(t, s, nil)
	for _, path := range []string{
		"coupons/new", "offers/10/coupons/new", "coupons/bulk", "coupons/archive", "coupons/extend", "coupons/restore", "coupons/generate", "coupons/import",
		"offers/10/coupons/22.SALEXYZ20", "offers/10/coupons/22.SALEXYZ20/archive", "offers/10/publishers", "offers/10/publishers/22",
		"offers/10/publishers/22/state", "offers/10/postback/test", "offers/10/postback/rotate",
	} {
		if a := b.Do(http.MethodPost, "/console/"+path, url.Values{"keys": {consoletest.CouponName}, "do": {"disable"}}, "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusForbidden {
			t.Errorf("%s from another site: status %d\n%s", path, a.Status, a.Body)
		}
	}
	if len(s.Calls) > 0 {
		t.Errorf("forms of another site were sent on: %v", s.Calls)
	}
}

// What is no text searches for nothing, as in the other lists, and does not become a filter that is refused.
func TestCouponsSearchOfNoText(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}}
	consoletest.OpenShop(t, s, nil).Get("/console/coupons?q=%FF").Holds(t, http.StatusOK, "SALEXYZ20")
	if req := consoletest.Last[*couponv1.ListCouponsRequest](t, s); req.GetFilter() != "" {
		t.Errorf("asked for %v", req)
	}
}

func TestCouponsTable(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon(), consoletest.Coupon(func(c *couponv1.Coupon) {
		c.Name, c.Code, c.ExpireTime, c.State = "offers/10/coupons/22.OTHER", "OTHER", nil, couponv1.Coupon_SCHEDULED
	})}}
	s.NextToken = "t2"
	b := consoletest.OpenShop(t, s, nil)
	a := b.Get("/console/coupons?state=ACTIVE&q=sale&sort=-expire_time&new=" + url.QueryEscape(consoletest.CouponName))
	a.Holds(t, http.StatusOK,
		`<tr class="is-new">`, `href="/console/offers/10/coupons/22.SALEXYZ20"`, "12,345", "678", "€91.00", ">Active<", ">Scheduled<", ">Never<",
		"30 Nov 2026", // it expires when that day ends in Berlin
		`data-copy="https://go.example.com/click?offer_id=10&amp;pub_id=22&amp;coupon_code=SALEXYZ20"`, "SALEXYZ20 is ready.",
		"/console/coupons/export?", `value="disable"`, `value="extend"`, `value="archive"`, "page=t2")
	req := consoletest.Last[*couponv1.ListCouponsRequest](t, s)
	if req.GetParent() != "offers/-" || req.GetOrderBy() != "expire_time desc" || !strings.HasPrefix(req.GetFilter(), `state = ACTIVE AND (code = "sale*" OR (internal_note:"sale")`) ||
		!strings.Contains(req.GetFilter(), `publisher = "22"`) {
		t.Errorf("asked for %v", req)
	}
	all := consoletest.ShopAsked[*trackingv1.SummarizeConversionsRequest](s)
	if len(all) != 1 || all[0].GetFilter() != `coupon_code = "SALEXYZ20" OR coupon_code = "OTHER"` || len(all[0].GetGroupBy()) != 3 {
		t.Errorf("figures were asked by %v", all)
	}
	part := b.Get("/console/offers/10/coupons", "HX-Request", "true", "HX-Target", "div#coupons-table")
	if !strings.HasPrefix(part.Body, `<div id="coupons-table"`) || strings.Contains(part.Body, "<html") || strings.Contains(part.Body, `data-label="Offer"`) {
		t.Errorf("the table alone:\n%s", part.Body)
	}
	if req := consoletest.Last[*couponv1.ListCouponsRequest](t, s); req.GetParent() != "offers/10" {
		t.Errorf("asked for %v", req)
	}
	s.Summary = status.Error(codes.Unavailable, "not ready")
	if a := b.Get("/console/coupons"); a.Status != http.StatusOK || strings.Contains(a.Body, "12,345") || !strings.Contains(a.Body, ">–<") {
		t.Errorf("without figures: status %d\n%s", a.Status, a.Body)
	}
}

func TestCouponsWithoutRowsSayWhatToDo(t *testing.T) {
	b := consoletest.OpenShop(t, &consoletest.Shop{}, nil)
	b.Get("/console/offers/10/coupons").Holds(t, http.StatusOK, "No coupons yet", `href="/console/offers/10/coupons/new"`)
	b.Get("/console/coupons?q=x").Holds(t, http.StatusOK, "No coupon matches", "Show all coupons")
}

func TestCreateCoupon(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}}
	b := consoletest.OpenShop(t, s, nil)
	b.Get("/console/coupons/new").Holds(t, http.StatusOK,
		">Coupon Code<", ">Offer<", ">Publisher<", ">Start Date<", ">Expiration Date <", ">Internal Note <", ">Save</button>", `value="2026-11-22"`)
	a := b.Post("/console/coupons/new", "code", " SALEXYZ20 ", "offer", "10", "publisher", "22", "start_time", "2026-11-22", "expire_time", "2026-11-30", "internal_note", "Autumn")
	if want := "/console/coupons?new=" + url.QueryEscape(consoletest.CouponName); a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
		t.Fatalf("status %d to %q, want %q\n%s", a.Status, a.Header.Get("Location"), want, a.Body)
	}
	req := consoletest.Last[*couponv1.CreateCouponRequest](t, s)
	start, end := req.GetCoupon().GetStartTime().AsTime().Format(time.RFC3339), req.GetCoupon().GetExpireTime().AsTime().Format(time.RFC3339)
	if req.GetParent() != "offers/10" || req.GetCoupon().GetCode() != "SALEXYZ20" || req.GetCoupon().GetPublisher() != "publishers/22" ||
		start != "2026-11-21T23:00:00Z" || end != "2026-11-30T23:00:00Z" || req.GetCoupon().GetInternalNote() != "Autumn" || !req.GetCoupon().GetEnabled() {
		t.Errorf("sent %v", req)
	}
	b.Get(a.Header.Get("Location")).Holds(t, http.StatusOK, "Coupon SALEXYZ20 saved.", `<tr class="is-new">`)
	b.Post("/console/offers/10/coupons/new", "code", "ABC", "publisher", "22", "start_time", "2026-11-22", "offer", "99")
	if req := consoletest.Last[*couponv1.CreateCouponRequest](t, s); req.GetParent() != "offers/10" || req.GetCoupon().GetExpireTime() != nil {
		t.Errorf("below an offer sent %v", req)
	}
}

func TestCreateCouponSaysWhatIsWrong(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	a := b.Post("/console/coupons/new", "offer", "Shoes!", "start_time", "soon", "expire_time", "never", "internal_note", consoletest.Hostile)
	a.Holds(t, http.StatusUnprocessableEntity, `id="field-code-error">Enter the coupon code.`, `id="field-offer-error">This is not an id.`,
		`id="field-publisher-error">Choose a publisher.`, `id="field-start_time-error">`, `id="field-expire_time-error">`, `value="Shoes!"`, "&lt;script&gt;")
	if len(consoletest.ShopAsked[*couponv1.CreateCouponRequest](s)) > 0 {
		t.Error("a form with faults was sent")
	}
	good := []string{"code", "SALE_XYZ20", "offer", "10", "publisher", "22", "start_time", "2026-11-22"}
	for _, c := range []struct {
		code                codes.Code
		reason, field, text string
		want                string
	}{
		{codes.InvalidArgument, "INVALID_CODE", "code", "the code has '_'", `id="field-code-error">The code has &#39;_&#39;.`},
		{codes.AlreadyExists, "COUPON_EXISTS", "", "the publisher has it", `id="field-code-error">The publisher has it.`},
		{codes.FailedPrecondition, "PUBLISHER_BLOCKED", "", "it is blocked", `id="field-publisher-error">It is blocked.`},
		{codes.NotFound, "OFFER_NOT_FOUND", "", "there is no offer", `id="field-offer-error">There is no offer.`},
	} {
		s.Refusal = consoletest.Refused(t, c.code, c.reason, c.field, c.text, map[string]string{"suggestion": "SALEXYZ20"})
		b.Post("/console/coupons/new", good...).Holds(t, http.StatusUnprocessableEntity, c.want, `value="SALE_XYZ20"`, `name="take" value="SALEXYZ20"`)
	}
	s.Refusal = nil
	a = b.Post("/console/coupons/new", append(good, "take", "SALEXYZ20")...)
	a.Holds(t, http.StatusOK, `name="code" value="SALEXYZ20"`, `value="10"`, "This code is free.")
}

func TestCouponIsCheckedWhileTyped(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	s.Refusal = consoletest.Refused(t, codes.InvalidArgument, "INVALID_CODE", "code", "the code has '_'", map[string]string{"suggestion": "SALEXYZ20"})
	a := b.Get("/console/coupons/check?code=SALE_XYZ20", "HX-Request", "true", "HX-Target", "div#check-code")
	a.Holds(t, http.StatusOK, "The code has &#39;_&#39;.", "Use SALEXYZ20", `hx-target="#check-publisher"`)
	if strings.Contains(a.Body, "<html") {
		t.Errorf("a whole page:\n%s", a.Body)
	}
	s.Refusal = nil
	const whole = "/console/coupons/check?code=SALEXYZ20&offer=10&publisher=22"
	b.Get(whole).Holds(t, http.StatusOK, "This code is free.", "is not yet approved on this offer, and will be approved when you save the coupon.")
	if req := consoletest.Last[*couponv1.BatchCreateCouponsRequest](t, s); !req.GetValidateOnly() || req.GetParent() != "offers/10" || len(req.GetRequests()) != 1 {
		t.Errorf("tried by %v", req)
	}
	s.Approval, s.Sharers = consoletest.Approval(couponv1.Approval_APPROVED), []string{"publishers/7", "publishers/8"}
	a = b.Get(whole)
	a.Holds(t, http.StatusOK, "7 and 8 have this code on this offer too.")
	if strings.Contains(a.Body, "approved") {
		t.Errorf("an approved publisher is approved again:\n%s", a.Body)
	}
	s.Fault = &couponv1.BatchCreateCouponsFault{Code: "ALREADY_EXISTS", Reason: "COUPON_EXISTS", Message: "the publisher has the code"}
	b.Get(whole).Holds(t, http.StatusOK, "The publisher has the code.")
	s.Fault = &couponv1.BatchCreateCouponsFault{Code: "FAILED_PRECONDITION", Reason: "PUBLISHER_BLOCKED", Message: "the publisher is blocked"}
	b.Get(whole).Holds(t, http.StatusOK, "The publisher is blocked.")
}

func TestSaveCoupon(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}, Sharers: []string{"publishers/22"}}
	b := consoletest.OpenShop(t, s, nil)
	const path = "/console/offers/10/coupons/22.SALEXYZ20"
	b.Get(path).Holds(t, http.StatusOK, `name="etag" value="e1"`, "https://go.example.com/c/SALEXYZ20", `src="/console/offers/10/coupons/22.SALEXYZ20/qr.svg"`,
		"Now exactly 22 Nov 2026, 13:00", "12,345 clicks", "this code on this offer too")
	form := []string{
		"etag", "e0", "start_time", "2026-11-22", "expire_time", "2026-12-24", "internal_note", "New", "payout_kind", "percent", "payout", "7.5",
		"precedence", "CLICK_FIRST", "click_window", "7", "click_window_unit", "days",
	}
	if a := b.Post(path, form...); a.Status != http.StatusSeeOther || a.Header.Get("Location") != path {
		t.Fatalf("status %d to %q\n%s", a.Status, a.Header.Get("Location"), a.Body)
	}
	req := consoletest.Last[*couponv1.UpdateCouponRequest](t, s)
	c := req.GetCoupon()
	if c.GetName() != consoletest.CouponName || c.GetEtag() != "e0" || !c.GetStartTime().AsTime().Equal(consoletest.CouponTime) || c.GetExpireTime().AsTime().Format(time.RFC3339) != "2026-12-24T23:00:00Z" ||
		c.GetInternalNote() != "New" || c.GetEnabled() || c.GetPayout().GetPercent() != "7.5" || c.GetSettings().GetPrecedence() != couponv1.Offer_CLICK_FIRST ||
		c.GetSettings().GetClickWindow().AsDuration() != 7*24*time.Hour || c.GetSettings().CouponGrace != nil ||
		!slices.Equal(slices.Sorted(slices.Values(req.GetUpdateMask().GetPaths())), []string{"daily_usage_limit", "discount", "enabled", "expire_time", "internal_note", "payout", "settings", "start_time", "usage_limit"}) {
		t.Errorf("sent %v", req)
	}
	s.Refusal = status.Error(codes.Aborted, "the etag is old")
	b.Post(path, form...).Holds(t, http.StatusConflict, "Somebody else has changed this", "They have: &lt;script", "They have: on", `name="etag" value="e1"`, ">New</textarea>")
	s.Refusal = consoletest.Refused(t, codes.InvalidArgument, "INVALID_EXPIRE_TIME", "coupon.expire_time", "it is before the start", nil)
	b.Post(path, form...).Holds(t, http.StatusUnprocessableEntity, `id="field-expire_time-error">It is before the start.`, `name="etag" value="e0"`)
}

func TestArchiveCoupon(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	if a := b.Post("/console/offers/10/coupons/22.SALEXYZ20/archive", "etag", "e1"); a.Status != http.StatusSeeOther {
		t.Errorf("status %d", a.Status)
	}
	if req := consoletest.Last[*couponv1.ArchiveCouponRequest](t, s); req.GetName() != consoletest.CouponName || req.GetEtag() != "e1" {
		t.Errorf("sent %v", req)
	}
	s.Stored = []*couponv1.Coupon{consoletest.Coupon(func(c *couponv1.Coupon) { c.State = couponv1.Coupon_ARCHIVED })}
	if a := b.Get("/console/offers/10/coupons/22.SALEXYZ20"); !strings.Contains(a.Body, "does not change any more") || strings.Contains(a.Body, `id="coupon-form"`) {
		t.Errorf("an archived coupon:\n%s", a.Body)
	}
}

func TestQRCodes(t *testing.T) {
	b := consoletest.OpenShop(t, &consoletest.Shop{}, nil)
	for ending, contentType := range map[string]string{"svg": "image/svg+xml", "png": "image/png"} {
		a := b.Get("/console/offers/10/coupons/22.SALEXYZ20/qr." + ending + "?download")
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != contentType || a.Header.Get("Content-Disposition") != `attachment; filename="SALEXYZ20.`+ending+`"` || len(a.Body) < 100 {
			t.Errorf("%s: status %d, %v, %d bytes", ending, a.Status, a.Header, len(a.Body))
		}
	}
}

func TestSelectedCouponsAreDisabledAndRestored(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon(), consoletest.Coupon(func(c *couponv1.Coupon) { c.Name, c.Enabled = "offers/10/coupons/22.OFF", proto.Bool(false) })}}
	b := consoletest.OpenShop(t, s, nil)
	a := b.PostAll("/console/coupons/bulk?back=%2Fconsole%2Fcoupons%3Fq%3Dsale", url.Values{"keys": {consoletest.CouponName, "offers/10/coupons/22.OFF", `x" OR code = "`}, "do": {"disable"}})
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/coupons?q=sale" {
		t.Fatalf("status %d to %q\n%s", a.Status, a.Header.Get("Location"), a.Body)
	}
	if req := consoletest.Last[*couponv1.ListCouponsRequest](t, s); req.GetFilter() != `(offer = "10" AND publisher = "22" AND code = "SALEXYZ20") OR (offer = "10" AND publisher = "22" AND code = "OFF")` {
		t.Errorf("asked for %q", req.GetFilter())
	}
	all := consoletest.ShopAsked[*couponv1.UpdateCouponRequest](s)
	if len(all) != 1 || all[0].GetCoupon().GetEnabled() || all[0].GetCoupon().GetEtag() != "e1" || !slices.Equal(all[0].GetUpdateMask().GetPaths(), []string{"enabled"}) {
		t.Errorf("sent %v", all)
	}
	page := b.Get("/console/coupons?q=sale")
	page.Holds(t, http.StatusOK, "1 coupon disabled.", `action="/console/coupons/restore"`)
	_, after, _ := strings.Cut(page.Body, `name="before" value="`)
	kept, _, _ := strings.Cut(after, `"`)
	b.Post("/console/coupons/restore", "before", kept, "back", "/console/coupons")
	back := consoletest.Last[*couponv1.UpdateCouponRequest](t, s)
	if back.GetCoupon().GetName() != consoletest.CouponName || !back.GetCoupon().GetEnabled() || back.GetCoupon().GetExpireTime().AsTime() != consoletest.Coupon().GetExpireTime().AsTime() ||
		!slices.Equal(back.GetUpdateMask().GetPaths(), []string{"enabled", "expire_time"}) {
		t.Errorf("undone by %v", back)
	}
	b.Post("/console/coupons/restore", "before", "AAAA").Holds(t, http.StatusBadRequest, "cannot be undone")
}

func TestSelectedCouponsAreExtended(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}}
	b := consoletest.OpenShop(t, s, nil)
	a := b.PostAll("/console/coupons/bulk?back=%2Fconsole%2Fcoupons", url.Values{"keys": {consoletest.CouponName}, "do": {"extend"}})
	next := a.Header.Get("Location")
	if !strings.HasPrefix(next, "/console/coupons/extend?") {
		t.Fatalf("status %d to %q", a.Status, next)
	}
	b.Get(next).Holds(t, http.StatusOK, "New Expiration Date", "Extend 1 coupon", "SALEXYZ20")
	b.Post(next).Holds(t, http.StatusUnprocessableEntity, `id="field-expire_time-error">Choose the last day`)
	if a := b.Post(next, "expire_time", "2026-12-31"); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/coupons" {
		t.Errorf("status %d to %q\n%s", a.Status, a.Header.Get("Location"), a.Body)
	}
	if req := consoletest.Last[*couponv1.UpdateCouponRequest](t, s); req.GetCoupon().GetExpireTime().AsTime().Format(time.RFC3339) != "2026-12-31T23:00:00Z" || req.GetUpdateMask().GetPaths()[0] != "expire_time" {
		t.Errorf("sent %v", req)
	}
	s.Refusal = status.Error(codes.Aborted, "it has changed")
	b.Post(next, "expire_time", "2026-12-31").Holds(t, http.StatusUnprocessableEntity, "SALEXYZ20: It has changed.", `value="2026-12-31"`)
}

func TestSelectedCouponsAreArchivedAfterAQuestion(t *testing.T) {
	s := &consoletest.Shop{Stored: []*couponv1.Coupon{consoletest.Coupon()}}
	b := consoletest.OpenShop(t, s, nil)
	next := b.PostAll("/console/coupons/bulk?back=https%3A%2F%2Fevil.example", url.Values{"keys": {consoletest.CouponName}, "do": {"archive"}}).Header.Get("Location")
	if len(consoletest.ShopAsked[*couponv1.ArchiveCouponRequest](s)) > 0 || strings.Contains(next, "evil") {
		t.Fatalf("led to %q, %v", next, s.Calls)
	}
	b.Get(next).Holds(t, http.StatusOK, "Archive 1 coupon", "cannot be undone", "Archive for good")
	b.Post(next)
	if req := consoletest.Last[*couponv1.ArchiveCouponRequest](t, s); req.GetName() != consoletest.CouponName {
		t.Errorf("sent %v", req)
	}
	b.Get("/console/coupons").Holds(t, http.StatusOK, "1 coupon archived.")
	b.Post("/console/coupons/bulk?back=%2Fconsole%2Fcoupons", "do", "disable")
	b.Get("/console/coupons").Holds(t, http.StatusOK, "Select coupons first.")
}

func TestExportIsTheAPIsOwn(t *testing.T) {
	var got *http.Request
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "text/csv")
		_, _ = w.Write([]byte("name\r\n"))
	})
	b := consoletest.OpenShop(t, &consoletest.Shop{}, api)
	a := b.Get("/console/offers/10/coupons/export?state=ACTIVE&sort=code&page=t2")
	if a.Status != http.StatusOK || a.Body != "name\r\n" || got == nil {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if got.URL.Path != "/v1/offers/10/coupons:export" || got.URL.Query().Get("filter") != "state = ACTIVE" || got.URL.Query().Get("order_by") != "code" || got.URL.Query().Get("bom") != "true" ||
		got.Header.Get("Authorization") != "Bearer "+consoletest.Key || got.Header.Get("Cookie") != "" {
		t.Errorf("asked %s with %v", got.URL, got.Header)
	}
}

package console_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
)

func (d *desk) UpdatePublisher(_ context.Context, req *couponv1.UpdatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetValidateOnly() {
		return publisher(), d.refusal
	}
	return publisher(), d.note("UpdatePublisher", req)
}

func (d *desk) RotateDeliverySecret(_ context.Context, req *couponv1.RotateDeliverySecretRequest) (*couponv1.Publisher, error) {
	return publisher(), d.note("RotateDeliverySecret", req)
}

func (d *desk) TestDelivery(_ context.Context, req *trackingv1.TestDeliveryRequest) (*trackingv1.TestDeliveryResponse, error) {
	return d.test, d.note("TestDelivery", req)
}

func TestPublisherPage(t *testing.T) {
	d := &desk{fake: fake{offers: 1}}
	b := openDesk(t, d)
	expect(t, b.get("/console/publishers/22"), []string{"12,345", "$9,001.00", "SalexYZ20", `class="number">40<`, "24 Nov 2026", "/console/tools/scan?url=https"}, []string{"Not available"})
	for _, req := range called[*trackingv1.SummarizeConversionsRequest](d) {
		if req.GetFilter() != `publisher = "publishers/22"` {
			t.Errorf("figures of others: %v", req)
		}
	}
	expect(t, b.get("/console/publishers/22/settings"), []string{`name="display_name" value="&lt;script`, `name="etag" value="e1"`}, nil)
	expect(t, b.get("/console/publishers/22/deliveries"), []string{`value="https://p.example.com/"`, "Test delivery", "Given up", "17 tries", "{pub_click_id}"}, nil)
	silent := openDesk(t, &desk{silent: map[string]bool{"all": true}})
	for _, path := range []string{"/console/publishers/22", "/console/publishers/22/deliveries"} {
		expect(t, silent.get(path), []string{"Not available now."}, nil)
	}
	expect(t, openDesk(t, &desk{isEmpty: true}).get("/console/publishers/22"), []string{"No coupons yet"}, nil)
}

func TestPublisherIsSavedByParts(t *testing.T) {
	d := &desk{}
	b := openDesk(t, d)
	if a := b.post("/console/publishers/22/settings", "etag", "e0", "display_name", " New name ", "state", "ARCHIVED"); a.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.status, a.body)
	}
	if a := b.post("/console/publishers/22/deliveries", "etag", "e0", "postback_url", "https://x.example.com/?p={payout}", "method", "POST", "status_APPROVED", "on", "only_with_click", "on"); a.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.status, a.body)
	}
	reqs := called[*couponv1.UpdatePublisherRequest](d)
	if len(reqs) != 2 {
		t.Fatalf("%d changes", len(reqs))
	}
	if o := reqs[0].GetPublisher(); o.GetName() != "publishers/22" || o.GetEtag() != "e0" || o.GetDisplayName() != "New name" || o.GetState() != couponv1.Publisher_ARCHIVED ||
		!slices.Equal(reqs[0].GetUpdateMask().GetPaths(), []string{"display_name", "state"}) {
		t.Errorf("settings went out as %v", reqs[0])
	}
	o := reqs[1].GetPublisher()
	if s := o.GetDelivery(); o.GetPostbackUrl() != "https://x.example.com/?p={payout}" || s.GetMethod() != couponv1.DeliverySettings_POST || !s.GetOnlyWithClick() ||
		!slices.Equal(s.GetStatuses(), []couponv1.DeliverySettings_Status{couponv1.DeliverySettings_APPROVED}) || !slices.Equal(reqs[1].GetUpdateMask().GetPaths(), []string{"postback_url", "delivery"}) {
		t.Errorf("deliveries went out as %v", reqs[1])
	}
	a := b.post("/console/publishers/22/deliveries", "etag", "e0", "postback_url", hostile)
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Choose one at least.") || !strings.Contains(a.body, `value="&lt;script`) || len(called[*couponv1.UpdatePublisherRequest](d)) != 2 {
		t.Errorf("no status at all: status %d\n%s", a.status, a.body)
	}
}

func TestPublisherConflictKeepsBoth(t *testing.T) {
	d := &desk{}
	b := openDesk(t, d)
	d.refusal = status.Error(codes.Aborted, "the etag is old")
	a := b.do(http.MethodPost, "/console/publishers/22/deliveries", url.Values{"etag": {"e0"}, "postback_url": {"https://mine.example.com/"}, "method": {"GET"}, "status_PENDING": {"on"}})
	for _, want := range []string{"Somebody else has changed this", `value="https://mine.example.com/"`, "They have: https://p.example.com/", `name="etag" value="e1"`} {
		if a.status != http.StatusConflict || !strings.Contains(a.body, want) {
			t.Errorf("status %d; the form lacks %s", a.status, want)
		}
	}
}

func TestDeliveryTestAndSecret(t *testing.T) {
	d := &desk{test: &trackingv1.TestDeliveryResponse{
		Url: "https://p.example.com/?c=1", ResponseBody: hostile, Attempt: &trackingv1.DeliveryAttempt{HttpStatus: 500, Latency: durationpb.New(42 * time.Millisecond)},
	}}
	b := openDesk(t, d)
	send := func(header ...string) answer {
		return b.do(http.MethodPost, "/console/publishers/22/deliveries/test", url.Values{}, header...)
	}
	expect(t, send(), []string{"It was not taken", "answered 500 after 42 ms", "&lt;script&gt;", "</html>"}, nil)
	part := send("HX-Request", "true", "HX-Target", "section#delivery-test")
	expect(t, part, []string{"It was not taken"}, []string{"<html", "Signing secret"})
	d.test.Attempt.HttpStatus = 204
	expect(t, send(), []string{"It works"}, nil)
	d.test.Attempt = &trackingv1.DeliveryAttempt{Error: "connection refused"}
	expect(t, send(), []string{"No answer", "Connection refused."}, nil)
	d.refusal = status.Error(codes.FailedPrecondition, "publisher 22 has no postback URL")
	expect(t, send(), []string{"Nothing was sent", `Publisher <a href="/console/publishers/22">&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&amp;</a> has no postback URL.`}, nil)
	d.refusal = nil
	for _, req := range called[*trackingv1.TestDeliveryRequest](d) {
		if req.GetPublisher() != "publishers/22" {
			t.Errorf("tested %v", req)
		}
	}
	if a := b.post("/console/publishers/22/deliveries/secret", "overlap", "168h"); a.status != http.StatusSeeOther {
		t.Errorf("replacing the secret: status %d", a.status)
	}
	if reqs := called[*couponv1.RotateDeliverySecretRequest](d); len(reqs) != 1 || reqs[0].GetName() != "publishers/22" || reqs[0].GetOverlap().AsDuration() != 168*time.Hour {
		t.Errorf("replaced by %v", reqs)
	}
	for _, path := range []string{"test", "secret"} {
		if a := b.do(http.MethodPost, "/console/publishers/22/deliveries/"+path, url.Values{}, "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden {
			t.Errorf("%s from another site: status %d", path, a.status)
		}
	}
}

// The page explains each macro that a postback URL can have, and no other.
func TestAllMacrosAreExplained(t *testing.T) {
	found := regexp.MustCompile(`data-copy="(\{[a-z0-9_]+\})"`).FindAllStringSubmatch(openDesk(t, &desk{}).get("/console/publishers/22/deliveries").body, -1)
	for _, macro := range found {
		if err := deliveryurl.Check("https://a.example.com/?x=" + macro[1]); err != nil {
			t.Errorf("%s: %v", macro[1], err)
		}
	}
	_, list, _ := strings.Cut(deliveryurl.Check("https://a.example.com/?x={none}").Error(), "the macros are ")
	if want := strings.Count(list, "{"); len(found) != want {
		t.Errorf("%d macros are explained, there are %d: %s", len(found), want, list)
	}
}

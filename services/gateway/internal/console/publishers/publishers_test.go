package publishers_test

import (
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
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
)

func TestPublisherPage(t *testing.T) {
	d := &consoletest.Desk{Fake: consoletest.Fake{Offers: 1}}
	b := consoletest.OpenDesk(t, d)
	consoletest.Expect(t, b.Get("/console/publishers/22"), []string{"12,345", "$9,001.00", "SalexYZ20", `class="number">40<`, "24 Nov 2026", "/console/tools/scan?url=https"}, []string{"Not available"})
	for _, req := range consoletest.Called[*trackingv1.SummarizeConversionsRequest](d) {
		if req.GetFilter() != `publisher = "publishers/22"` {
			t.Errorf("figures of others: %v", req)
		}
	}
	consoletest.Expect(t, b.Get("/console/publishers/22/settings"), []string{`name="display_name" value="&lt;script`, `name="etag" value="e1"`}, nil)
	consoletest.Expect(t, b.Get("/console/publishers/22/deliveries"), []string{`value="https://p.example.com/"`, "Test delivery", "Given up", "17 tries", "{pub_click_id}", "{sequence}", `name="payload_version"`}, nil)
	silent := consoletest.OpenDesk(t, &consoletest.Desk{Silent: map[string]bool{"all": true}})
	for _, path := range []string{"/console/publishers/22", "/console/publishers/22/deliveries"} {
		consoletest.Expect(t, silent.Get(path), []string{"Not available now."}, nil)
	}
	consoletest.Expect(t, consoletest.OpenDesk(t, &consoletest.Desk{IsEmpty: true}).Get("/console/publishers/22"), []string{"No coupons yet"}, nil)
}

func TestPublisherIsSavedByParts(t *testing.T) {
	d := &consoletest.Desk{}
	b := consoletest.OpenDesk(t, d)
	if a := b.Post("/console/publishers/22/settings", "etag", "e0", "display_name", " New name ", "state", "ARCHIVED"); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.Status, a.Body)
	}
	if a := b.Post("/console/publishers/22/deliveries", "etag", "e0", "postback_url", "https://x.example.com/?p={payout}", "method", "POST", "payload_version", "V1", "status_APPROVED", "on", "only_with_click", "on"); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", a.Status, a.Body)
	}
	reqs := consoletest.Called[*couponv1.UpdatePublisherRequest](d)
	if len(reqs) != 2 {
		t.Fatalf("%d changes", len(reqs))
	}
	if o := reqs[0].GetPublisher(); o.GetName() != "publishers/22" || o.GetEtag() != "e0" || o.GetDisplayName() != "New name" || o.GetState() != couponv1.Publisher_ARCHIVED ||
		!slices.Equal(reqs[0].GetUpdateMask().GetPaths(), []string{"display_name", "state"}) {
		t.Errorf("settings went out as %v", reqs[0])
	}
	o := reqs[1].GetPublisher()
	if s := o.GetDelivery(); o.GetPostbackUrl() != "https://x.example.com/?p={payout}" || s.GetMethod() != couponv1.DeliverySettings_POST || s.GetPayloadVersion() != couponv1.DeliverySettings_V1 || !s.GetOnlyWithClick() ||
		!slices.Equal(s.GetStatuses(), []couponv1.DeliverySettings_Status{couponv1.DeliverySettings_APPROVED}) || !slices.Equal(reqs[1].GetUpdateMask().GetPaths(), []string{"postback_url", "delivery"}) {
		t.Errorf("deliveries went out as %v", reqs[1])
	}
	a := b.Post("/console/publishers/22/deliveries", "etag", "e0", "postback_url", consoletest.Hostile)
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "Choose one at least.") || !strings.Contains(a.Body, `value="&lt;script`) || len(consoletest.Called[*couponv1.UpdatePublisherRequest](d)) != 2 {
		t.Errorf("no status at all: status %d\n%s", a.Status, a.Body)
	}
}

func TestPublisherConflictKeepsBoth(t *testing.T) {
	d := &consoletest.Desk{}
	b := consoletest.OpenDesk(t, d)
	d.Refusal = status.Error(codes.Aborted, "the etag is old")
	a := b.Do(http.MethodPost, "/console/publishers/22/deliveries", url.Values{"etag": {"e0"}, "postback_url": {"https://mine.example.com/"}, "method": {"GET"}, "status_PENDING": {"on"}})
	for _, want := range []string{"Somebody else has changed this", `value="https://mine.example.com/"`, "They have: https://p.example.com/", `name="etag" value="e1"`} {
		if a.Status != http.StatusConflict || !strings.Contains(a.Body, want) {
			t.Errorf("status %d; the form lacks %s", a.Status, want)
		}
	}
}

func TestDeliveryTestAndSecret(t *testing.T) {
	d := &consoletest.Desk{Test: &trackingv1.TestDeliveryResponse{
		Url: "https://p.example.com/?c=1", ResponseBody: consoletest.Hostile, Attempt: &trackingv1.DeliveryAttempt{HttpStatus: 500, Latency: durationpb.New(42 * time.Millisecond)},
	}}
	b := consoletest.OpenDesk(t, d)
	send := func(header ...string) consoletest.Answer {
		return b.Do(http.MethodPost, "/console/publishers/22/deliveries/test", url.Values{}, header...)
	}
	consoletest.Expect(t, send(), []string{"It was not accepted", "answered 500 after 42 ms", "&lt;script&gt;", "</html>"}, nil)
	part := send("HX-Request", "true", "HX-Target", "section#delivery-test")
	consoletest.Expect(t, part, []string{"It was not accepted"}, []string{"<html", "Signing secret"})
	d.Test.Attempt.HttpStatus = 204
	consoletest.Expect(t, send(), []string{"It works"}, nil)
	d.Test.Attempt = &trackingv1.DeliveryAttempt{Error: "connection refused"}
	consoletest.Expect(t, send(), []string{"No answer", "Connection refused."}, nil)
	d.Refusal = status.Error(codes.FailedPrecondition, "publisher 22 has no postback URL")
	consoletest.Expect(t, send(), []string{"Nothing was sent", `Publisher <a href="/console/publishers/22">&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;&#39;&#34;&amp;</a> has no postback URL.`}, nil)
	d.Refusal = nil
	for _, req := range consoletest.Called[*trackingv1.TestDeliveryRequest](d) {
		if req.GetPublisher() != "publishers/22" {
			t.Errorf("tested %v", req)
		}
	}
	if a := b.Post("/console/publishers/22/deliveries/secret", "overlap", "168h"); a.Status != http.StatusSeeOther {
		t.Errorf("replacing the secret: status %d", a.Status)
	}
	if reqs := consoletest.Called[*couponv1.RotateDeliverySecretRequest](d); len(reqs) != 1 || reqs[0].GetName() != "publishers/22" || reqs[0].GetOverlap().AsDuration() != 168*time.Hour {
		t.Errorf("replaced by %v", reqs)
	}
	for _, path := range []string{"test", "secret"} {
		if a := b.Do(http.MethodPost, "/console/publishers/22/deliveries/"+path, url.Values{}, "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusForbidden {
			t.Errorf("%s from another site: status %d", path, a.Status)
		}
	}
}

// The page explains each macro that a postback URL can have, and no other.
func TestAllMacrosAreExplained(t *testing.T) {
	found := regexp.MustCompile(`data-copy="(\{[a-z0-9_]+\})"`).FindAllStringSubmatch(consoletest.OpenDesk(t, &consoletest.Desk{}).Get("/console/publishers/22/deliveries").Body, -1)
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

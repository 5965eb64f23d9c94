package offers_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	yaml "go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestPublishersOfAnOffer(t *testing.T) {
	s := &consoletest.Shop{Approval: consoletest.Approval(couponv1.Approval_PENDING)}
	b := consoletest.OpenShop(t, s, nil)
	a := b.Get("/console/offers/10/publishers?state=PENDING")
	a.Holds(t, http.StatusOK, ">Pending<", "Waiting for you", "€1,250.50", "the offer&#39;s", ">Approve</button>", ">Block</button>", "Add publisher")
	if req := consoletest.Last[*couponv1.ListApprovalsRequest](t, s); req.GetParent() != "offers/10" || req.GetFilter() != "state = PENDING" {
		t.Errorf("asked for %v", req)
	}
	s.Approval = consoletest.Approval(couponv1.Approval_APPROVED)
	b.Post("/console/offers/10/publishers/22/state", "state", "BLOCKED")
	if req := consoletest.Last[*couponv1.BlockPublisherRequest](t, s); req.GetName() != "offers/10/approvals/22" {
		t.Errorf("sent %v", req)
	}
	b.Get("/console/offers/10/publishers").Holds(t, http.StatusOK, "is blocked on this offer", `name="state" value="APPROVED"`, ">Undo</button>")
	b.Post("/console/offers/10/publishers/22/state", "state", "APPROVED")
	consoletest.Last[*couponv1.ApprovePublisherRequest](t, s)
	b.Post("/console/offers/10/publishers", "publisher", "7")
	if req := consoletest.Last[*couponv1.ApprovePublisherRequest](t, s); req.GetName() != "offers/10/approvals/7" {
		t.Errorf("sent %v", req)
	}
	b.Post("/console/offers/10/publishers", "publisher", "Mia!").Holds(t, http.StatusUnprocessableEntity, `id="field-publisher-error">Choose a publisher`, `value="Mia!"`)
	s.Refusal = consoletest.Refused(t, codes.NotFound, "PUBLISHER_NOT_FOUND", "", "there is no such publisher", nil)
	b.Post("/console/offers/10/publishers", "publisher", "7").Holds(t, http.StatusUnprocessableEntity, "There is no such publisher.")
}

func TestPayoutOfAPublisherOnAnOffer(t *testing.T) {
	s := &consoletest.Shop{Approval: consoletest.Approval(couponv1.Approval_APPROVED)}
	b := consoletest.OpenShop(t, s, nil)
	const path = "/console/offers/10/publishers/22"
	b.Get(path).Holds(t, http.StatusOK, "Same as the offer: €1,250.50", `name="etag" value="e1"`)
	b.Post(path, "etag", "e1", "payout_kind", "fixed", "payout", "7.50")
	req := consoletest.Last[*couponv1.UpdateApprovalRequest](t, s)
	if m := req.GetApproval().GetPayout().GetFixed(); req.GetApproval().GetEtag() != "e1" || m.GetCurrencyCode() != "EUR" || m.GetUnits() != 7 || req.GetUpdateMask().GetPaths()[0] != "payout" {
		t.Errorf("sent %v", req)
	}
	s.Refusal = status.Error(codes.Aborted, "old")
	b.Post(path, "etag", "e0", "payout_kind", "percent", "payout", "5").Holds(t, http.StatusConflict, "Somebody else has changed this", "They have: Same as the offer", `value="5"`)
}

func TestPostbackInstructions(t *testing.T) {
	s := &consoletest.Shop{PostAuth: couponv1.Offer_TOKEN}
	b := consoletest.OpenShop(t, s, nil)
	b.Get("/console/offers/10/postback").Holds(t, http.StatusOK,
		"https://go.example.com/postback?coupon_code=COUPON_CODE&amp;token=0123456789abcdef",
		"https://go.example.com/postback?coupon_code=COUPON_CODE&amp;transaction_id=ORDER_ID&amp;amount=AMOUNT&amp;currency=CURRENCY&amp;click_id=CLICK_ID&amp;token=0123456789abcdef")
	b.Get("/console/offers/10/postback?preset=tune").Holds(t, http.StatusOK,
		"https://go.example.com/postback/tune?promo_code=COUPON_CODE&amp;security_token=0123456789abcdef", "<code>adv_sub</code>")
	s.PostAuth = couponv1.Offer_HMAC
	b.Get("/console/offers/10/postback").Holds(t, http.StatusOK, "whsec_x", "offer_id=10", "signed postbacks only",
		`id="snippet-php"`, `id="snippet-py"`, `id="snippet-mjs"`, "$secret = &#39;whsec_x&#39;;", "https://go.example.com/postback&#34;, body.encode()")
	b.Post("/console/offers/10/postback/rotate", "overlap", "604800")
	if req := consoletest.Last[*couponv1.RotatePostbackCredentialsRequest](t, s); req.GetName() != "offers/10" || req.GetOverlap().AsDuration() != 7*24*time.Hour {
		t.Errorf("sent %v", req)
	}
}

func TestPostbackIsTried(t *testing.T) {
	s := &consoletest.Shop{Verdict: &trackingv1.RecordConversionResponse{
		Outcome: trackingv1.RecordConversionResponse_TEST, Warnings: []string{"no transaction id"},
		Conversion: &trackingv1.Conversion{
			Outcome: trackingv1.Conversion_ATTRIBUTED, Publisher: "publishers/22", PubUnique3: "SALEXYZ20", Explanation: "the code is one coupon's",
			Payout: &couponv1.Money{CurrencyCode: "EUR", Units: 12},
		},
	}}
	b := consoletest.OpenShop(t, s, nil)
	const path = "/console/offers/10/postback/test"
	b.Post(path, "coupon_code", "SALEXYZ20", "amount", "49.90", "transaction_id", "A-1").Holds(t, http.StatusOK,
		"would be credited with this sale", "The code is one coupon&#39;s.", "€12.00", "No transaction id.", `value="49.90"`)
	req := consoletest.Last[*trackingv1.RecordConversionRequest](t, s)
	if !req.GetValidateOnly() || req.GetOffer() != "offers/10" || req.GetCouponCode() != "SALEXYZ20" || req.GetTransactionId() != "A-1" ||
		req.GetAmount().GetCurrencyCode() != "EUR" || req.GetAmount().GetUnits() != 49 || req.GetAmount().GetNanos() != 900_000_000 {
		t.Errorf("sent %v", req)
	}
	part := b.Do(http.MethodPost, path, url.Values{"coupon_code": {"X"}}, "HX-Request", "true", "HX-Target", "section#postback-test")
	if !strings.HasPrefix(part.Body, `<section id="postback-test"`) || strings.Contains(part.Body, "<html") {
		t.Errorf("the test alone:\n%s", part.Body)
	}
	b.Post(path, "amount", "much").Holds(t, http.StatusUnprocessableEntity, `id="field-amount-error">`)
	s.Refusal = status.Error(codes.Aborted, "the amount differs")
	b.Post(path, "coupon_code", "SALEXYZ20").Holds(t, http.StatusOK, "known with different content")
	s.Refusal = consoletest.Refused(t, codes.InvalidArgument, "INVALID_COUPON_CODE", "coupon_code", "it is too long", nil)
	b.Post(path, "coupon_code", "SALEXYZ20").Holds(t, http.StatusUnprocessableEntity, `id="field-coupon_code-error">It is too long.`)
}

// The page names each platform's parameters as the presets do, which the tracking service reads.
func TestPresetsAreThoseOfTheTrackingService(t *testing.T) {
	files, err := filepath.Glob("../../../../tracking/internal/presets/presets/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no presets: %v", err)
	}
	b := consoletest.OpenShop(t, &consoletest.Shop{PostAuth: couponv1.Offer_TOKEN}, nil)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var preset struct {
			Name, Title string
			Parameters  map[string][]string
		}
		if err := yaml.Unmarshal(content, &preset); err != nil {
			t.Fatal(err)
		}
		page := b.Get("/console/offers/10/postback?preset=" + preset.Name)
		page.Holds(t, http.StatusOK, ">"+preset.Title+"</a>", "/postback/"+preset.Name+"?")
		for ours, theirs := range preset.Parameters {
			if ours != "offer_id" && !strings.Contains(page.Body, "<code>"+theirs[0]+"</code>") {
				t.Errorf("%s: the page lacks %s, which is %s here", preset.Name, theirs[0], ours)
			}
		}
	}
}

package console_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

func TestGenerateCoupons(t *testing.T) {
	s := &shop{generated: []string{"SALEXYZ20", "SALEABC20"}}
	b := openShop(t, s, nil)
	form := []string{"offer", "10", "publisher", "22", "count", "2", "prefix", "SALE", "length", "5", "start_time", "2026-11-22", "expire_time", "2026-11-30", "internal_note", "Mail"}
	a := b.post("/console/coupons/generate", form...)
	if want := "/console/offers/10/coupons?created=2026-11-22T12%3A00%3A00Z&publisher=22"; a.status != http.StatusSeeOther || a.header.Get("Location") != want {
		t.Fatalf("status %d to %q, want %q\n%s", a.status, a.header.Get("Location"), want, a.body)
	}
	req := last[*couponv1.GenerateCouponsRequest](t, s)
	if req.GetParent() != "offers/10" || req.GetCoupon().GetPublisher() != "publishers/22" || req.GetCount() != 2 || req.GetPrefix() != "SALE" || req.GetLength() != 5 ||
		req.GetCoupon().GetCode() != "" || req.GetCoupon().GetExpireTime().AsTime().Format(time.RFC3339) != "2026-11-30T23:00:00Z" || !req.GetCoupon().GetEnabled() {
		t.Errorf("sent %v", req)
	}
	b.get(a.header.Get("Location")).holds(t, http.StatusOK, "2 coupons generated.", "that were generated together")
	if req := last[*couponv1.ListCouponsRequest](t, s); req.GetFilter() != `publisher = "22" AND create_time = "2026-11-22T12:00:00Z"` {
		t.Errorf("asked for %q", req.GetFilter())
	}
	b.post("/console/coupons/generate", "count", "many", "offer", "10", "publisher", "22", "start_time", "2026-11-22").
		holds(t, http.StatusUnprocessableEntity, `id="field-count-error">Write a whole number`, `value="many"`)
	s.refusal = refused(t, codes.InvalidArgument, "INVALID_LENGTH", "length", "so many codes would be easy to guess", nil)
	b.post("/console/offers/10/coupons/generate", form...).holds(t, http.StatusUnprocessableEntity, `id="field-length-error">So many codes`)
}

// upload sends a form with a file.
func (b *browser) upload(path, content string, values ...string) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(values); i += 2 {
		if err := w.WriteField(values[i], values[i+1]); err != nil {
			b.t.Fatal(err)
		}
	}
	if content != "" {
		part, err := w.CreateFormFile("file", "codes.csv")
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(page)}
}

var packedField = regexp.MustCompile(`name="packed" value="([^"]+)"`)

func TestImportCoupons(t *testing.T) {
	s := &shop{}
	b := openShop(t, s, nil)
	const file = "code,publisher,internal_note\r\nSALEXYZ20,22,one\r\n=bad<script>alert(1)</script>,22,two\r\nGOOD,,three\r\n"
	a := b.upload("/console/offers/10/coupons/import", file)
	a.holds(t, http.StatusOK, "Dry run of codes.csv", "Nothing is stored yet.", "Will be created", `data-label="Row"`)
	if strings.Contains(a.body, "<script>alert") {
		t.Errorf("the file's words are shown as they are:\n%s", a.body)
	}
	if req := last[*couponv1.BatchCreateCouponsRequest](t, s); !req.GetValidateOnly() || req.GetParent() != "offers/10" {
		t.Errorf("the dry run sent %v", req)
	}
	found := packedField.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the page does not keep the file:\n%s", a.body)
	}
	a = b.upload("/console/offers/10/coupons/import", "", "packed", found[1], "file_name", "codes.csv", "do", "import")
	a.holds(t, http.StatusOK, "Import of codes.csv", "created.", `href="/console/offers/10/coupons/22.SALEXYZ20"`)
	req := last[*couponv1.BatchCreateCouponsRequest](t, s)
	if req.GetValidateOnly() || req.GetRequests()[0].GetCoupon().GetCode() != "SALEXYZ20" || req.GetRequests()[0].GetCoupon().GetInternalNote() != "one" {
		t.Errorf("the import sent %v", req)
	}
	s.fault = &couponv1.BatchCreateCouponsFault{Code: "ALREADY_EXISTS", Reason: "COUPON_EXISTS", Message: "the publisher has the code"}
	a = b.upload("/console/offers/10/coupons/import", file)
	a.holds(t, http.StatusOK, "Refused", "The publisher has the code.")
	if packedField.MatchString(a.body) {
		t.Error("a file of which nothing can be created can be imported")
	}
	for content, want := range map[string]string{"": "Choose a CSV file.", "nothing\n": "column", "\"": "codes.csv:"} {
		b.upload("/console/coupons/import", content).holds(t, http.StatusUnprocessableEntity, want)
	}
	b.upload("/console/coupons/import", "", "packed", "%%%").holds(t, http.StatusUnprocessableEntity, "lost on the way")
	if a := b.upload("/console/coupons/import", strings.Repeat("x", 13<<20)); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of 13 MB: status %d", a.status)
	}
}

func approval(state couponv1.Approval_State) *couponv1.Approval {
	return &couponv1.Approval{
		Name: "offers/10/approvals/22", Offer: "offers/10", Publisher: "publishers/22", State: state, Source: couponv1.Approval_COUPON, Etag: "e1",
	}
}

func TestPublishersOfAnOffer(t *testing.T) {
	s := &shop{approval: approval(couponv1.Approval_PENDING)}
	b := openShop(t, s, nil)
	a := b.get("/console/offers/10/publishers?state=PENDING")
	a.holds(t, http.StatusOK, ">Pending<", "Waits for you", "€1,250.50", "the offer&#39;s", ">Approve</button>", ">Block</button>", "Add publisher")
	if req := last[*couponv1.ListApprovalsRequest](t, s); req.GetParent() != "offers/10" || req.GetFilter() != "state = PENDING" {
		t.Errorf("asked for %v", req)
	}
	s.approval = approval(couponv1.Approval_APPROVED)
	b.post("/console/offers/10/publishers/22/state", "state", "BLOCKED")
	if req := last[*couponv1.BlockPublisherRequest](t, s); req.GetName() != "offers/10/approvals/22" {
		t.Errorf("sent %v", req)
	}
	b.get("/console/offers/10/publishers").holds(t, http.StatusOK, "is blocked on this offer", `name="state" value="APPROVED"`, ">Undo</button>")
	b.post("/console/offers/10/publishers/22/state", "state", "APPROVED")
	last[*couponv1.ApprovePublisherRequest](t, s)
	b.post("/console/offers/10/publishers", "publisher", "7")
	if req := last[*couponv1.ApprovePublisherRequest](t, s); req.GetName() != "offers/10/approvals/7" {
		t.Errorf("sent %v", req)
	}
	b.post("/console/offers/10/publishers", "publisher", "Mia!").holds(t, http.StatusUnprocessableEntity, `id="field-publisher-error">Choose a publisher`, `value="Mia!"`)
	s.refusal = refused(t, codes.NotFound, "PUBLISHER_NOT_FOUND", "", "there is no such publisher", nil)
	b.post("/console/offers/10/publishers", "publisher", "7").holds(t, http.StatusUnprocessableEntity, "There is no such publisher.")
}

func TestPayoutOfAPublisherOnAnOffer(t *testing.T) {
	s := &shop{approval: approval(couponv1.Approval_APPROVED)}
	b := openShop(t, s, nil)
	const path = "/console/offers/10/publishers/22"
	b.get(path).holds(t, http.StatusOK, "As the offer has it: €1,250.50", `name="etag" value="e1"`)
	b.post(path, "etag", "e1", "payout_kind", "fixed", "payout", "7.50")
	req := last[*couponv1.UpdateApprovalRequest](t, s)
	if m := req.GetApproval().GetPayout().GetFixed(); req.GetApproval().GetEtag() != "e1" || m.GetCurrencyCode() != "EUR" || m.GetUnits() != 7 || req.GetUpdateMask().GetPaths()[0] != "payout" {
		t.Errorf("sent %v", req)
	}
	s.refusal = status.Error(codes.Aborted, "old")
	b.post(path, "etag", "e0", "payout_kind", "percent", "payout", "5").holds(t, http.StatusConflict, "Somebody else has changed this", "They have: As the offer has it", `value="5"`)
}

func TestPostbackInstructions(t *testing.T) {
	s := &shop{postAuth: couponv1.Offer_TOKEN}
	b := openShop(t, s, nil)
	b.get("/console/offers/10/postback").holds(t, http.StatusOK,
		"https://go.example.com/postback?coupon_code=COUPON_CODE&amp;token=0123456789abcdef",
		"https://go.example.com/postback?coupon_code=COUPON_CODE&amp;transaction_id=ORDER_ID&amp;amount=AMOUNT&amp;currency=CURRENCY&amp;click_id=CLICK_ID&amp;token=0123456789abcdef")
	b.get("/console/offers/10/postback?preset=tune").holds(t, http.StatusOK,
		"https://go.example.com/postback/tune?promo_code=COUPON_CODE&amp;security_token=0123456789abcdef", "<code>adv_sub</code>")
	s.postAuth = couponv1.Offer_HMAC
	b.get("/console/offers/10/postback").holds(t, http.StatusOK, "whsec_x", "offer_id=10", "signed postbacks only")
	b.post("/console/offers/10/postback/rotate", "overlap", "604800")
	if req := last[*couponv1.RotatePostbackCredentialsRequest](t, s); req.GetName() != "offers/10" || req.GetOverlap().AsDuration() != 7*24*time.Hour {
		t.Errorf("sent %v", req)
	}
}

func TestPostbackIsTried(t *testing.T) {
	s := &shop{verdict: &trackingv1.RecordConversionResponse{
		Outcome: trackingv1.RecordConversionResponse_TEST, Warnings: []string{"no transaction id"},
		Conversion: &trackingv1.Conversion{
			Outcome: trackingv1.Conversion_ATTRIBUTED, Publisher: "publishers/22", PubUnique3: "SALEXYZ20", Explanation: "the code is one coupon's",
			Payout: &couponv1.Money{CurrencyCode: "EUR", Units: 12},
		},
	}}
	b := openShop(t, s, nil)
	const path = "/console/offers/10/postback/test"
	b.post(path, "coupon_code", "SALEXYZ20", "amount", "49.90", "transaction_id", "A-1").holds(t, http.StatusOK,
		"would be credited with this sale", "The code is one coupon&#39;s.", "€12.00", "No transaction id.", `value="49.90"`)
	req := last[*trackingv1.RecordConversionRequest](t, s)
	if !req.GetValidateOnly() || req.GetOffer() != "offers/10" || req.GetCouponCode() != "SALEXYZ20" || req.GetTransactionId() != "A-1" ||
		req.GetAmount().GetCurrencyCode() != "EUR" || req.GetAmount().GetUnits() != 49 || req.GetAmount().GetNanos() != 900_000_000 {
		t.Errorf("sent %v", req)
	}
	part := b.do(http.MethodPost, path, url.Values{"coupon_code": {"X"}}, "HX-Request", "true", "HX-Target", "section#postback-test")
	if !strings.HasPrefix(part.body, `<section id="postback-test"`) || strings.Contains(part.body, "<html") {
		t.Errorf("the test alone:\n%s", part.body)
	}
	b.post(path, "amount", "much").holds(t, http.StatusUnprocessableEntity, `id="field-amount-error">`)
	s.refusal = status.Error(codes.Aborted, "the amount differs")
	b.post(path, "coupon_code", "SALEXYZ20").holds(t, http.StatusOK, "known with another content")
	s.refusal = refused(t, codes.InvalidArgument, "INVALID_COUPON_CODE", "coupon_code", "it is too long", nil)
	b.post(path, "coupon_code", "SALEXYZ20").holds(t, http.StatusUnprocessableEntity, `id="field-coupon_code-error">It is too long.`)
}

// The page names each platform's parameters as the presets do, which the tracking service reads.
func TestPresetsAreThoseOfTheTrackingService(t *testing.T) {
	files, err := filepath.Glob("../../../tracking/internal/dialect/presets/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no presets: %v", err)
	}
	b := openShop(t, &shop{postAuth: couponv1.Offer_TOKEN}, nil)
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
		page := b.get("/console/offers/10/postback?preset=" + preset.Name)
		page.holds(t, http.StatusOK, ">"+preset.Title+"</a>", "/postback/"+preset.Name+"?")
		for ours, theirs := range preset.Parameters {
			if ours != "offer_id" && !strings.Contains(page.body, "<code>"+theirs[0]+"</code>") {
				t.Errorf("%s: the page lacks %s, which is %s here", preset.Name, theirs[0], ours)
			}
		}
	}
}

package coupons_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestGenerateCoupons(t *testing.T) {
	s := &consoletest.Shop{Generated: []string{"SALEXYZ20", "SALEABC20"}}
	b := consoletest.OpenShop(t, s, nil)
	form := []string{"offer", "10", "publisher", "22", "count", "2", "prefix", "SALE", "length", "5", "start_time", "2026-11-22", "expire_time", "2026-11-30", "internal_note", "Mail"}
	a := b.Post("/console/coupons/generate", form...)
	if want := "/console/offers/10/coupons?created=2026-11-22T12%3A00%3A00Z&publisher=22"; a.Status != http.StatusSeeOther || a.Header.Get("Location") != want {
		t.Fatalf("status %d to %q, want %q\n%s", a.Status, a.Header.Get("Location"), want, a.Body)
	}
	req := consoletest.Last[*couponv1.GenerateCouponsRequest](t, s)
	if req.GetParent() != "offers/10" || req.GetCoupon().GetPublisher() != "publishers/22" || req.GetCount() != 2 || req.GetPrefix() != "SALE" || req.GetLength() != 5 ||
		req.GetCoupon().GetCode() != "" || req.GetCoupon().GetExpireTime().AsTime().Format(time.RFC3339) != "2026-11-30T23:00:00Z" || !req.GetCoupon().GetEnabled() {
		t.Errorf("sent %v", req)
	}
	b.Get(a.Header.Get("Location")).Holds(t, http.StatusOK, "2 coupons generated.", "that were generated together")
	if req := consoletest.Last[*couponv1.ListCouponsRequest](t, s); req.GetFilter() != `publisher = "22" AND create_time = "2026-11-22T12:00:00Z"` {
		t.Errorf("asked for %q", req.GetFilter())
	}
	b.Post("/console/coupons/generate", "count", "many", "offer", "10", "publisher", "22", "start_time", "2026-11-22").
		Holds(t, http.StatusUnprocessableEntity, `id="field-count-error">Enter a whole number`, `value="many"`)
	s.Refusal = consoletest.Refused(t, codes.InvalidArgument, "INVALID_LENGTH", "length", "so many codes would be easy to guess", nil)
	b.Post("/console/offers/10/coupons/generate", form...).Holds(t, http.StatusUnprocessableEntity, `id="field-length-error">So many codes`)
}

var packedField = regexp.MustCompile(`name="packed" value="([^"]+)"`)

func TestImportCoupons(t *testing.T) {
	s := &consoletest.Shop{}
	b := consoletest.OpenShop(t, s, nil)
	const file = "code,publisher,internal_note\r\nSALEXYZ20,22,one\r\n=bad<script>alert(1)</script>,22,two\r\nGOOD,,three\r\n"
	a := b.Upload("/console/offers/10/coupons/import", file)
	a.Holds(t, http.StatusOK, "Dry run of codes.csv", "Nothing is stored yet.", "Will be created", `data-label="Row"`)
	if strings.Contains(a.Body, "<script>alert") {
		t.Errorf("the file's words are shown as they are:\n%s", a.Body)
	}
	if req := consoletest.Last[*couponv1.BatchCreateCouponsRequest](t, s); !req.GetValidateOnly() || req.GetParent() != "offers/10" {
		t.Errorf("the dry run sent %v", req)
	}
	found := packedField.FindStringSubmatch(a.Body)
	if found == nil {
		t.Fatalf("the page does not keep the file:\n%s", a.Body)
	}
	a = b.Upload("/console/offers/10/coupons/import", "", "packed", found[1], "file_name", "codes.csv", "do", "import")
	a.Holds(t, http.StatusOK, "Import of codes.csv", "created.", `href="/console/offers/10/coupons/22.SALEXYZ20"`)
	req := consoletest.Last[*couponv1.BatchCreateCouponsRequest](t, s)
	if req.GetValidateOnly() || req.GetRequests()[0].GetCoupon().GetCode() != "SALEXYZ20" || req.GetRequests()[0].GetCoupon().GetInternalNote() != "one" {
		t.Errorf("the import sent %v", req)
	}
	s.Fault = &couponv1.BatchCreateCouponsFault{Code: "ALREADY_EXISTS", Reason: "COUPON_EXISTS", Message: "the publisher has the code"}
	a = b.Upload("/console/offers/10/coupons/import", file)
	a.Holds(t, http.StatusOK, "Refused", "The publisher has the code.")
	if packedField.MatchString(a.Body) {
		t.Error("a file of which nothing can be created can be imported")
	}
	for content, want := range map[string]string{"": "Choose a CSV file.", "nothing\n": "column", "\"": "codes.csv:"} {
		b.Upload("/console/coupons/import", content).Holds(t, http.StatusUnprocessableEntity, want)
	}
	b.Upload("/console/coupons/import", "", "packed", "%%%").Holds(t, http.StatusUnprocessableEntity, "lost in transit")
	if a := b.Upload("/console/coupons/import", strings.Repeat("x", 13<<20)); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a file of 13 MB: status %d", a.Status)
	}
}

package partnerhttp

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// TestJournalIsBounded: of a long postback the journal keeps what it needs to judge it again.
func TestJournalIsBounded(t *testing.T) {
	use := newUseCases(t)
	h := NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	long := "coupon_code=SALEXYZ20&offer_id=10&transaction_id=A-1&note=" + strings.Repeat("z", 62000)
	status, a := answered(t, h, postAs(t, form, long))
	if status != http.StatusOK || a.Outcome != attribution.Attributed || !strings.Contains(strings.Join(a.Warnings, "\n"), "16 KiB") {
		t.Fatalf("got %d %+v", status, a)
	}
	if got := lastOf(t, use.Attribution); len(got.Parameters) > 16<<10 || !strings.Contains(got.Parameters, "transaction_id=A-1") {
		t.Errorf("the journal has %d bytes of parameters: %.200s", len(got.Parameters), got.Parameters)
	}
}

// TestLongBodyIsCut: a secret at the cut does not show in part, and the rest is not taken for the whole.
func TestLongBodyIsCut(t *testing.T) {
	use := newUseCasesOf(t, tokenOffer{})
	r := postAs(t, "text/xml", strings.Repeat("z", 16<<10-3)+"s3cret"+strings.Repeat("z", 40000))
	r.URL.RawQuery = "token=s3cret&offer_id=10"
	answered(t, NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler)), r)
	got := lastOf(t, use.Attribution)
	if strings.Contains(got.Body, "s3c") {
		t.Error("a part of the token is in the journal")
	}
	if !partner.IsCutBody(got.Body) || len(got.Body) > 17<<10 {
		t.Fatalf("the journal has %d bytes of the body", len(got.Body))
	}
	result, err := use.Attribution.Replay(t.Context(), got.ID, attribution.ReplayOrder{DryRun: true})
	if err != nil || result.Outcome != domain.ReplayRefused || result.Reason != partner.BodyTooLarge {
		t.Errorf("a replay of a cut body: %+v, %v", result, err)
	}
}

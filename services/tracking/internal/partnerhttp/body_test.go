package partnerhttp

import (
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// postAs returns a signed POST of a body with its Content-Type.
func postAs(t *testing.T, kind, body string) *http.Request {
	t.Helper()
	r := post(t, "", body, 0)
	r.Header.Set("Content-Type", kind)
	return r
}

// lastOf returns the latest entry in the journal.
func lastOf(t *testing.T, s *attribution.Service) domain.Postback {
	t.Helper()
	page, _, err := s.Postbacks(t.Context(), listing.Request{PageSize: 1})
	if err != nil || len(page) != 1 {
		t.Fatalf("the journal has %d entries, %v", len(page), err)
	}
	return page[0]
}

func TestJSONIsTakenLikeAForm(t *testing.T) {
	use := newUseCases(t)
	h := NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler))
	status, a := answered(t, h, postAs(t, "application/json; charset=utf-8", `{"offer_id": 10, "coupon_code": "SALEXYZ20", "transactionId": "A-1", "amount": 49.90, "click_id": null}`))
	if status != http.StatusOK || a.Outcome != attribution.Attributed || len(a.Warnings) != 0 {
		t.Fatalf("got %d %+v", status, a)
	}
	if got := lastOf(t, use.Attribution); got.Parameters != "amount=49.90&click_id=&coupon_code=SALEXYZ20&offer_id=10&transactionId=A-1" || got.TransactionID != "A-1" || got.Body != "" {
		t.Errorf("the journal has %+v", got)
	}
	again := postAs(t, form, "coupon_code=SALEXYZ20&offer_id=10&transaction_id=A-1&amount=49.90")
	if status, a := answered(t, h, again); status != http.StatusOK || a.Outcome != attribution.Duplicate {
		t.Errorf("as a form: got %d %+v", status, a)
	}
}

// TestEveryProvenCallIsJournaled: an unreadable body is kept unchanged, and a replay fails in the same way.
func TestEveryProvenCallIsJournaled(t *testing.T) {
	settled := "coupon_code=SALEXYZ20&offer_id=10"
	ts := "&ts=" + strconv.FormatInt(now.Unix(), 10)
	signedGET := func(path, query string) *http.Request {
		params := partner.ParseQuery(query + ts)
		r := get(t, query+ts+"&sig=v1a,"+hex.EncodeToString(sum(partner.SignedRequest(http.MethodGet, params))))
		r.URL.Path = path
		return r
	}
	for says, tt := range map[string]struct {
		request       *http.Request
		status        int
		reason        string
		body, warning string
		replay        domain.ReplayOutcome
	}{
		"a raw ; and % in the query": {signedGET("/postback", settled+"&transaction_id=A-1&note=a;b&x=50%off"), http.StatusOK, "", "", "note", domain.ReplayUnchanged},
		"a value not filled in":      {signedGET("/postback", settled+"&transaction_id=A-1&click_id=%%X%%"), http.StatusOK, "", "", "%%X%%", domain.ReplayUnchanged},
		"an order not filled in":     {signedGET("/postback", settled+"&transaction_id={x}&click_id={y}"), http.StatusBadRequest, "INVALID_TRANSACTION_ID", "", "{y}", domain.ReplayRefused},
		"an unknown preset":          {signedGET("/postback", settled+"&preset=nope"), http.StatusNotFound, "UNKNOWN_PRESET", "", "", domain.ReplayRefused},
	} {
		t.Run(says, func(t *testing.T) {
			use := newUseCases(t)
			status, a := answered(t, NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler)), tt.request)
			if status != tt.status || a.Reason != tt.reason || !strings.Contains(strings.Join(a.Warnings, "\n"), tt.warning) {
				t.Fatalf("got %d %+v", status, a)
			}
			got := lastOf(t, use.Attribution)
			if got.HTTPStatus != tt.status || got.Reason != tt.reason || got.Body != tt.body || !strings.Contains(strings.Join(got.Warnings, "\n"), tt.warning) {
				t.Errorf("the journal has %+v", got)
			}
			if replay, err := use.Attribution.Replay(t.Context(), got.ID, attribution.ReplayOrder{}); err != nil || replay.Outcome != tt.replay || replay.Reason != tt.reason {
				t.Errorf("the replay: %+v, %v", replay, err)
			}
		})
	}
}

// TestUnreadableBodies: if the query names the offer, a call with a valid token is journaled.
func TestUnreadableBodies(t *testing.T) {
	for says, tt := range map[string]struct {
		kind, body, reason, kept string
		status                   int
	}{
		"broken JSON":           {"application/json", `{"token": "s3cret", "amount": 5`, "MALFORMED_BODY", `{"token": "***", "amount": 5`, http.StatusBadRequest},
		"XML":                   {"text/xml", "<sale/>", "UNSUPPORTED_CONTENT_TYPE", "<sale/>", http.StatusBadRequest},
		"over 64 KiB":           {form, "coupon_code=" + strings.Repeat("x", maxBodyBytes), partner.BodyTooLarge, "", http.StatusRequestEntityTooLarge},
		"JSON that is no UTF-8": {"application/json", "{\"a\": \"\xff\"}", "BODY_NOT_UTF8", "{\"a\": \"�\"}", http.StatusBadRequest},
	} {
		t.Run(says, func(t *testing.T) {
			use := newUseCasesOf(t, tokenOffer{})
			r := postAs(t, tt.kind, tt.body)
			r.URL.RawQuery = "token=s3cret&offer_id=10"
			status, a := answered(t, NewHandler(use, knownRobots(t), admission.Partner{}, slog.New(slog.DiscardHandler)), r)
			if status != tt.status || a.Reason != tt.reason {
				t.Fatalf("got %d %+v", status, a)
			}
			got := lastOf(t, use.Attribution)
			if got.Reason != tt.reason || got.Body != tt.kept || got.HTTPStatus != tt.status || got.Parameters != "offer_id=10&token=%2A%2A%2A" {
				t.Errorf("the journal has %+v", got)
			}
			if replay, err := use.Attribution.Replay(t.Context(), got.ID, attribution.ReplayOrder{}); err != nil || replay.Outcome != domain.ReplayRefused || replay.Reason != tt.reason {
				t.Errorf("the replay: %+v, %v", replay, err)
			}
		})
	}
}

package partnerhttp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
)

// maxBodyBytes bounds a postback's body.
const maxBodyBytes = 64 << 10

// answer is the JSON answer to a postback, refused or not.
type answer struct {
	Outcome    attribution.Outcome `json:"outcome"`
	Conversion string              `json:"conversion"`
	Offer      string              `json:"offer"`
	Publisher  string              `json:"publisher"`
	CouponCode string              `json:"coupon_code"`
	Method     string              `json:"method"`
	// Status is the conversion's status; "" if no conversion was made.
	Status   string   `json:"status,omitempty"`
	Reason   string   `json:"reason"`
	Message  string   `json:"message"`
	Warnings []string `json:"warnings"`
	// Field names the parameter that a postback was refused for.
	Field string `json:"field,omitempty"`
}

// postback serves an advertiser's report of a sale.
func (p *handler) postback(w http.ResponseWriter, r *http.Request) {
	client, now := clientaddr.Owner(clientaddr.Of(r)), p.use.Attribution.Now()
	report, call, err := p.readReport(w, r, now)
	call.Doubt = func(ctx context.Context) error { return p.guesses.doubt(ctx, client, now) }
	call.Stranger = func(offer string) error { return p.strangers.admit(client, offer, now) }
	var verdict attribution.Verdict
	if err == nil {
		verdict, err = p.use.Attribution.Report(r.Context(), report, call)
	} else {
		err = p.use.Attribution.Refuse(r.Context(), report, call, err)
	}
	if err != nil {
		if attribution.IsGuess(err) && !p.guesses.failed(client, now) {
			err = tooManyGuesses()
		}
		p.noteRefusal(r, err)
		p.logFault(r.Context(), r.Pattern, err)
		refuse(w, err, report.Warnings)
		return
	}
	status := http.StatusOK
	if verdict.Outcome == attribution.Unattributed {
		status = http.StatusAccepted
	}
	write(w, status, answerTo(verdict))
}

// noteRefusal logs a postback that was refused for its proof or its rate.
func (p *handler) noteRefusal(r *http.Request, err error) {
	e := apperr.As(err)
	switch {
	case attribution.IsGuess(err):
		p.doors.Refused(r.Context(), doorlog.WrongProof, clientaddr.Of(r), slog.String("reason", e.Reason))
	case e != nil && e.Kind == apperr.ResourceExhausted:
		p.doors.Refused(r.Context(), doorlog.PostbackThrottled, clientaddr.Of(r), slog.String("reason", e.Reason))
	}
}

// readReport reads a postback's query, body and proof, and how it was sent. If something is wrong, the error
// says what, and the report has the rest.
func (p *handler) readReport(w http.ResponseWriter, r *http.Request, now time.Time) (domain.Report, *attribution.Call, error) {
	call := &attribution.Call{Method: r.Method, IP: clientaddr.Of(r), Received: now, Status: statusOf}
	params := partner.ParseQuery(r.URL.RawQuery)
	var body []byte
	var fault error
	if r.Method == http.MethodPost {
		body, fault = addBody(params, call, w, r)
	}
	named, err := withPreset(params, r.PathValue(presets.Parameter))
	fault = cmp.Or(fault, err)
	preset, err := p.use.Attribution.Presets().Of(named)
	fault = cmp.Or(fault, err)
	call.Parameters = preset.HideProof(named)
	_, warning := partner.KeptParameters(call.Parameters)
	report, err := preset.Read(named, now)
	fault = cmp.Or(fault, err)
	if warning != "" {
		report.Warnings = append(report.Warnings, warning)
	}
	report.Proof = proofOf(r, report.Proof, params, body)
	if r.PathValue(presets.Parameter) != "" && len(partner.Named(params, presets.Parameter)) == 0 {
		report.Proof.Partial = true // or a signed report could be resent under a preset that reads it differently
	}
	report.IdempotencyKey = pasted.Trim(r.Header.Get("Idempotency-Key"))
	return report, call, cmp.Or(fault, partner.CheckKey("Idempotency-Key", report.IdempotencyKey))
}

// withPreset returns a postback's parameters, including the preset that its path names, so that the journal says
// how to read them. It does not modify params, which the signature covers.
func withPreset(params url.Values, preset string) (url.Values, error) {
	if preset == "" {
		return params, nil
	}
	for _, sent := range partner.Named(params, presets.Parameter) {
		if !strings.EqualFold(sent, preset) {
			return params, apperr.Invalid("CONFLICTING_PRESETS", presets.Parameter, "says %q, but the path says %q; leave the parameter out", sent, preset)
		}
	}
	named := maps.Clone(params)
	named.Set(presets.Parameter, preset)
	return named, nil
}

// proofOf returns a postback's signature: of a GET from its parameters, of a POST from the headers of Standard
// Webhooks. A body that was not read to its end proves nothing.
func proofOf(r *http.Request, sent domain.Proof, params url.Values, body []byte) domain.Proof {
	if r.Method != http.MethodPost {
		return partner.Over(sent, r.Method, params)
	}
	if body == nil {
		return domain.Proof{}
	}
	h := r.Header
	proof := partner.SignedMessage(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body)
	proof.Partial = r.URL.RawQuery != ""
	return proof
}

// addBody adds the parameters in a POST's body to those in its query, and returns the body; nil if it was not
// read to its end. A body without parameters is kept with the call.
func addBody(params url.Values, call *attribution.Call, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, apperr.Invalid(partner.BodyTooLarge, "body", "is over 64 KiB; a postback needs a few hundred bytes")
		}
		return nil, apperr.Invalid(partner.BodyIncomplete, "body", "could not be read to its end")
	}
	kind := r.Header.Get("Content-Type")
	added, err := partner.ReadBody(kind, body)
	if err != nil {
		call.Body, call.ContentType = strings.ToValidUTF8(string(body), "�"), keep(kind)
		return body, err
	}
	for name, values := range added {
		params[name] = append(params[name], values...)
	}
	return body, nil
}

func answerTo(v attribution.Verdict) answer {
	c := v.Conversion
	a := answer{
		Outcome: v.Outcome, Conversion: resource.Name(resource.Conversions, c.ID), Offer: resource.Offer(c.Offer), CouponCode: c.CouponCode,
		Method: string(c.Method), Status: string(c.Status), Reason: string(c.Reason), Message: v.Message, Warnings: v.Warnings,
	}
	if v.Outcome == attribution.Test {
		a.Conversion = "" // nothing is stored
	}
	a.Publisher = resource.Name(resource.Publishers, c.Publisher)
	return a
}

// statusOf returns the HTTP status of a refusal.
func statusOf(err error) int {
	if e := apperr.As(err); e != nil && e.Reason == partner.BodyTooLarge {
		return http.StatusRequestEntityTooLarge
	}
	return httpStatus(err)
}

// refuse answers a postback that was not stored. warnings are other things that the sender should fix.
func refuse(w http.ResponseWriter, err error, warnings []string) {
	a := answer{Outcome: "REJECTED", Reason: "UNAVAILABLE", Message: "the postback could not be stored; send it again", Warnings: warnings}
	status := statusOf(err)
	if e := apperr.As(err); e != nil {
		a.Reason, a.Message = e.Reason, e.Message
		a.Conversion = e.Metadata["conversion"]
		if len(e.Violations) > 0 {
			a.Field = e.Violations[0].Field
		}
	}
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retryAfter(a.Reason))
	}
	write(w, status, a)
}

// retryAfter returns the Retry-After after too many calls, in seconds.
func retryAfter(reason string) string {
	if reason == tooManyUnproven {
		return rpcstatus.RetryAfter
	}
	return "60"
}

// refuseBusy answers a postback above the bound of postbacks in flight.
func refuseBusy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	write(w, http.StatusServiceUnavailable, answer{Outcome: "REJECTED", Reason: "OVERLOADED", Message: "too many postbacks are in flight; send it again"})
}

// refuseNotYet answers a postback while there is no storage.
func refuseNotYet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	write(w, http.StatusServiceUnavailable, answer{Outcome: "REJECTED", Reason: "STORE_UNAVAILABLE", Message: "the storage is not available yet; send the postback again"})
}

// refuseMethod answers a postback with another method than GET and POST.
func refuseMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, POST")
	write(w, http.StatusMethodNotAllowed, answer{
		Outcome: "REJECTED", Reason: "METHOD_NOT_ALLOWED", Message: "a postback is sent by GET or POST, not by " + strings.ToValidUTF8(r.Method, "\uFFFD"),
	})
}

func write(w http.ResponseWriter, status int, a answer) {
	if a.Warnings == nil {
		a.Warnings = []string{}
	}
	body, err := json.Marshal(a)
	if err != nil { // cannot happen: all fields are strings
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an advertiser who disconnected retries
}

package edge

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/tracking/internal/dialect"
	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// maxBodyBytes bounds a postback's body.
const maxBodyBytes = 64 << 10

// answer is what a postback is answered with, refused or not.
type answer struct {
	Outcome    flow.Outcome `json:"outcome"`
	Conversion string       `json:"conversion"`
	Offer      string       `json:"offer"`
	Publisher  string       `json:"publisher"`
	CouponCode string       `json:"coupon_code"`
	Method     string       `json:"method"`
	// Status is where the conversion stands; empty: there is none.
	Status   string   `json:"status,omitempty"`
	Reason   string   `json:"reason"`
	Message  string   `json:"message"`
	Warnings []string `json:"warnings"`
	// Field names the parameter at fault of a refused postback.
	Field string `json:"field,omitempty"`
}

// errTooLarge refuses a body over the bound.
var errTooLarge = errors.New("body too large")

// postback serves an advertiser's report of a sale.
func (p *partner) postback(w http.ResponseWriter, r *http.Request) {
	client := clientaddr.Of(r)
	now := p.service.Now()
	if !p.guesses.allowed(client, now) {
		refuse(w, r, apperr.New(apperr.ResourceExhausted, "TOO_MANY_BAD_TOKENS", "too many wrong tokens or signatures from %s; wait a minute", client), nil)
		return
	}
	report, call, err := p.readReport(w, r, now)
	var verdict flow.Verdict
	switch {
	case err == nil:
		verdict, err = p.service.Report(r.Context(), report, call)
	case call != nil:
		err = p.service.Refuse(r.Context(), report, call, err)
	}
	if err != nil {
		if flow.IsGuess(err) {
			p.guesses.failed(client, now)
		}
		refuse(w, r, err, report.Warnings)
		return
	}
	status := http.StatusOK
	if verdict.Outcome == flow.Unattributed {
		status = http.StatusAccepted
	}
	write(w, status, answerTo(verdict))
}

// readReport reads a postback's query and form, and the proof that came with them, and how it came. Where
// its parameters can be told apart but one is wrong, the call is returned with the error, and what the
// others say.
func (p *partner) readReport(w http.ResponseWriter, r *http.Request, now time.Time) (rules.Report, *flow.Call, error) {
	params := rules.ParseQuery(r.URL.RawQuery)
	var body []byte
	var err error
	if r.Method == http.MethodPost {
		if body, err = addForm(params, w, r); err != nil {
			return rules.Report{}, nil, err
		}
	}
	named, err := withPreset(params, r.PathValue(dialect.Parameter))
	if err != nil {
		return rules.Report{}, nil, err
	}
	preset, err := p.service.Presets().Of(named)
	if err != nil {
		return rules.Report{}, nil, err
	}
	call := &flow.Call{
		Method: r.Method, Parameters: preset.HideProof(named), IP: clientaddr.Of(r), Received: now, Status: statusOf,
	}
	report, err := preset.Read(named, now)
	report.Proof = proofOf(r, report.Proof, params, body)
	if r.PathValue(dialect.Parameter) != "" && len(rules.Named(params, dialect.Parameter)) == 0 {
		report.Proof.Partial = true // a signed report could be passed on to be read in other words
	}
	report.IdempotencyKey = pasted.Trim(r.Header.Get("Idempotency-Key"))
	if err == nil {
		err = rules.CheckKey("Idempotency-Key", report.IdempotencyKey)
	}
	return report, call, err
}

// withPreset returns a postback's parameters with the preset that its path names among them, so that the
// journal tells how they are to be read. Those sent are left as they are: the signature is over them.
func withPreset(params url.Values, preset string) (url.Values, error) {
	if preset == "" {
		return params, nil
	}
	for _, sent := range rules.Named(params, dialect.Parameter) {
		if !strings.EqualFold(sent, preset) {
			return nil, apperr.Invalid("CONFLICTING_PRESETS", dialect.Parameter, "says %q, but the path says %q; leave the parameter out", sent, preset)
		}
	}
	named := maps.Clone(params)
	named.Set(dialect.Parameter, preset)
	return named, nil
}

// proofOf returns the signature that a postback came with: of a GET, the parameters sent say it; of a
// POST, the headers of Standard Webhooks.
func proofOf(r *http.Request, sent rules.Proof, params url.Values, body []byte) rules.Proof {
	if r.Method == http.MethodPost {
		h := r.Header
		proof := rules.SignedMessage(h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body)
		proof.Partial = r.URL.RawQuery != ""
		return proof
	}
	if sent.Sent {
		sent.Content = rules.SignedQuery(params)
	}
	return sent
}

// addForm adds the parameters in a POST's body to those in its query, and returns the body.
func addForm(params url.Values, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, apperr.Invalid("MALFORMED_BODY", "body", "could not be read to its end")
	}
	if len(body) == 0 {
		return nil, nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, apperr.Invalid("UNSUPPORTED_CONTENT_TYPE", "Content-Type", "%q is not application/x-www-form-urlencoded; send a form, or parameters in the query", r.Header.Get("Content-Type"))
	}
	for name, values := range rules.ParseQuery(string(body)) {
		params[name] = append(params[name], values...)
	}
	return body, nil
}

func answerTo(v flow.Verdict) answer {
	c := v.Conversion
	a := answer{
		Outcome: v.Outcome, Conversion: "conversions/" + c.ID, Offer: "offers/" + c.Offer, CouponCode: c.CouponCode,
		Method: string(c.Method), Status: string(c.Status), Reason: string(c.Reason), Message: v.Message, Warnings: v.Warnings,
	}
	if v.Outcome == flow.Test {
		a.Conversion = "" // nothing is stored
	}
	a.Publisher = named("publishers/", c.Publisher)
	return a
}

// statusOf returns the HTTP status with which a refusal is answered.
func statusOf(err error) int {
	if errors.Is(err, errTooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return httpStatus(err)
}

// refuse answers a postback of which nothing was stored. warnings are what else the sender should fix.
func refuse(w http.ResponseWriter, r *http.Request, err error, warnings []string) {
	logFault(r.Context(), r.URL.Path, err)
	a := answer{Outcome: "REJECTED", Reason: "UNAVAILABLE", Message: "the postback could not be stored; send it again", Warnings: warnings}
	status := statusOf(err)
	if status == http.StatusRequestEntityTooLarge {
		a.Reason, a.Message = "BODY_TOO_LARGE", "body: is over 64 KiB; a postback needs a few hundred bytes"
	}
	if e := apperr.As(err); e != nil {
		a.Reason, a.Message = e.Reason, e.Message
		a.Conversion = e.Metadata["conversion"]
		if len(e.Violations) > 0 {
			a.Field = e.Violations[0].Field
		}
	}
	switch status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "60")
	}
	write(w, status, a)
}

func write(w http.ResponseWriter, status int, a answer) {
	if a.Warnings == nil {
		a.Warnings = []string{}
	}
	body, err := json.Marshal(a)
	if err != nil { // cannot be: strings only
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an advertiser who has gone asks again
}

package edge

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
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
	Reason     string       `json:"reason"`
	Message    string       `json:"message"`
	Warnings   []string     `json:"warnings"`
	// Field names the parameter at fault of a refused postback.
	Field string `json:"field,omitempty"`
}

// errTooLarge refuses a body over the bound.
var errTooLarge = errors.New("body too large")

// postback serves an advertiser's report of a sale.
func (p *partner) postback(w http.ResponseWriter, r *http.Request) {
	client := clientIP(r)
	now := p.service.Now()
	if !p.guesses.allowed(client, now) {
		refuse(w, r, apperr.New(apperr.ResourceExhausted, "TOO_MANY_BAD_TOKENS", "too many wrong tokens or signatures from %s; wait a minute", client))
		return
	}
	report, err := readReport(w, r, now)
	if err != nil {
		refuse(w, r, err)
		return
	}
	verdict, err := p.service.Report(r.Context(), report)
	if err != nil {
		if flow.IsGuess(err) {
			p.guesses.failed(client, now)
		}
		refuse(w, r, err)
		return
	}
	status := http.StatusOK
	if verdict.Outcome == flow.Unattributed {
		status = http.StatusAccepted
	}
	write(w, status, answerTo(verdict))
}

// readReport reads a postback's query and form, and the proof that came with them.
func readReport(w http.ResponseWriter, r *http.Request, now time.Time) (rules.Report, error) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return rules.Report{}, apperr.Invalid("MALFORMED_QUERY", "query", "%s", err)
	}
	var body []byte
	if r.Method == http.MethodPost {
		if body, err = addForm(params, w, r); err != nil {
			return rules.Report{}, err
		}
	}
	report, err := rules.ParsePostback(params, now)
	if err != nil {
		return rules.Report{}, err
	}
	report.Proof = proofOf(r, report.Proof, params, body)
	report.IdempotencyKey = r.Header.Get("Idempotency-Key")
	return report, rules.CheckText("Idempotency-Key", report.IdempotencyKey)
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
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, apperr.Invalid("MALFORMED_BODY", "body", "%s", err)
	}
	for name, values := range form {
		params[name] = append(params[name], values...)
	}
	return body, nil
}

func answerTo(v flow.Verdict) answer {
	c := v.Conversion
	a := answer{
		Outcome: v.Outcome, Conversion: "conversions/" + c.ID, Offer: "offers/" + c.Offer, CouponCode: c.CouponCode,
		Method: string(c.Method), Reason: string(c.Reason), Message: v.Message, Warnings: v.Warnings,
	}
	if v.Outcome == flow.Test {
		a.Conversion = "" // nothing is stored
	}
	if c.Publisher != "" {
		a.Publisher = "publishers/" + c.Publisher
	}
	return a
}

// refuse answers a postback of which nothing was stored.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	logFault(r.Context(), r.URL.Path, err)
	a := answer{Outcome: "REJECTED", Reason: "UNAVAILABLE", Message: "the postback could not be stored; send it again"}
	status := httpStatus(err)
	if errors.Is(err, errTooLarge) {
		status = http.StatusRequestEntityTooLarge
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

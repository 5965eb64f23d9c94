package domain

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// DefaultEvent is what happened when a report does not say.
const DefaultEvent = "sale"

// ReportStatus says what became of a sale that a report is about.
type ReportStatus string

// The statuses that a report may bring; NewSale is none.
const (
	NewSale        ReportStatus = ""
	ReportPending  ReportStatus = "PENDING"
	ReportApproved ReportStatus = "APPROVED"
	ReportRejected ReportStatus = "REJECTED"
	ReportRefunded ReportStatus = "REFUNDED"
)

// Report is one report of a sale, as an advertiser's postback or a platform service sends it.
type Report struct {
	// Code is the code as sent, the first of several; More are the others, each once.
	Code          string
	More          []string
	ClickID       string
	Offer         string
	Publisher     string
	TransactionID string
	// HasAmount says whether an amount was sent; without a currency, it is in the offer's.
	HasAmount bool
	Amount    money.Money
	Event     string
	// SentEvent is the event as sent, if it was not in lower case.
	SentEvent string
	// Time is when the sale happened; zero: when it is reported.
	Time  time.Time
	Token string
	// Proof is the signature that the report came with; empty without one.
	Proof          Proof
	IdempotencyKey string
	// Status says what became of a sale that is known; empty: the report is of a sale.
	Status ReportStatus
	// StatusReason says why, in words.
	StatusReason string
	// RefundID tells a repeat of a refund.
	RefundID string
	// Test asks for the full verdict with nothing stored.
	Test bool
	// Trusted says that the reporter is one of our own services and needs no token.
	Trusted bool
	// Held says that the sale waits in PENDING: the report says so, or its amount, currency or status was not
	// filled in.
	Held bool
	// UnfilledMoney refuses a refund whose amount or currency was not filled in; nil if both were.
	UnfilledMoney error
	// Warnings are what the reporter should fix.
	Warnings []string
}

// Parameters returns the report as the parameters of a postback, without what proves who reports.
func (r Report) Parameters() url.Values {
	params := url.Values{}
	for name, value := range map[string]string{
		"coupon_code": strings.Join(append([]string{r.Code}, r.More...), ","), "click_id": r.ClickID, "offer_id": r.Offer, "pub_id": r.Publisher, "transaction_id": r.TransactionID,
		"currency": r.Amount.Currency, "event": r.Event,
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	if r.HasAmount {
		params.Set("amount", r.Amount.Decimal())
	}
	if r.Held {
		params.Set("status", "pending")
	}
	if !r.Time.IsZero() {
		params.Set("timestamp", r.Time.Format(time.RFC3339Nano))
	}
	return params
}

// AmountIn returns the sale amount, in a currency where the report names none; none without one.
func (r Report) AmountIn(currency string) money.Money {
	if !r.HasAmount {
		return money.Money{}
	}
	if r.Amount.Currency == "" {
		return money.Money{Currency: currency, Units: r.Amount.Units, Nanos: r.Amount.Nanos}
	}
	return r.Amount
}

// SetEvent sets the event, in lower case, since case is ignored. The error says what is wrong with the name.
func (r *Report) SetEvent(name string) error {
	r.Event = strings.ToLower(name)
	if r.Event != name {
		r.SentEvent = name
	}
	ok := len(name) >= 1 && len(name) <= 64
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-')
	}
	if !ok {
		return fmt.Errorf("%q is not 1 to 64 letters, digits, '_', '.' and '-'", name)
	}
	return nil
}

// Proof is the signature that a report came with under HMAC, as sent. It is checked by hand: what
// Standard Webhooks asks of the receiver is one HMAC, and its library takes neither our clock nor the
// signed query of a GET.
type Proof struct {
	// Sent says that a signature was sent, of whatever form.
	Sent bool
	// ID is the message's own id, the same for each try of it; empty with a GET, which has none.
	ID string
	// Time is when it was signed, in unix seconds, as sent.
	Time string
	// Content is what is signed.
	Content string
	// Signatures are those sent that have the right form; one good one is enough.
	Signatures [][]byte
	// IsV1a says that the signature of a GET is of the scheme v1a, else of v1.
	IsV1a bool
	// Partial says that the report has parameters which the signature does not cover.
	Partial bool
}

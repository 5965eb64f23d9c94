package domain

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// DefaultEvent is the event of a report that names none.
const DefaultEvent = "sale"

// ReportStatus is the change of status that a report brings.
type ReportStatus string

// The statuses that a report may bring. NewSale is the zero value: the report is of a sale.
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
	// HasAmount says that an amount was sent. Without a currency, the amount is in the offer's.
	HasAmount bool
	Amount    money.Money
	// HasDiscount says that a discount was sent: what the shopper saved, in the currency of Amount.
	HasDiscount bool
	Discount    money.Money
	Event       string
	// SentEvent is the event as sent, if it was not in lower case.
	SentEvent string
	// Time is when the sale happened; zero means when it is reported.
	Time  time.Time
	Token string
	// Proof is the report's signature; the zero value if it is not signed.
	Proof          Proof
	IdempotencyKey string
	// Status is set if the report changes a known sale.
	Status ReportStatus
	// StatusReason explains the status in words.
	StatusReason string
	// RefundID identifies a refund, so that a repeat is recognized.
	RefundID string
	// Reservation is the id of the reservation whose use the sale takes; "" if it names none.
	Reservation string
	// Test asks for the full verdict without storing anything.
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

// Parameters returns the report as the parameters of a postback, without token and signature.
func (r Report) Parameters() url.Values {
	params := url.Values{}
	for name, value := range map[string]string{
		"coupon_code": strings.Join(append([]string{r.Code}, r.More...), ","), "click_id": r.ClickID, "offer_id": r.Offer, "pub_id": r.Publisher, "transaction_id": r.TransactionID,
		"currency": r.Amount.Currency, "event": r.Event, "reservation_id": r.Reservation,
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	if r.HasAmount {
		params.Set("amount", r.Amount.Decimal())
	}
	if r.HasDiscount {
		params.Set("discount", r.Discount.Decimal())
	}
	if r.Held {
		params.Set("status", "pending")
	}
	if !r.Time.IsZero() {
		params.Set("timestamp", r.Time.Format(time.RFC3339Nano))
	}
	return params
}

// AmountIn returns the sale amount, or none. The currency applies if the report names none itself.
func (r Report) AmountIn(currency string) money.Money {
	if !r.HasAmount {
		return money.Money{}
	}
	if r.Amount.Currency == "" {
		return money.Money{Currency: currency, Units: r.Amount.Units, Nanos: r.Amount.Nanos}
	}
	return r.Amount
}

// DiscountIn returns what the shopper saved, or none. The currency applies if the report names none itself.
func (r Report) DiscountIn(currency string) money.Money {
	if !r.HasDiscount {
		return money.Money{}
	}
	return money.Money{Currency: cmp.Or(r.Amount.Currency, currency), Units: r.Discount.Units, Nanos: r.Discount.Nanos}
}

// SetEvent sets the event in lower case, since case is ignored. It returns an error if the name is not a
// valid event name.
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

// Proof is the HMAC signature of a report, as sent. It is not checked with the Standard Webhooks library,
// which takes neither our clock nor the signed query of a GET; the check itself is a single HMAC.
type Proof struct {
	// Sent says that a signature was sent, even a malformed one.
	Sent bool
	// ID is the message id, the same for each attempt; "" for a GET, which carries none.
	ID string
	// Time is when it was signed, in Unix seconds, as sent.
	Time string
	// Content is the signed text.
	Content string
	// Signatures are the well-formed signatures sent; one valid signature is enough.
	Signatures [][]byte
	// IsV1a says that the signature of a GET uses the scheme v1a, not v1.
	IsV1a bool
	// Partial says that the report has parameters that the signature does not cover.
	Partial bool
}

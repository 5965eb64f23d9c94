package rules

import (
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
	// sentEvent is the event as sent, if it was not in lower case.
	sentEvent string
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
	// unfilledMoney refuses a refund whose amount or currency was not filled in; nil if both were.
	unfilledMoney error
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

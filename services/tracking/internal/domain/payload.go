package domain

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// Payload is the content of a delivery: the body of a POST, in the form that Standard Webhooks recommends,
// and the values of a URL's macros.
type Payload struct {
	// Type is conversion.pending, conversion.approved or conversion.rejected.
	Type string `json:"type"`
	// Timestamp is when the conversion got the status, in RFC 3339.
	Timestamp string      `json:"timestamp"`
	Data      PayloadData `json:"data"`
}

// PayloadData is a conversion as its publisher sees it. Amounts are decimals, "" if there is no amount.
type PayloadData struct {
	Conversion     string `json:"conversion"`
	Event          string `json:"event"`
	Status         Status `json:"status"`
	Method         Method `json:"method"`
	Offer          string `json:"offer"`
	Publisher      string `json:"publisher"`
	CouponCode     string `json:"couponCode"`
	Click          string `json:"click"`
	PubClickID     string `json:"pubClickId"`
	PubSubID       string `json:"pubSubId"`
	PubUnique1     string `json:"pubUnique1"`
	PubUnique2     string `json:"pubUnique2"`
	PubUnique3     string `json:"pubUnique3"`
	PubUnique4     string `json:"pubUnique4"`
	PubUnique5     string `json:"pubUnique5"`
	TransactionID  string `json:"transactionId"`
	Amount         string `json:"amount"`
	Currency       string `json:"currency"`
	RefundedAmount string `json:"refundedAmount"`
	Payout         string `json:"payout"`
	PayoutCurrency string `json:"payoutCurrency"`
	ConversionTime string `json:"conversionTime"`
}

// payload returns the JSON that tells a publisher of the conversion's state since at.
func (c Conversion) payload(state State, at time.Time) string {
	u := c.PubUniques
	p := Payload{
		Type:      "conversion." + strings.ToLower(string(state.Status)),
		Timestamp: at.Format(time.RFC3339Nano),
		Data: PayloadData{
			Conversion: resource.Conversion(c.ID), Event: c.Event, Status: state.Status, Method: c.Method,
			Offer: resource.Offer(c.Offer), Publisher: resource.Publisher(state.Publisher), CouponCode: c.CouponCode,
			PubUnique1: u[0], PubUnique2: u[1], PubUnique3: u[2], PubUnique4: u[3], PubUnique5: u[4],
			Click: c.Click, PubClickID: c.PubClickID, PubSubID: c.PubSubID, TransactionID: c.TransactionID,
			Amount: state.Amount.Decimal(), Currency: state.Amount.Currency, RefundedAmount: state.Refunded.Decimal(),
			Payout: state.Payout.Decimal(), PayoutCurrency: state.Payout.Currency,
			ConversionTime: c.ConversionTime.Format(time.RFC3339Nano),
		},
	}
	text, err := json.Marshal(p)
	if err != nil { // cannot happen: all fields are strings
		return "{}"
	}
	return string(text)
}

// Macros returns the values of a URL's macros for a delivery.
func (d Delivery) Macros() (deliveryurl.Macros, error) {
	var p Payload
	if err := json.Unmarshal([]byte(d.Payload), &p); err != nil {
		return deliveryurl.Macros{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, p.Data.ConversionTime)
	if err != nil {
		return deliveryurl.Macros{}, err
	}
	v := p.Data
	return deliveryurl.Macros{
		ConversionID: strings.TrimPrefix(v.Conversion, resource.Conversions), Event: v.Event, Status: string(v.Status), Method: string(v.Method),
		OfferID: strings.TrimPrefix(v.Offer, resource.Offers), PubID: strings.TrimPrefix(v.Publisher, resource.Publishers),
		CouponCode: v.CouponCode, ClickID: v.Click, PubClickID: v.PubClickID, PubSubID: v.PubSubID,
		PubUniques:    [5]string{v.PubUnique1, v.PubUnique2, v.PubUnique3, v.PubUnique4, v.PubUnique5},
		TransactionID: v.TransactionID, Amount: v.Amount, Currency: v.Currency, RefundedAmount: v.RefundedAmount,
		Payout: v.Payout, PayoutCurrency: v.PayoutCurrency,
		ConversionTime: v.ConversionTime, ConversionTimeUnix: strconv.FormatInt(at.Unix(), 10), DeliveryID: d.ID,
	}, nil
}

package delivery

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Head is the beginning of a payload of either version, in the form that Standard Webhooks recommends.
type Head struct {
	// Type is one of the types of happenings with PayloadV2. With PayloadV1 it is conversion.pending,
	// conversion.approved or conversion.rejected.
	Type string `json:"type"`
	// Timestamp is when that happened, in RFC 3339.
	Timestamp string `json:"timestamp"`
	// Sequence is the number of the happening, from 1; 0 with PayloadV1.
	Sequence int `json:"sequence,omitempty"`
}

// Payload is the content of a delivery with PayloadV1: the body of a POST, and the values of a URL's macros.
type Payload struct {
	Head
	Data Data `json:"data"`
}

// EventPayload is the same with PayloadV2.
type EventPayload struct {
	Head
	Data EventData `json:"data"`
}

// Sale is a conversion as its publisher sees it, without amounts.
type Sale struct {
	Conversion    string        `json:"conversion"`
	Event         string        `json:"event"`
	Status        domain.Status `json:"status"`
	Method        domain.Method `json:"method"`
	Offer         string        `json:"offer"`
	Publisher     string        `json:"publisher"`
	CouponCode    string        `json:"couponCode"`
	Click         string        `json:"click"`
	PubClickID    string        `json:"pubClickId"`
	PubSubID      string        `json:"pubSubId"`
	PubUnique1    string        `json:"pubUnique1"`
	PubUnique2    string        `json:"pubUnique2"`
	PubUnique3    string        `json:"pubUnique3"`
	PubUnique4    string        `json:"pubUnique4"`
	PubUnique5    string        `json:"pubUnique5"`
	TransactionID string        `json:"transactionId"`
}

// Data is a conversion with amounts as decimals, "" if there is no amount.
type Data struct {
	Sale
	Amount         string `json:"amount"`
	Currency       string `json:"currency"`
	RefundedAmount string `json:"refundedAmount"`
	Payout         string `json:"payout"`
	PayoutCurrency string `json:"payoutCurrency"`
	ConversionTime string `json:"conversionTime"`
}

// EventData is a conversion with amounts as in the API, absent if there is no amount.
type EventData struct {
	Sale
	Amount         *Money `json:"amount,omitempty"`
	RefundedAmount *Money `json:"refundedAmount,omitempty"`
	Payout         *Money `json:"payout,omitempty"`
	ConversionTime string `json:"conversionTime"`
}

// Money is an amount as the API's JSON has it.
type Money struct {
	CurrencyCode string `json:"currencyCode"`
	Units        int64  `json:"units,string"`
	Nanos        int32  `json:"nanos"`
}

func payloadMoney(m money.Money) *Money {
	if m.IsNone() {
		return nil
	}
	return &Money{CurrencyCode: m.Currency, Units: m.Units, Nanos: m.Nanos}
}

// money returns the amount; none for nil.
func (m *Money) money() money.Money {
	if m == nil {
		return money.Money{}
	}
	return money.Money{Currency: m.CurrencyCode, Units: m.Units, Nanos: m.Nanos}
}

// payload returns the JSON of an event: what happened to the conversion, and its state after it.
func payload(c domain.Conversion, version domain.PayloadVersion, h happening, state domain.State) string {
	head := Head{Type: "conversion." + strings.ToLower(string(state.Status)), Timestamp: h.at.Format(time.RFC3339Nano)}
	u := c.PubUniques
	sale := Sale{
		Conversion: resource.Conversion(c.ID), Event: c.Event, Status: state.Status, Method: c.Method,
		Offer: resource.Offer(c.Offer), Publisher: resource.Publisher(state.Publisher), CouponCode: c.CouponCode,
		PubUnique1: u[0], PubUnique2: u[1], PubUnique3: u[2], PubUnique4: u[3], PubUnique5: u[4],
		Click: c.Click, PubClickID: c.PubClickID, PubSubID: c.PubSubID, TransactionID: c.TransactionID,
	}
	converted := c.ConversionTime.Format(time.RFC3339Nano)
	if version != domain.PayloadV2 {
		return encoded(Payload{head, Data{
			Sale: sale, Amount: state.Amount.Decimal(), Currency: state.Amount.Currency, RefundedAmount: state.Refunded.Decimal(),
			Payout: state.Payout.Decimal(), PayoutCurrency: state.Payout.Currency, ConversionTime: converted,
		}})
	}
	head.Type, head.Sequence = h.kind, h.sequence
	return encoded(EventPayload{head, EventData{
		Sale: sale, Amount: payloadMoney(state.Amount), RefundedAmount: payloadMoney(state.Refunded),
		Payout: payloadMoney(state.Payout), ConversionTime: converted,
	}})
}

func encoded(content any) string {
	text, err := json.Marshal(content)
	if err != nil { // cannot happen: all fields are texts and numbers
		return "{}"
	}
	return string(text)
}

// Head returns how the delivery's payload begins; the zero Head if the payload is damaged.
func (d Delivery) Head() Head {
	var head Head
	if json.Unmarshal([]byte(d.Payload), &head) != nil {
		return Head{}
	}
	return head
}

// Macros returns the values of a URL's macros for a delivery.
func (d Delivery) Macros() (deliveryurl.Macros, error) {
	head, sequence := d.Head(), ""
	var v Data
	var err error
	if head.Sequence == 0 {
		var p Payload
		err = json.Unmarshal([]byte(d.Payload), &p)
		v = p.Data
	} else {
		sequence = strconv.Itoa(head.Sequence)
		v, err = d.eventData()
	}
	if err != nil {
		return deliveryurl.Macros{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, v.ConversionTime)
	if err != nil {
		return deliveryurl.Macros{}, err
	}
	return deliveryurl.Macros{
		ConversionID: strings.TrimPrefix(v.Conversion, resource.Conversions), Event: v.Event, Status: string(v.Status), Method: string(v.Method),
		OfferID: strings.TrimPrefix(v.Offer, resource.Offers), PubID: strings.TrimPrefix(v.Publisher, resource.Publishers),
		CouponCode: v.CouponCode, ClickID: v.Click, PubClickID: v.PubClickID, PubSubID: v.PubSubID,
		PubUniques:    [5]string{v.PubUnique1, v.PubUnique2, v.PubUnique3, v.PubUnique4, v.PubUnique5},
		TransactionID: v.TransactionID, Amount: v.Amount, Currency: v.Currency, RefundedAmount: v.RefundedAmount,
		Payout: v.Payout, PayoutCurrency: v.PayoutCurrency,
		ConversionTime: v.ConversionTime, ConversionTimeUnix: strconv.FormatInt(at.Unix(), 10), DeliveryID: d.ID,
		Type: head.Type, Sequence: sequence,
	}, nil
}

// eventData returns the data of a payload of PayloadV2, with amounts as decimals.
func (d Delivery) eventData() (Data, error) {
	var p EventPayload
	err := json.Unmarshal([]byte(d.Payload), &p)
	amount, payout := p.Data.Amount.money(), p.Data.Payout.money()
	return Data{
		Sale: p.Data.Sale, Amount: amount.Decimal(), Currency: amount.Currency, RefundedAmount: p.Data.RefundedAmount.money().Decimal(),
		Payout: payout.Decimal(), PayoutCurrency: payout.Currency, ConversionTime: p.Data.ConversionTime,
	}, err
}

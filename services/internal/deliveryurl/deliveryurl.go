// Package deliveryurl builds the URLs of deliveries: a publisher's postback URL with the values of one conversion. It
// is pure.
//
// Any package may import it; of our packages it imports urltemplate.
package deliveryurl

import (
	"errors"
	"strings"

	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

// Macros are the values of a publisher's postback URL, as text. Values that a conversion does not have are empty.
type Macros struct {
	ConversionID string
	Event        string
	// Status is the conversion's status: PENDING, APPROVED or REJECTED.
	Status string
	// Method is how the conversion was attributed, such as COUPON_CODE.
	Method     string
	OfferID    string
	PubID      string
	CouponCode string
	ClickID    string
	PubClickID string
	PubSubID   string
	// PubUniques has Pub. Unique 1 to 5, in order.
	PubUniques    [5]string
	TransactionID string
	// Amount, RefundedAmount and Payout are decimals with a point; the first two are in Currency,
	// Payout is in PayoutCurrency, both ISO 4217 codes.
	Amount         string
	Currency       string
	RefundedAmount string
	Payout         string
	PayoutCurrency string
	// ConversionTime is in RFC 3339, ConversionTimeUnix in Unix seconds.
	ConversionTime     string
	ConversionTimeUnix string
	// DeliveryID is the same for each attempt of one delivery.
	DeliveryID string
	// Type is the delivery's type, such as conversion.refunded.
	Type string
	// Sequence is the event's number among the conversion's events, from 1; "" with payload version 1.
	Sequence string
}

type macro struct{ name, value string }

// list returns the macros with their names, in the order that messages list them.
func (m *Macros) list() [26]macro {
	return [...]macro{
		{"conversion_id", m.ConversionID},
		{"event", m.Event},
		{"status", m.Status},
		{"method", m.Method},
		{"offer_id", m.OfferID},
		{"pub_id", m.PubID},
		{"coupon_code", m.CouponCode},
		{"click_id", m.ClickID},
		{"pub_click_id", m.PubClickID},
		{"pub_sub_id", m.PubSubID},
		{"pub_unique1", m.PubUniques[0]},
		{"pub_unique2", m.PubUniques[1]},
		{"pub_unique3", m.PubUniques[2]},
		{"pub_unique4", m.PubUniques[3]},
		{"pub_unique5", m.PubUniques[4]},
		{"transaction_id", m.TransactionID},
		{"amount", m.Amount},
		{"currency", m.Currency},
		{"refunded_amount", m.RefundedAmount},
		{"payout", m.Payout},
		{"payout_currency", m.PayoutCurrency},
		{"conversion_time", m.ConversionTime},
		{"conversion_time_unix", m.ConversionTimeUnix},
		{"delivery_id", m.DeliveryID},
		{"type", m.Type},
		{"sequence", m.Sequence},
	}
}

// Template is a parsed postback URL with macros such as {conversion_id}.
type Template struct {
	url *urltemplate.Template
}

// Check returns nil if text is a valid postback URL: an absolute http or https URL with known macros only, all after
// the host. Otherwise the error says what is wrong and what would be right. Check does not look at whether the host may
// be reached.
func Check(text string) error {
	_, err := Compile(text)
	return err
}

// Compile parses a template for Expand. It returns the same errors as Check.
func Compile(text string) (*Template, error) {
	var names []string
	for _, m := range new(Macros).list() {
		names = append(names, m.name)
	}
	compiled, err := urltemplate.Compile(text, urltemplate.Macros{Names: names})
	if err != nil {
		return nil, err
	}
	// Other platforms write macros as #id#. Servers never receive what follows a #, and nobody would notice.
	if strings.Contains(text, "#") {
		return nil, errors.New("it has a #, and nothing after it is ever sent; write macros as in {conversion_id}, and the character itself as %23")
	}
	return &Template{url: compiled}, nil
}

// Expand returns the URL with the macros replaced by URL-encoded values. No value can change the scheme or host.
func (t *Template) Expand(values Macros) string {
	macros := values.list()
	return t.url.Expand(func(i int) string { return macros[i].value })
}

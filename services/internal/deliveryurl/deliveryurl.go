// Package deliveryurl makes the URLs of deliveries: the publisher's own postback, filled in with what
// became of one conversion. It is pure.
//
// Any package may import it; of ours it imports urltemplate.
package deliveryurl

import (
	"errors"
	"strings"

	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

// Macros are the values that a publisher's postback URL can take up, as they are to be read in it.
// What a conversion has none of is empty.
type Macros struct {
	ConversionID string
	Event        string
	// Status is the short name of the conversion's status: PENDING, APPROVED, REJECTED.
	Status string
	// Method is the short name of how the conversion was attributed, such as COUPON_CODE.
	Method     string
	OfferID    string
	PubID      string
	CouponCode string
	ClickID    string
	PubClickID string
	PubSubID   string
	// PubUniques holds Pub. Unique 1 first.
	PubUniques    [5]string
	TransactionID string
	// Amount, RefundedAmount and Payout are decimals with a point; the first two are in Currency,
	// Payout is in PayoutCurrency, both ISO 4217 codes.
	Amount         string
	Currency       string
	RefundedAmount string
	Payout         string
	PayoutCurrency string
	// ConversionTime is in RFC 3339, ConversionTimeUnix in seconds since 1970.
	ConversionTime     string
	ConversionTimeUnix string
	// DeliveryID is the same for each attempt of one delivery.
	DeliveryID string
}

// macro is a macro's name and its value.
type macro struct{ name, value string }

// list returns the macros with their names. Their order is that of the list in the messages.
func (m *Macros) list() [24]macro {
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
	}
}

// Template is a publisher's postback URL with macros such as {conversion_id}, checked and taken apart.
type Template struct {
	url *urltemplate.Template
}

// Check says what is wrong with a publisher's postback URL and what would be right; nil if it is an
// absolute http or https URL whose macros are all known and stand behind the host. Whether the host
// may be reached is not looked at.
func Check(text string) error {
	_, err := Compile(text)
	return err
}

// Compile takes a template apart, so that Expand need not. The error is Check's.
func Compile(text string) (*Template, error) {
	var names []string
	for _, m := range new(Macros).list() {
		names = append(names, m.name)
	}
	compiled, err := urltemplate.Compile(text, urltemplate.Macros{Names: names})
	if err != nil {
		return nil, err
	}
	// Other platforms write macros as #id#: nobody would notice that the server never gets them.
	if strings.Contains(text, "#") {
		return nil, errors.New("it has a #, and what is behind it is never sent; macros are written as in {conversion_id}, and the character itself %23")
	}
	return &Template{url: compiled}, nil
}

// Expand returns the URL with the macros filled in, URL-encoded. Whatever the values, scheme and
// host are the template's.
func (t *Template) Expand(values Macros) string {
	macros := values.list()
	return t.url.Expand(func(i int) string { return macros[i].value })
}

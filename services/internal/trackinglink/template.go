package trackinglink

import "github.com/couponlink/couponlink/services/internal/urltemplate"

// Macros are the values that a landing page's URL can take up.
type Macros struct {
	ClickID    string
	CouponCode string
	PubID      string
	OfferID    string
	PubClickID string
	PubSubID   string
	// PubUniques holds Pub. Unique 1 first.
	PubUniques [5]string
}

// Template is a landing page's URL with macros such as {click_id}, checked and taken apart.
type Template struct {
	url *urltemplate.Template
}

// macroNames returns the names of the macros, in the order of Macros.
func macroNames() []string {
	return []string{
		"click_id", "coupon_code", "pub_id", "offer_id", "pub_click_id", "pub_sub_id",
		"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5",
	}
}

// value returns the value of the macro at an index of macroNames.
func (m *Macros) value(macro int) string {
	switch macro {
	case 0:
		return m.ClickID
	case 1:
		return m.CouponCode
	case 2:
		return m.PubID
	case 3:
		return m.OfferID
	case 4:
		return m.PubClickID
	case 5:
		return m.PubSubID
	default:
		return m.PubUniques[macro-6]
	}
}

// Expand returns the URL with the macros filled in, URL-encoded. Whatever the values, scheme and
// host are the template's.
func (t *Template) Expand(values Macros) string { return t.url.Expand(values.value) }

// CheckTemplate says what is wrong with a landing page's URL and what would be right; nil if it is
// an absolute http or https URL whose macros are all known and stand behind the host.
func CheckTemplate(template string) error {
	_, err := Compile(template)
	return err
}

// Compile takes a template apart, so that Expand need not. The error is CheckTemplate's.
func Compile(template string) (*Template, error) {
	compiled, err := urltemplate.Compile(template, macroNames())
	if err != nil {
		return nil, err
	}
	return &Template{url: compiled}, nil
}

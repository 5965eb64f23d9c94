package trackinglink

import (
	"strings"

	"github.com/couponlink/couponlink/services/internal/urltemplate"
)

// Macros are the values for a landing page's URL.
type Macros struct {
	ClickID    string
	CouponCode string
	PubID      string
	OfferID    string
	PubClickID string
	PubSubID   string
	// PubUniques has Pub. Unique 1 to 5, in order.
	PubUniques [5]string
	// Query is the link's query, for {query.NAME}.
	Query Query
}

// Template is a parsed landing page URL with macros such as {click_id}.
type Template struct {
	url *urltemplate.Template
	// parameters are the names of the parameters in the URL's query, in lower case.
	parameters []string
	// named are the link parameters that the URL uses as {query.NAME}.
	named []string
}

// queryPrefix is the prefix of macros for a parameter of the link.
const queryPrefix = "query."

// ownMacros is the number of macroNames.
const ownMacros = 11

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

// valueIn is value for a template, whose {query.NAME} macros come after the others.
func (m *Macros) valueIn(t *Template, macro int) string {
	if named := macro - ownMacros; named >= 0 {
		return m.Query.Get(t.named[named])
	}
	return m.value(macro)
}

// Expand returns the URL with the macros replaced by URL-encoded values. No value can change the scheme or host.
func (t *Template) Expand(values Macros) string {
	return t.url.Expand(func(macro int) string { return values.valueIn(t, macro) })
}

// ExpandWith is Expand with parameters added after the URL's own, before its fragment.
func (t *Template) ExpandWith(values Macros, added []Parameter) string {
	if len(added) == 0 {
		return t.Expand(values)
	}
	query := make([]byte, 0, 512)
	for i, p := range added {
		if i > 0 {
			query = append(query, '&')
		}
		query = append(urltemplate.AppendEscaped(query, p.Name), '=')
		query = urltemplate.AppendEscaped(query, p.Value)
	}
	return t.url.ExpandWith(func(macro int) string { return values.valueIn(t, macro) }, query)
}

// CheckTemplate returns nil if template is a valid landing page URL: an absolute http or https URL with known macros
// only, all after the host. Otherwise the error says what is wrong and what would be right.
func CheckTemplate(template string) error {
	_, err := Compile(template)
	return err
}

// Compile parses a template for Expand. It returns the same errors as CheckTemplate.
func Compile(template string) (*Template, error) {
	compiled, err := urltemplate.Compile(template, urltemplate.Macros{Names: macroNames(), Prefix: queryPrefix})
	if err != nil {
		return nil, err
	}
	t := &Template{url: compiled, named: compiled.Named()}
	url, _, _ := strings.Cut(template, "#")
	_, query, _ := strings.Cut(url, "?")
	for rest := Query(query); rest != ""; {
		var name string
		name, _, rest = rest.Cut()
		t.parameters = append(t.parameters, strings.ToLower(name))
	}
	return t, nil
}

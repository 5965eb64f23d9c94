package trackinglink

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTemplateChars bounds a template.
const maxTemplateChars = 2048

// Macros are the values of a click that a landing page URL may carry.
type Macros struct {
	ClickID    string
	CouponCode string
	PubID      string
	OfferID    string
	PubClickID string
	PubSubID   string
	// PubUniques are the values of Pub. Unique 1 to 5.
	PubUniques [5]string
}

// macroNames are the names of the macros, in the order in which value knows them.
var macroNames = []string{
	"click_id", "coupon_code", "pub_id", "offer_id", "pub_click_id", "pub_sub_id",
	"pub_unique1", "pub_unique2", "pub_unique3", "pub_unique4", "pub_unique5",
}

// value returns the value of a macro by its place in macroNames.
func (m *Macros) value(macro int) string {
	values := [...]*string{&m.ClickID, &m.CouponCode, &m.PubID, &m.OfferID, &m.PubClickID, &m.PubSubID}
	if macro < len(values) {
		return *values[macro]
	}
	return m.PubUniques[macro-len(values)]
}

// Template is a landing page URL with macros, ready to be filled.
type Template struct {
	// texts stand around the macros: one more than there are macros.
	texts  []string
	macros []int
}

// Compile reads a template: an absolute http or https URL of at most 2,048 characters whose macros,
// such as {click_id}, stand after the host. The error says what is wrong and what would be right.
func Compile(template string) (*Template, error) {
	if err := checkText(template); err != nil {
		return nil, err
	}
	t := &Template{}
	rest := template
	for {
		text, after, found := strings.Cut(rest, "{")
		if strings.Contains(text, "}") {
			return nil, errors.New("has a '}' without a '{' before it; write %7D for the character itself")
		}
		t.texts = append(t.texts, text)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, errors.New("has a '{' without a '}' after it; write %7B for the character itself")
		}
		macro, err := macroOf(name)
		if err != nil {
			return nil, err
		}
		t.macros = append(t.macros, macro)
		rest = tail
	}
	return t, checkHost(t.texts[0], len(t.macros) > 0)
}

// CheckTemplate says what is wrong with a template, as Compile does.
func CheckTemplate(template string) error {
	_, err := Compile(template)
	return err
}

// Expand fills the macros in, percent-encoded, so that no value can change where the URL leads.
func (t *Template) Expand(m Macros) string {
	if len(t.macros) == 0 {
		return t.texts[0]
	}
	var b strings.Builder
	b.Grow(256)
	for i, macro := range t.macros {
		b.WriteString(t.texts[i])
		b.WriteString(escape(m.value(macro)))
	}
	b.WriteString(t.texts[len(t.macros)])
	return b.String()
}

func macroOf(name string) (int, error) {
	for i, known := range macroNames {
		if name == known {
			return i, nil
		}
	}
	return 0, fmt.Errorf("has the unknown macro {%s}; the macros are {%s}", name, strings.Join(macroNames, "}, {"))
}

func checkText(template string) error {
	switch {
	case template == "":
		return errors.New("is missing; give an address such as https://shop.example.com/?click={click_id}")
	case !utf8.ValidString(template):
		return errors.New("is not valid UTF-8")
	case utf8.RuneCountInString(template) > maxTemplateChars:
		return fmt.Errorf("has more than %d characters", maxTemplateChars)
	case strings.ContainsFunc(template, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) || c == '\\' }):
		return errors.New("has a space, a backslash or a control character; percent-encode it")
	}
	return nil
}

// checkHost checks what stands before the first macro: it must hold the whole host.
func checkHost(before string, macroFollows bool) error {
	u, err := url.Parse(before)
	if err != nil {
		return fmt.Errorf("is not a URL: %w", errors.Unwrap(err))
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must start with https:// or http://")
	case u.Hostname() == "":
		return errors.New("has no host; macros may stand after the host only")
	case u.User != nil:
		return errors.New("has a user name before the host; leave it out")
	case macroFollows && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(before, "?#"):
		return errors.New("has a macro in its host; macros may stand after the host only, behind a '/' or '?'")
	}
	return nil
}

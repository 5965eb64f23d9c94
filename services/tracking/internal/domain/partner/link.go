package partner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// maxDropped bounds how many dropped parameters a click names.
	maxDropped = 10
	// maxNestedQueries bounds how many values may have further parameters behind them.
	maxNestedQueries = 3
	// maxQuotedChars bounds a value quoted in Dropped.
	maxQuotedChars = 40
)

// Visited is the content of a tracking link's URL. No URL turns a shopper away: what can be read is used, and
// the rest is named in Dropped.
type Visited struct {
	Link trackinglink.Link
	// Query holds the parameters that may be forwarded to the landing page.
	Query trackinglink.Query
	// Foreign says that Query has parameters other than a tracking link's own.
	Foreign bool
	// Dropped describes what was dropped from the link's own parameters.
	Dropped []string
	// nested counts the values that had parameters behind them.
	nested int
}

// ParseLink parses the query of a tracking link.
func ParseLink(rawQuery string) Visited {
	var v Visited
	v.readAll(rawQuery)
	return v
}

// ParseShortLink parses the short form of a link: the code at the end of its path, and the query.
func ParseShortLink(code, rawQuery string) Visited {
	var v Visited
	v.set("coupon_code", &v.Link.CouponCode, v.codeIn("coupon_code", code))
	v.readAll(rawQuery)
	return v
}

// readAll reads a link's query up to the maximum length.
func (v *Visited) readAll(rawQuery string) {
	query, complete := trackinglink.NewQuery(rawQuery)
	if !complete {
		v.drop("the query", "had %d bytes; the first %d are read", len(rawQuery), len(query))
	}
	if v.Query == "" {
		v.Query = query
	} else {
		v.Query += "&" + query
	}
	v.read(query)
}

func (v *Visited) read(query trackinglink.Query) {
	for query != "" {
		var name, value string
		name, value, query = query.Cut()
		if !v.take(name, value) && !v.take(strings.ToLower(name), value) {
			v.Foreign = v.Foreign || name != ""
		}
	}
}

// take sets a parameter of the link from a value that is still encoded. It returns false if the link has no
// such parameter.
func (v *Visited) take(name, value string) bool {
	l := &v.Link
	switch name {
	case "offer_id":
		v.setID(name, &l.Offer, value)
	case "pub_id":
		v.setID(name, &l.Publisher, value)
	case "coupon_code":
		v.setCode(name, trackinglink.Unescape(value))
	case "pub_click_id":
		v.setText(name, &l.PubClickID, value)
	case "pub_sub_id":
		v.setText(name, &l.PubSubID, value)
	case "unique1", "pub_unique1":
		v.setText(name, &l.PubUniques[0], value)
	case "unique2", "pub_unique2":
		v.setText(name, &l.PubUniques[1], value)
	case "unique3", "pub_unique3":
		v.setText(name, &l.PubUniques[2], value)
	case "unique4", "pub_unique4":
		v.setText(name, &l.PubUniques[3], value)
	case "unique5", "pub_unique5":
		v.setText(name, &l.PubUniques[4], value)
	default:
		return false
	}
	return true
}

// setText sets one of the publisher's own values.
func (v *Visited) setText(name string, field *string, value string) {
	v.set(name, field, v.clean(name, trackinglink.Unescape(value)))
}

// setID sets the id of an offer or a publisher. Anything that is not an id is dropped.
func (v *Visited) setID(name string, field *string, value string) {
	if !resource.IsID(value) {
		sent := pasted.Trim(trackinglink.Unescape(value))
		if v.isUnfilled(name, sent) {
			return
		}
		if value = strings.ToLower(v.bare(sent)); !resource.IsID(value) {
			if sent != "" {
				v.drop(name, "%s is not an id", quoted(sent))
			}
			return
		}
	}
	v.set(name, field, value)
}

// setCode sets the code. Text that is not a code is kept as sent: the click then says that it is unknown.
func (v *Visited) setCode(name, value string) {
	if !couponcode.Is(value) {
		if v.isUnfilled(name, pasted.Trim(value)) {
			return
		}
		value = v.codeIn(name, value)
	}
	v.set(name, &v.Link.CouponCode, value)
}

// codeIn returns the code in a text, or the cleaned text if it contains no code.
func (v *Visited) codeIn(name, text string) string {
	if bare := v.bare(text); couponcode.Is(bare) {
		return bare
	}
	return v.clean(name, text)
}

// isUnfilled reports whether a template left a value unfilled, and notes it.
func (v *Visited) isUnfilled(name, value string) bool {
	if !Unfilled(value) {
		return false
	}
	v.drop(name, "%s was not filled in", quoted(value))
	return true
}

// set sets a parameter, unless a template left the value unfilled. Of several values, the first that is not
// empty counts.
func (v *Visited) set(name string, field *string, value string) {
	switch {
	case value == "" || value == *field || v.isUnfilled(name, value):
	case *field == "":
		*field = value
	default:
		v.drop(name, "was sent more than once; %s counts, %s does not", quoted(*field), quoted(value))
	}
}

// bare returns the code or id in a text without what surrounds it: a full stop or brackets from a chat, or
// ?utm_medium=mail appended to a link that had a query already. It reads such parameters.
func (v *Visited) bare(text string) string {
	if i := strings.IndexAny(text, "?&;#"); i >= 0 {
		if more := trackinglink.Query(text[i+1:]); v.nested < maxNestedQueries && strings.Contains(string(more), "=") {
			v.nested++
			v.Query += "&" + more
			v.read(more)
		}
		text = text[:i]
	}
	return strings.TrimFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// clean returns a value that can be stored: trimmed, valid UTF-8, without control characters, and cut to the
// maximum length.
func (v *Visited) clean(name, value string) string {
	value = pasted.Trim(value)
	if isPlainText(value) {
		return value
	}
	if !utf8.ValidString(value) {
		v.drop(name, "had bytes that are not UTF-8")
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		v.drop(name, "had control characters")
		value = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, value)
	}
	if n := utf8.RuneCountInString(value); n > domain.MaxValueChars {
		v.drop(name, "had %d characters; the first %d are kept", n, domain.MaxValueChars)
		value = firstChars(value, domain.MaxValueChars)
	}
	return value
}

// isPlainText reports whether a value is short ASCII without control characters.
func isPlainText(value string) bool {
	if len(value) > domain.MaxValueChars {
		return false
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] >= 0x7f {
			return false
		}
	}
	return true
}

// drop notes what was dropped from a parameter.
func (v *Visited) drop(name, format string, args ...any) {
	if len(v.Dropped) < maxDropped {
		v.Dropped = append(v.Dropped, name+" "+fmt.Sprintf(format, args...))
	}
}

// DropForwarded adds to dropped the names of parameters that were too long to forward.
func DropForwarded(dropped, tooLong []string) []string {
	v := Visited{Dropped: dropped}
	for _, name := range tooLong {
		v.drop(quoted(name), "was too long to be passed on to the page")
	}
	return v.Dropped
}

// quoted returns the beginning of a value in quotes.
func quoted(value string) string {
	if short := firstChars(value, maxQuotedChars); len(short) < len(value) {
		return fmt.Sprintf("%q…", short)
	}
	return fmt.Sprintf("%q", value)
}

// firstChars returns the first n characters of a text.
func firstChars(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

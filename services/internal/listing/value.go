package listing

import (
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// literal is a value in a filter.
type literal struct {
	// pos is the position of its first byte.
	pos  int
	text string
	// prefix means that a * followed: the text matches all values that begin with it.
	prefix bool
}

// value parses a quoted string or a word.
func (p *filterParser) value() (literal, error) {
	p.skipSpace()
	lit := literal{pos: p.pos}
	var err error
	switch {
	case p.symbol(`"`):
		err = p.quoted(&lit, '"')
	case p.symbol(`'`):
		err = p.quoted(&lit, '\'')
	default:
		err = p.bare(&lit)
	}
	lit.text = trimmed(lit)
	if err == nil && lit.prefix && lit.text == "" {
		err = p.fail(lit.pos, `expected a text before the *; every value matches * alone, so leave the condition out, or write != "" for values that are not empty`)
	}
	return lit, err
}

// trimmed returns a literal's text without surrounding spaces and invisible characters: no stored text has them. It
// keeps a space before a *.
func trimmed(lit literal) string {
	if lit.prefix {
		return pasted.TrimStart(lit.text)
	}
	return pasted.Trim(lit.text)
}

// quoted parses a string up to its closing quote.
func (p *filterParser) quoted(lit *literal, quote byte) error {
	var text strings.Builder
	for !p.atEnd() {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == quote:
			lit.text = text.String()
			return nil
		case c == '*':
			lit.prefix = true
			if p.atEnd() || p.text[p.pos] != quote {
				return p.failStar(p.pos - 1)
			}
		case c == '\\':
			if p.atEnd() || !strings.ContainsRune(`"'*\`, rune(p.text[p.pos])) {
				return p.fail(p.pos-1, `a \ stands before one of " ' * \ only; write \\ for the character itself`)
			}
			text.WriteByte(p.text[p.pos])
			p.pos++
		default:
			text.WriteByte(c)
		}
	}
	return p.fail(lit.pos, "the string that begins here has no closing %c", quote)
}

// bare parses an unquoted value.
func (p *filterParser) bare(lit *literal) error {
	word := p.word(wordEnds)
	if word == "" {
		return p.fail(lit.pos, "expected a value, found %s", p.found())
	}
	lit.text, lit.prefix = strings.CutSuffix(word, "*")
	if star := strings.IndexByte(lit.text, '*'); star >= 0 {
		return p.failStar(lit.pos + star)
	}
	return nil
}

func (p *filterParser) failStar(pos int) error {
	return p.fail(pos, `a * may only end a value, as in "SALE*"; inside quotes write \* for the character itself`)
}

// compare returns the condition that a field has a relation to a value. opPos is the comparator's position.
func (p *filterParser) compare(f *Field, op Op, opPos int, lit literal) (Expr, error) {
	if op == Has && f.Kind == Title {
		return p.contains(f, lit)
	}
	if op == Has && f.Within && !lit.prefix && !strings.ContainsRune(lit.text, 0) {
		return compareText(f, Contains, lit), nil
	}
	if op == Has {
		op = Equal
	}
	text := f.Kind == String || f.Kind == Title || f.Kind == Folded || f.Kind == Currency
	ordered := text || f.Kind == Time || f.Kind == Amount
	switch {
	case lit.prefix && !text:
		return nil, p.fail(lit.pos, "a value of %s takes no *", f.Name)
	case op != Equal && op != NotEqual && (!ordered || lit.prefix):
		return nil, p.fail(opPos, "expected = or != here, found %s", op)
	}
	switch f.Kind {
	case Enum:
		return p.compareEnum(f, op, lit)
	case Bool:
		return p.compareBool(f, op, lit)
	case Time:
		return p.compareTime(f, op, lit)
	case Name:
		return p.compareName(f, op, lit)
	case Amount:
		return p.compareAmount(f, op, lit)
	default:
		return compareText(f, op, lit), nil
	}
}

// contains returns the condition that a field contains a text.
func (p *filterParser) contains(f *Field, lit literal) (Expr, error) {
	switch {
	case lit.prefix:
		return nil, p.fail(lit.pos, "%s:value finds the value anywhere, so leave the * out; or write %s = value* for what begins with it", f.Name, f.Name)
	case strings.ContainsRune(lit.text, 0): // no text contains one, and MongoDB accepts none
		return Or{}, nil
	}
	return Compare{Field: f.Stored + searchSuffix, Op: Contains, Value: SearchKey(lit.text), Optional: f.Optional}, nil
}

// compareText compares a text, or its beginning.
func compareText(f *Field, op Op, lit literal) Expr {
	value := lit.text
	if f.Kind != String && f.Kind != Title {
		value = couponcode.Upper(value)
	}
	switch {
	case !lit.prefix:
		return f.compare(op, value)
	case op == NotEqual:
		return Not{Expr: f.compare(HasPrefix, value)}
	default:
		return f.compare(HasPrefix, value)
	}
}

// compare compares the stored value.
func (f *Field) compare(op Op, value any) Compare {
	c := Compare{Field: f.Stored, Op: op, Value: value, Optional: f.Optional}
	if f.Kind == Currency {
		c.Part = CurrencyCode
	}
	return c
}

// compareEnum compares one of the enum's values.
func (p *filterParser) compareEnum(f *Field, op Op, lit literal) (Expr, error) {
	switch {
	case !slices.Contains(f.Values, lit.text):
		return nil, p.fail(lit.pos, "%.60q is no value of %s; the values are %s", lit.text, f.Name, strings.Join(f.Values, ", "))
	case f.Expand == nil:
		return f.compare(op, lit.text), nil
	case op == NotEqual:
		return Not{Expr: f.Expand(lit.text, p.now)}, nil
	default:
		return f.Expand(lit.text, p.now), nil
	}
}

// compareBool compares true or false.
func (p *filterParser) compareBool(f *Field, op Op, lit literal) (Expr, error) {
	if lit.text != "true" && lit.text != "false" {
		return nil, p.fail(lit.pos, "%.60q is no value of %s; the values are true, false", lit.text, f.Name)
	}
	return f.compare(op, lit.text == "true"), nil
}

// compareName compares a resource name, or its id.
func (p *filterParser) compareName(f *Field, op Op, lit literal) (Expr, error) {
	id := pasted.Trim(strings.TrimPrefix(lit.text, f.Prefix))
	if strings.Contains(id, "/") {
		return nil, p.fail(lit.pos, "%.60q is no value of %s; expected %s and an id, or the id alone", lit.text, f.Name, f.Prefix)
	}
	return f.compare(op, id), nil
}

// compareTime compares a time. Stored times are whole milliseconds. So a time between two milliseconds never equals a
// stored one, and comes after the same ones as the earlier millisecond.
func (p *filterParser) compareTime(f *Field, op Op, lit literal) (Expr, error) {
	var at time.Time
	if err := at.UnmarshalText([]byte(lit.text)); err != nil {
		return nil, p.fail(lit.pos, `%.60q is no time; expected RFC 3339 with a zone, such as "2026-11-01T00:00:00Z" or "2026-11-01T02:00:00+02:00"`, lit.text)
	}
	whole := time.UnixMilli(at.UnixMilli()).UTC()
	if !whole.Equal(at) {
		switch op {
		case Equal:
			return Or{}, nil
		case NotEqual:
			return And{}, nil
		case Less:
			op = LessEqual
		case GreaterEqual:
			op = Greater
		}
	}
	return f.compare(op, whole), nil
}

package listing

import (
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/civilday"
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

// isStar reports whether the value is a lone *, which after `:` means any value.
func (l literal) isStar() bool { return l.prefix && l.text == "" }

// value parses a quoted string or a word after a comparator.
func (p *filterParser) value(op Op) (literal, error) {
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
	if err == nil && lit.isStar() && op != Has {
		err = p.fail(lit.pos, `expected a text before the *; every value matches * alone, so leave the condition out, or write field:* for values that are not empty`)
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
	switch {
	case op == Has && lit.isStar():
		return p.present(f, lit)
	case op == Has && f.isText():
		return p.contains(f, lit)
	case op == Has:
		op = Equal
	}
	ordered := f.isText() || f.Kind == Time || f.Kind == Amount
	switch {
	case lit.prefix && !f.isText():
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

// present returns the condition that a field has a value.
func (p *filterParser) present(f *Field, lit literal) (Expr, error) {
	switch {
	case f.Kind == Bool:
		return nil, p.fail(lit.pos, "%s always has a value; write %s = true or %s = false", f.Name, f.Name, f.Name)
	case f.Kind == Time && !f.None.IsZero():
		return f.compare(NotEqual, f.None), nil
	case f.Kind == Time, f.Expand != nil:
		return And{}, nil
	case f.Kind == Amount:
		return Compare{Field: f.Stored, Part: CurrencyCode, Op: NotEqual, Value: ""}, nil
	default:
		return f.compare(NotEqual, ""), nil
	}
}

// contains returns the condition that a text contains another. A * at the end means that it begins with it.
func (p *filterParser) contains(f *Field, lit literal) (Expr, error) {
	switch {
	case lit.prefix && f.Kind == Title:
		return nil, p.fail(lit.pos, "%s:value finds the value anywhere, so leave the * out; or write %s = value* for what begins with it", f.Name, f.Name)
	case lit.prefix:
		return compareText(f, HasPrefix, lit), nil
	case f.Kind == Title && strings.ContainsRune(lit.text, 0): // no title contains one, and MongoDB accepts none
		return Or{}, nil
	case f.Kind == Title:
		return Compare{Field: f.Stored + searchSuffix, Op: Contains, Value: SearchKey(lit.text), Optional: f.Optional}, nil
	case strings.ContainsRune(lit.text, 0):
		return nil, p.fail(lit.pos, "a text cannot be searched for the character NUL; write %s = value for the whole text", f.Name)
	}
	return compareText(f, Contains, lit), nil
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

// timeOf reads a time, or a date as the moment when the day begins.
func (p *filterParser) timeOf(lit literal) (time.Time, error) {
	var at time.Time
	if at.UnmarshalText([]byte(lit.text)) == nil {
		return at, nil
	}
	if p.schema.zone == nil {
		return at, p.fail(lit.pos, `%.60q is no time; expected RFC 3339 with a zone, such as "2026-11-01T00:00:00Z" or "2026-11-01T02:00:00+02:00"`, lit.text)
	}
	day, err := time.Parse(time.DateOnly, lit.text)
	if err != nil {
		return at, p.fail(lit.pos, `%.60q is no time; expected RFC 3339 with a zone, such as "2026-11-01T00:00:00Z", or a day such as 2026-11-01, which begins at midnight in %s`,
			lit.text, p.schema.zone)
	}
	return civilday.Begin(day.Year(), day.Month(), day.Day(), p.schema.zone), nil
}

// compareTime compares a time. Stored times are whole milliseconds. So a time between two milliseconds never equals a
// stored one, and comes after the same ones as the earlier millisecond.
func (p *filterParser) compareTime(f *Field, op Op, lit literal) (Expr, error) {
	at, err := p.timeOf(lit)
	if err != nil {
		return nil, err
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

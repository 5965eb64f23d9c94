package listing

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	maxFilterBytes = 4096
	// maxFilterDepth bounds the nesting of parentheses and negations. It protects the parser's stack, and the
	// databases' own parsers.
	maxFilterDepth = 32
	// fieldEnds and wordEnds are the characters that end a field's name, and an unquoted value.
	fieldEnds = `"'()\,=<>!:`
	wordEnds  = `"'()\,=<>!`
)

// filterParser parses a filter by recursive descent. We do not use einride's AIP parser, because it misreads unquoted
// ids such as shoes-de and 007, and does not report positions.
type filterParser struct {
	// schema gives fields and values their meaning. Without one, conditions are Clauses.
	schema *Schema
	text   string
	// pos is the position of the next byte to read.
	pos   int
	depth int
	now   time.Time
}

// parseFilter returns a filter's condition, or nil if the filter is empty.
func (s *Schema) parseFilter(text string, now time.Time) (Expr, error) {
	p := &filterParser{schema: s, text: text, now: now}
	return p.parse()
}

// parse returns the filter's condition, or nil if the filter is empty.
func (p *filterParser) parse() (Expr, error) {
	text := p.text
	if len(text) > maxFilterBytes {
		return nil, invalidFilter("it has %d bytes; at most %d are allowed", len(text), maxFilterBytes)
	}
	if !utf8.ValidString(text) {
		return nil, p.fail(validBytes(text), "the filter is not valid UTF-8")
	}
	if p.skipSpace(); p.atEnd() {
		return nil, nil
	}
	condition, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.atEnd() {
		return nil, p.fail(p.pos, "expected AND, OR (in upper case) or the end, found %s", p.found())
	}
	return condition, nil
}

// expression parses factors joined by AND.
func (p *filterParser) expression() (Expr, error) {
	factors, err := p.joined("AND", p.factor)
	if len(factors) == 1 {
		return factors[0], err
	}
	return And(factors), err
}

// factor parses terms joined by OR, which binds more tightly than AND.
func (p *filterParser) factor() (Expr, error) {
	terms, err := p.joined("OR", p.term)
	if len(terms) == 1 {
		return terms[0], err
	}
	return Or(terms), err
}

// joined parses one or more parts with a keyword between them.
func (p *filterParser) joined(keyword string, read func() (Expr, error)) ([]Expr, error) {
	var all []Expr
	for {
		e, err := read()
		if err != nil {
			return nil, err
		}
		if all = append(all, e); !p.keyword(keyword) {
			return all, nil
		}
	}
}

// term parses a condition or an expression in parentheses, possibly negated.
func (p *filterParser) term() (Expr, error) {
	p.skipSpace()
	start := p.pos
	if !p.keyword("NOT") && !p.symbol("-") {
		return p.simple()
	}
	if err := p.enter(start); err != nil {
		return nil, err
	}
	e, err := p.simple()
	p.depth--
	return Not{Expr: e}, err
}

// simple parses a condition or an expression in parentheses.
func (p *filterParser) simple() (Expr, error) {
	p.skipSpace()
	start := p.pos
	if !p.symbol("(") {
		return p.condition()
	}
	if err := p.enter(start); err != nil {
		return nil, err
	}
	e, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.symbol(")") {
		return nil, p.fail(p.pos, "expected AND, OR (in upper case) or the ) for the ( at character %d, found %s", p.character(start), p.found())
	}
	p.depth--
	return e, nil
}

// condition parses a field, a comparator and a value.
func (p *filterParser) condition() (Expr, error) {
	start := p.pos
	name := p.word(fieldEnds)
	if name == "" || name == "AND" || name == "OR" || name == "NOT" {
		p.pos = start
		return nil, p.fail(start, "expected a condition such as field = value, found %s", p.found())
	}
	var field *Field
	if p.schema != nil {
		if field = p.schema.find(name, filterable); field == nil {
			return nil, p.fail(start, "there is no field %.60q to filter by; the fields are %s", name, p.schema.names(filterable))
		}
	}
	p.skipSpace()
	opStart := p.pos
	op, ok := p.comparator()
	if !ok {
		return nil, p.fail(opStart, "expected = != < <= > >= or : after %s, found %s", name, p.found())
	}
	value, err := p.value(op)
	if err != nil {
		return nil, err
	}
	defer p.skipSpace()
	if field == nil {
		return Clause{Field: name, Op: op, Value: value.text, Prefix: value.prefix}, nil
	}
	named := *field
	named.Name = name // errors name the field as the filter does
	return p.compare(&named, op, opStart, value)
}

// comparator parses a comparator.
func (p *filterParser) comparator() (Op, bool) {
	for _, op := range []Op{LessEqual, GreaterEqual, NotEqual, Equal, Less, Greater} {
		if p.symbol(string(op)) {
			return op, true
		}
	}
	return Has, p.symbol(":")
}

// symbol consumes symbol if it comes next.
func (p *filterParser) symbol(symbol string) bool {
	if !strings.HasPrefix(p.text[p.pos:], symbol) {
		return false
	}
	p.pos += len(symbol)
	return true
}

// keyword consumes a whole word and the space around it, if it comes next.
func (p *filterParser) keyword(keyword string) bool {
	p.skipSpace()
	start := p.pos
	if p.word(fieldEnds) != keyword {
		p.pos = start
		return false
	}
	p.skipSpace()
	return true
}

// word reads the characters up to white space or one of ends.
func (p *filterParser) word(ends string) string {
	rest := p.text[p.pos:]
	end := strings.IndexFunc(rest, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(ends, r)
	})
	if end < 0 {
		end = len(rest)
	}
	p.pos += end
	return rest[:end]
}

func (p *filterParser) skipSpace() {
	rest := p.text[p.pos:]
	p.pos += len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
}

func (p *filterParser) atEnd() bool { return p.pos == len(p.text) }

// enter counts one more level of nesting, which begins at start.
func (p *filterParser) enter(start int) error {
	if p.depth++; p.depth > maxFilterDepth {
		return p.fail(start, "too deeply nested; at most %d levels of parentheses and NOT are allowed", maxFilterDepth)
	}
	return nil
}

// found describes what comes next, for error messages.
func (p *filterParser) found() string {
	if p.atEnd() {
		return "the end"
	}
	probe := *p
	word := probe.word(fieldEnds)
	if word == "" {
		r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
		word = string(r)
	}
	return fmt.Sprintf("%.60q", word) // shortened, because errors travel in headers
}

// character converts a position to the number that people count: characters, from 1.
func (p *filterParser) character(pos int) int {
	return utf8.RuneCountInString(p.text[:pos]) + 1
}

// fail returns an error about the text at a position. Its metadata has the character for programs.
func (p *filterParser) fail(pos int, format string, args ...any) error {
	at := p.character(pos)
	return invalidFilter("at character %d: %s", at, fmt.Sprintf(format, args...)).With(MetadataCharacter, strconv.Itoa(at))
}

func invalidFilter(format string, args ...any) *apperr.Error {
	return apperr.Invalid("INVALID_FILTER", "filter", format, args...)
}

// validBytes returns the number of bytes before the first that is not UTF-8.
func validBytes(text string) int {
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return i
		}
	}
	return len(text)
}

package report

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// condition is one row of the filter builder: a column, an operator and a value. A publisher's or offer's
// value is its id, a time's a day.
type condition struct{ Column, Op, Value string }

// operator is how a column is compared.
type operator struct {
	ui.Choice
	// sign is the filter's comparator.
	sign string
	// noValue says that the operator compares with nothing typed.
	noValue bool
	kinds   []valueKind
}

// operators are all operators; the first that a kind has is its usual one.
func operators() []operator {
	texts, things := []valueKind{textKind}, []valueKind{textKind, enumKind, boolKind, offerKind, publisherKind, nameKind, numberKind}
	return []operator{
		{ui.Choice{Value: "eq", Label: "= is"}, "=", false, things},
		{ui.Choice{Value: "ne", Label: "≠ is not"}, "!=", false, things},
		{ui.Choice{Value: "prefix", Label: "begins with"}, "=", false, texts},
		{ui.Choice{Value: "has", Label: "contain"}, ":", false, []valueKind{listKind}},
		{ui.Choice{Value: "from", Label: "from"}, ">=", false, []valueKind{timeKind}},
		{ui.Choice{Value: "before", Label: "before"}, "<", false, []valueKind{timeKind}},
		{ui.Choice{Value: "ge", Label: "≥ at least"}, ">=", false, []valueKind{numberKind}},
		{ui.Choice{Value: "le", Label: "≤ at most"}, "<=", false, []valueKind{numberKind}},
		{ui.Choice{Value: "gt", Label: "> more than"}, ">", false, []valueKind{numberKind}},
		{ui.Choice{Value: "lt", Label: "< less than"}, "<", false, []valueKind{numberKind}},
		{ui.Choice{Value: "empty", Label: "is empty"}, "=", true, []valueKind{textKind, listKind, publisherKind}},
		{ui.Choice{Value: "filled", Label: "is not empty"}, "!=", true, []valueKind{textKind, listKind, publisherKind}},
	}
}

func operatorsOf(kind valueKind) []operator {
	return slices.DeleteFunc(operators(), func(o operator) bool { return !slices.Contains(o.kinds, kind) })
}

// operatorOf returns a kind's operator by its name, else its usual one.
func operatorOf(kind valueKind, name string) operator {
	all := operatorsOf(kind)
	for _, o := range all {
		if o.Value == name {
			return o
		}
	}
	return all[0]
}

// text is the condition as a filter has it.
func (c condition) text(zone *time.Location) string {
	column, _ := reportColumnOf(c.Column)
	op := operatorOf(column.kind, c.Op)
	value := ui.Quoted(c.Value)
	switch {
	case op.noValue:
		value = `""`
	case op.Value == "prefix":
		value = strings.TrimSuffix(value, `"`) + `*"`
	case column.kind == enumKind || column.kind == boolKind:
		if isWord(c.Value) {
			value = c.Value
		}
	case column.kind == timeKind:
		if day, ok := ui.DayOf(c.Value, zone); ok {
			value = ui.Quoted(day.UTC().Format(time.RFC3339))
		}
	}
	return c.Column + " " + op.sign + " " + value
}

// isWord says that a filter may have a value without quotes.
func isWord(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// filterOf joins conditions to a filter: all of them must hold, or any.
func filterOf(conditions []condition, isAny bool, zone *time.Location) string {
	texts := make([]string, len(conditions))
	for i, c := range conditions {
		texts[i] = c.text(zone)
	}
	if isAny {
		return strings.Join(texts, " OR ")
	}
	return strings.Join(texts, " AND ")
}

// conditionsOf reads a filter into the builder's rows. It fails where the rows could not say the same:
// with parentheses, NOT, AND beside OR, or what is no filter at all.
func conditionsOf(filter string, zone *time.Location) (conditions []condition, isAny, ok bool) {
	s := &filterScanner{text: filter}
	if s.space(); s.text == "" {
		return nil, false, true
	}
	joint := ""
	for {
		c, ok := s.condition(zone)
		if !ok {
			return nil, false, false
		}
		conditions = append(conditions, c)
		if s.space(); s.text == "" {
			return conditions, joint == "OR", true
		}
		word := s.word()
		if (word != "AND" && word != "OR") || (joint != "" && word != joint) {
			return nil, false, false
		}
		joint = word
	}
}

// filterScanner reads a filter's words. What it cannot read is left to the service, which says why.
type filterScanner struct{ text string }

func (s *filterScanner) space() { s.text = strings.TrimLeftFunc(s.text, unicode.IsSpace) }

// word reads up to white space or a character that ends words.
func (s *filterScanner) word() string {
	s.space()
	end := strings.IndexFunc(s.text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'()\,=<>!:`, r) })
	if end < 0 {
		end = len(s.text)
	}
	word := s.text[:end]
	s.text = s.text[end:]
	return word
}

// columns reads the columns of a filter of whatever form: the words that a comparator follows.
func (s *filterScanner) columns() []string {
	var columns []string
	for s.space(); s.text != ""; s.space() {
		if s.text[0] == '"' || s.text[0] == '\'' {
			if _, _, ok := s.value(); !ok {
				return columns
			}
			continue
		}
		word := s.word()
		switch {
		case word == "" && s.sign() == "":
			s.text = s.text[1:]
		case word != "" && s.sign() != "":
			columns = append(columns, word)
		}
	}
	return columns
}

// sign reads a comparator; `:` is the same as =.
func (s *filterScanner) sign() string {
	s.space()
	for _, sign := range []string{"<=", ">=", "!=", "=", "<", ">", ":"} {
		if rest, ok := strings.CutPrefix(s.text, sign); ok {
			s.text = rest
			return sign
		}
	}
	return ""
}

// value reads a word or a quoted text, and whether a * stood at its end.
func (s *filterScanner) value() (value string, isPrefix, ok bool) {
	s.space()
	if s.text == "" || (s.text[0] != '"' && s.text[0] != '\'') {
		end := strings.IndexFunc(s.text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'()\,=<>!`, r) })
		if end < 0 {
			end = len(s.text)
		}
		value, s.text = s.text[:end], s.text[end:]
		value, isPrefix = strings.CutSuffix(value, "*")
		return value, isPrefix, value != "" && !strings.Contains(value, "*")
	}
	quote := s.text[0]
	var b strings.Builder
	for i := 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == quote:
			s.text = s.text[i+1:]
			return b.String(), isPrefix, true
		case isPrefix:
			return "", false, false // a * within
		case c == '*':
			isPrefix = true
		case c == '\\' && i+1 < len(s.text):
			i++
			b.WriteByte(s.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false, false
}

// condition reads one condition that the builder can show.
func (s *filterScanner) condition(zone *time.Location) (condition, bool) {
	column, known := reportColumnOf(s.word())
	sign := s.sign()
	value, isPrefix, ok := s.value()
	if !known || sign == "" || !ok {
		return condition{}, false
	}
	if sign == ":" && column.kind != listKind {
		sign = "="
	}
	c := condition{Column: column.Name, Value: value}
	switch column.kind {
	case offerKind, publisherKind, nameKind:
		c.Value = ui.IDOf(value)
	case timeKind:
		at, err := time.Parse(time.RFC3339, value)
		day := format.InputDate(at, zone)
		if begin, isDay := ui.DayOf(day, zone); err != nil || !isDay || !begin.Equal(at) {
			return condition{}, false // a time of day has no place in the row
		}
		c.Value = day
	}
	for _, op := range operatorsOf(column.kind) {
		if op.sign == sign && (op.Value == "prefix") == isPrefix && op.noValue == (value == "") {
			c.Op = op.Value
			return c, true
		}
	}
	return condition{}, false
}

package report

import (
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/listing"
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
		{ui.Choice{Value: "contains", Label: "contains"}, ":", false, texts},
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

// conditionsOf returns a filter as the builder's rows, and false if rows cannot say the same: a filter with NOT, with AND
// beside OR, or of columns and values that rows do not have.
func conditionsOf(filter listing.Outline, zone *time.Location) ([]condition, bool) {
	if !filter.IsFlat {
		return nil, false
	}
	var conditions []condition
	for _, clause := range filter.Clauses {
		c, ok := conditionOf(clause, zone)
		if !ok {
			return nil, false
		}
		conditions = append(conditions, c)
	}
	return conditions, true
}

// dayOf returns the day of a date or of the time at which a day begins, and false for any other text.
func dayOf(text string, zone *time.Location) (string, bool) {
	if _, isDate := ui.DayOf(text, zone); isDate && text != "" {
		return text, true
	}
	at, err := time.Parse(time.RFC3339, text)
	day := format.InputDate(at, zone)
	begin, isDay := ui.DayOf(day, zone)
	return day, err == nil && isDay && begin.Equal(at)
}

// conditionOf returns a condition that the builder can show.
func conditionOf(clause listing.Clause, zone *time.Location) (condition, bool) {
	column, known := reportColumnOf(clause.Field)
	if !known {
		return condition{}, false
	}
	sign := string(clause.Op)
	switch isText := column.kind == textKind || column.kind == listKind; {
	case clause.Op == listing.Has && clause.Prefix && clause.Value == "": // any value
		sign, clause.Prefix = "!=", false
	case clause.Op == listing.Has && (clause.Prefix || !isText):
		sign = "="
	}
	c := condition{Column: column.Name, Value: clause.Value}
	switch column.kind {
	case offerKind, publisherKind, nameKind:
		c.Value = ui.IDOf(clause.Value)
	case timeKind:
		if c.Value, known = dayOf(clause.Value, zone); !known {
			return condition{}, false // a time of day has no place in the row
		}
	}
	for _, op := range operatorsOf(column.kind) {
		if op.sign == sign && (op.Value == "prefix") == clause.Prefix && op.noValue == (clause.Value == "") {
			c.Op = op.Value
			return c, true
		}
	}
	return condition{}, false
}

// Package sqlquery compiles a listing.Query to SQL, as SQLite understands it.
//
// Only the SQLite stores import it; it imports none of ours but listing.
package sqlquery

import (
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Option changes how Build compiles.
type Option func(*builder)

// Encode makes Build pass every value of a field, by the field's stored name, through encode, for
// columns that hold another type than the API's. What encode returns is handled as any value is;
// for values of other fields it returns v. Two values must compare as their encoded forms do: for
// text that has no encoded form, such as the id of nothing that exists, return v itself, since in
// SQLite no text equals a BLOB.
func Encode(encode func(field string, v any) any) Option {
	return func(b *builder) { b.encode = encode }
}

// Build returns a query's condition, for behind WHERE, with its arguments, and its order, for behind
// ORDER BY. The condition includes that rows come after the last page; it is "1" for all rows. The
// limit is the caller's part. Columns have the fields' stored names, those of the parts of amounts of
// money with the part behind; times are INTEGERs in Unix milliseconds, booleans 0 and 1. No column is
// NULL.
func Build(q listing.Query, options ...Option) (where string, args []any, orderBy string) {
	b := builder{encode: func(_ string, v any) any { return v }}
	for _, option := range options {
		option(&b)
	}
	switch {
	case q.Where == nil && q.After == nil:
		b.sql.WriteString("1")
	case q.Where == nil:
		b.after(q.Order, q.After)
	case q.After == nil:
		b.expr(q.Where)
	default:
		b.expr(q.Where)
		b.sql.WriteString(" AND ")
		b.after(q.Order, q.After)
	}
	return b.sql.String(), b.args, orderBySQL(q.Order)
}

type builder struct {
	sql    strings.Builder
	args   []any
	encode func(field string, v any) any
}

// expr writes a condition that stands as an operand of any operator.
func (b *builder) expr(e listing.Expr) {
	switch e := e.(type) {
	case listing.And:
		b.list(e, " AND ", "1")
	case listing.Or:
		b.list(e, " OR ", "0")
	case listing.Not:
		b.sql.WriteString("NOT (")
		b.expr(e.Expr)
		b.sql.WriteString(")")
	case listing.Compare:
		b.compare(e)
	default:
		panic(fmt.Sprintf("sqlquery: unknown condition %T", e))
	}
}

// list writes conditions joined by an operator; empty is the condition for none.
func (b *builder) list(conditions []listing.Expr, operator, empty string) {
	if len(conditions) == 0 {
		b.sql.WriteString(empty)
		return
	}
	b.sql.WriteString("(")
	for i, e := range conditions {
		if i > 0 {
			b.sql.WriteString(operator)
		}
		b.expr(e)
	}
	b.sql.WriteString(")")
}

// compare writes a comparison with a value.
func (b *builder) compare(c listing.Compare) {
	column := c.Column()
	switch c.Op {
	case listing.HasPrefix:
		b.prefix(c)
		return
	case listing.Contains:
		b.sql.WriteString("instr(" + column + ", ")
		b.value(column, c.Value)
		b.sql.WriteString(") > 0")
		return
	}
	b.sql.WriteString(column + " " + string(c.Op) + " ")
	b.value(column, c.Value)
}

// prefix writes a prefix as a range, which an index can serve.
func (b *builder) prefix(c listing.Compare) {
	prefix, ok := c.Value.(string)
	if !ok {
		panic(fmt.Sprintf("sqlquery: %s: a %T has no prefix", c.Field, c.Value))
	}
	column := c.Column()
	b.sql.WriteString("(" + column + " >= ")
	b.value(column, prefix)
	if end, bounded := listing.PrefixEnd(prefix); bounded {
		b.sql.WriteString(" AND " + column + " < ")
		b.value(column, end)
	}
	b.sql.WriteString(")")
}

// after writes the condition that a row comes after one with values in an order.
func (b *builder) after(order []listing.Order, values []any) {
	switch {
	case len(order) == 1:
		b.sql.WriteString(order[0].Field + beyond(order[0]))
		b.value(order[0].Field, values[0])
	case oneWay(order):
		b.row(order, values)
	default:
		// SQLite uses no index for an OR of ranges of different columns, but does for the first
		// column's range, which it implies.
		b.sql.WriteString("(" + order[0].Field + strings.TrimSuffix(beyond(order[0]), " ") + "= ")
		b.value(order[0].Field, values[0])
		b.sql.WriteString(" AND ")
		b.lexical(order, values)
		b.sql.WriteString(")")
	}
}

// row writes a comparison of whole rows, for which SQLite uses an index in the same order.
func (b *builder) row(order []listing.Order, values []any) {
	fields := make([]string, len(order))
	for i, o := range order {
		fields[i] = o.Field
	}
	b.sql.WriteString("(" + strings.Join(fields, ", ") + ")" + beyond(order[0]) + "(")
	for i, value := range values {
		if i > 0 {
			b.sql.WriteString(", ")
		}
		b.value(order[i].Field, value)
	}
	b.sql.WriteString(")")
}

// lexical writes that the first field is beyond its value, or is equal and the rest is beyond.
func (b *builder) lexical(order []listing.Order, values []any) {
	b.sql.WriteString("(" + order[0].Field + beyond(order[0]))
	b.value(order[0].Field, values[0])
	if len(order) > 1 {
		b.sql.WriteString(" OR " + order[0].Field + " = ")
		b.value(order[0].Field, values[0])
		b.sql.WriteString(" AND ")
		b.lexical(order[1:], values[1:])
	}
	b.sql.WriteString(")")
}

// value writes a placeholder for a field's value.
func (b *builder) value(field string, v any) {
	b.sql.WriteString("?")
	switch v := b.encode(field, v).(type) {
	case time.Time:
		b.args = append(b.args, v.UnixMilli())
	case bool:
		b.args = append(b.args, boolInt(v))
	default:
		b.args = append(b.args, v)
	}
}

// beyond returns the relation of a later row's value to an earlier one's.
func beyond(o listing.Order) string {
	if o.Desc {
		return " < "
	}
	return " > "
}

// oneWay says whether all directions agree.
func oneWay(order []listing.Order) bool {
	for _, o := range order {
		if o.Desc != order[0].Desc {
			return false
		}
	}
	return true
}

// orderBySQL returns an order as SQL.
func orderBySQL(order []listing.Order) string {
	parts := make([]string, len(order))
	for i, o := range order {
		parts[i] = o.Field
		if o.Desc {
			parts[i] += " DESC"
		}
	}
	return strings.Join(parts, ", ")
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

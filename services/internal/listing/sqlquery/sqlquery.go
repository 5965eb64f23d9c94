// Package sqlquery compiles a listing.Query to SQLite's SQL.
//
// Only the SQLite stores import it; of our packages it imports listing.
package sqlquery

import (
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Option changes how Build compiles.
type Option func(*builder)

// Encode makes Build pass each value, with its field's stored name, through encode. It is for columns whose type
// differs from the API's. For other fields encode returns v. Encoded values must compare as the values do. For a text
// that has no encoded form, such as an id that cannot exist, encode returns v itself: in SQLite no text equals a BLOB.
func Encode(encode func(field string, v any) any) Option {
	return func(b *builder) { b.encode = encode }
}

// Build returns a query's condition, for WHERE, with its arguments, and its order, for ORDER BY. The condition includes
// the position after the last page; it is "1" if every row matches. The caller applies the limit. Columns have the
// fields' stored names; for the parts of amounts, followed by the part's. Times are INTEGERs in Unix milliseconds,
// booleans are 0 and 1. No column is NULL.
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

// expr writes a condition in a form that can be an operand of any operator.
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

// list writes conditions joined by an operator. It writes empty if there are no conditions.
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

// compare writes the comparison of a field with a value.
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

// prefix writes the comparison with a prefix as a range, which an index can serve.
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

// after writes the condition that a row comes after the given values in an order.
func (b *builder) after(order []listing.Order, values []any) {
	switch {
	case len(order) == 1:
		b.sql.WriteString(order[0].Field + beyond(order[0]))
		b.value(order[0].Field, values[0])
	case oneWay(order):
		b.row(order, values)
	default:
		// SQLite uses no index for an OR of ranges of different columns. It uses one for the first column's range,
		// which the OR implies.
		b.sql.WriteString("(" + order[0].Field + strings.TrimSuffix(beyond(order[0]), " ") + "= ")
		b.value(order[0].Field, values[0])
		b.sql.WriteString(" AND ")
		b.lexical(order, values)
		b.sql.WriteString(")")
	}
}

// row writes a comparison of whole rows. SQLite uses an index in the same order for it.
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

// lexical writes that the first field is beyond its value, or equal to it with the rest beyond.
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

// beyond returns the relation of later values to earlier ones.
func beyond(o listing.Order) string {
	if o.Desc {
		return " < "
	}
	return " > "
}

// oneWay reports whether all directions are the same.
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

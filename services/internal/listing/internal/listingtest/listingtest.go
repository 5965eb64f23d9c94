// Package listingtest has what the tests of listing and its compilers share: a simple evaluation of conditions and
// orders to compare the compilers with, and generators of random ones.
//
// Only tests within listing import it.
package listingtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Row maps a row's columns to values. It has all columns. A document of it may leave out Optionals that are empty.
type Row map[string]any

// Columns returns the names of all columns.
func Columns() []string {
	return append([]string{"id", "note", "code_key", "kind", "enabled", "create_time"}, Optionals()...)
}

// Optionals returns the names of the columns that documents may leave out.
func Optionals() []string {
	return []string{"price_currency", "price_units", "price_nanos", "memo", "flagged"}
}

// Schema returns the schema of random rows.
func Schema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "things/", Sortable: true},
		"create_time desc",
		listing.Field{Name: "note", Sortable: true},
		listing.Field{Name: "title", Stored: "note", Kind: listing.Title},
		listing.Field{Name: "code", Stored: "code_key", Kind: listing.Folded, Sortable: true},
		listing.Field{Name: "kind", Kind: listing.Enum, Values: []string{"RED", "BLUE"}, Sortable: true},
		listing.Field{Name: "enabled", Kind: listing.Bool, Sortable: true},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "end_time", Kind: listing.Time, None: Never()},
		listing.Field{Name: "price", Kind: listing.Amount},
		listing.Field{Name: "price_currency", Stored: "price", Kind: listing.Currency},
		listing.Field{Name: "memo", Kind: listing.String, Optional: true},
		listing.Field{Name: "flagged", Kind: listing.Bool, Optional: true},
		listing.Field{Name: "state", Kind: listing.Enum, Values: []string{"LIVE", "FUTURE", "OFF"}, Expand: state},
	).In(prague())
}

// Never is the end_time of rows without an end.
func Never() time.Time { return time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC) }

// prague returns the zone of dates in filters.
func prague() *time.Location {
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		panic(err)
	}
	return zone
}

// state is the condition of a derived state.
func state(value string, now time.Time) listing.Expr {
	enabled := listing.Compare{Field: "enabled", Op: listing.Equal, Value: true}
	switch value {
	case "LIVE":
		return listing.And{enabled, listing.Compare{Field: "create_time", Op: listing.LessEqual, Value: now}}
	case "FUTURE":
		return listing.And{enabled, listing.Compare{Field: "create_time", Op: listing.Greater, Value: now}}
	default:
		return listing.Not{Expr: enabled}
	}
}

// Match reports whether a row satisfies a condition. Every row satisfies nil.
func Match(e listing.Expr, row Row) bool {
	switch e := e.(type) {
	case nil:
		return true
	case listing.And:
		for _, part := range e {
			if !Match(part, row) {
				return false
			}
		}
		return true
	case listing.Or:
		for _, part := range e {
			if Match(part, row) {
				return true
			}
		}
		return false
	case listing.Not:
		return !Match(e.Expr, row)
	case listing.Compare:
		return compare(e, row)
	default:
		panic(fmt.Sprintf("unknown condition %T", e))
	}
}

func compare(c listing.Compare, row Row) bool {
	switch c.Op {
	case listing.HasPrefix:
		return strings.HasPrefix(row[c.Column()].(string), c.Value.(string))
	case listing.Contains:
		return strings.Contains(row[c.Column()].(string), c.Value.(string))
	}
	order := Order(row[c.Column()], c.Value)
	switch c.Op {
	case listing.Equal:
		return order == 0
	case listing.NotEqual:
		return order != 0
	case listing.Less:
		return order < 0
	case listing.LessEqual:
		return order <= 0
	case listing.Greater:
		return order > 0
	case listing.GreaterEqual:
		return order >= 0
	default:
		panic(fmt.Sprintf("unknown relation %q", c.Op))
	}
}

// Order compares two values of one type, as cmp.Compare does.
func Order(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case bool:
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b.(bool)))
	case time.Time:
		return a.Compare(b.(time.Time))
	default:
		panic(fmt.Sprintf("unknown type %T", a))
	}
}

// OrderRows compares two rows in a query's order.
func OrderRows(q listing.Query, a, b Row) int {
	for _, o := range q.Order {
		order := Order(a[o.Field], b[o.Field])
		if o.Desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// texts generates few different texts, so that rows often share them. They contain what often goes wrong: quotes, other
// languages' wildcards, and the ends of UTF-8's ranges.
func texts() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.SampledFrom([]rune{'A', 'B', 'b', 'É', 'é', '.', '\'', '"', '*', '\\', '%', '_', ' ', '\x7f', '\ud7ff', '\ue000', '\U0010ffff'}), 0, 3, -1)
}

func times() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(-3, 3), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() })
}

func values(field string) *rapid.Generator[any] {
	switch field {
	case "kind":
		return rapid.Map(rapid.SampledFrom([]string{"RED", "BLUE"}), func(v string) any { return v })
	case "enabled", "flagged":
		return rapid.Map(rapid.Bool(), func(v bool) any { return v })
	case "price_currency":
		return rapid.Map(rapid.SampledFrom([]string{"", "EUR", "USD"}), func(v string) any { return v })
	case "price_units", "price_nanos":
		return rapid.Map(rapid.Int64Range(-1, 2), func(v int64) any { return v })
	case "create_time":
		return rapid.Map(times(), func(v time.Time) any { return v })
	default:
		return rapid.Map(texts(), func(v string) any { return v })
	}
}

// Rows returns up to 30 random rows with different ids.
func Rows(t *rapid.T) []Row {
	ids := rapid.SliceOfNDistinct(texts(), 0, 30, rapid.ID[string]).Draw(t, "ids")
	rows := make([]Row, len(ids))
	for i, id := range ids {
		rows[i] = Row{"id": id}
		for _, column := range Columns()[1:] {
			rows[i][column] = values(column).Draw(t, column)
		}
		if rows[i]["price_currency"] == "" {
			rows[i]["price_units"], rows[i]["price_nanos"] = int64(0), int64(0)
		}
	}
	return rows
}

// Expr returns a random condition, nested at most depth deep.
func Expr(t *rapid.T, depth int) listing.Expr {
	choice := 3
	if depth > 0 {
		choice = rapid.IntRange(0, 5).Draw(t, "condition")
	}
	switch choice {
	case 0:
		return listing.And(exprs(t, depth-1))
	case 1:
		return listing.Or(exprs(t, depth-1))
	case 2:
		return listing.Not{Expr: Expr(t, depth-1)}
	default:
		return comparison(t)
	}
}

func exprs(t *rapid.T, depth int) []listing.Expr {
	all := make([]listing.Expr, rapid.IntRange(0, 3).Draw(t, "parts"))
	for i := range all {
		all[i] = Expr(t, depth)
	}
	return all
}

func comparison(t *rapid.T) listing.Expr {
	column := rapid.SampledFrom(Columns()).Draw(t, "column")
	ops := []listing.Op{listing.Equal, listing.NotEqual, listing.Less, listing.LessEqual, listing.Greater, listing.GreaterEqual}
	value := values(column).Draw(t, "value")
	if _, ok := value.(string); ok {
		ops = append(ops, listing.HasPrefix, listing.HasPrefix, listing.Contains, listing.Contains)
	}
	c := listing.Compare{Field: column, Op: rapid.SampledFrom(ops).Draw(t, "op"), Value: value}
	if part, isPart := strings.CutPrefix(column, "price_"); isPart {
		c.Field, c.Part = "price", listing.Part(part)
	} else {
		c.Optional = slices.Contains(Optionals(), column)
	}
	return c
}

// OrderBy returns a random order_by for Schema.
func OrderBy(t *rapid.T) string {
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "note", "code", "kind", "enabled", "create_time"}), 0, 5, rapid.ID[string]).Draw(t, "order")
	for i := range fields {
		fields[i] += rapid.SampledFrom([]string{"", " asc", " desc"}).Draw(t, "direction")
	}
	return strings.Join(fields, ", ")
}

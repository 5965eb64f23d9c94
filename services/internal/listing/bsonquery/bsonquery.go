// Package bsonquery compiles a listing.Query to MongoDB filter and sort documents.
//
// Only the MongoDB stores import it; of our packages it imports listing.
package bsonquery

import (
	"fmt"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Build returns a query's filter and sort documents. The filter includes the position after the last page; it is empty
// if every document matches. The caller applies the limit. Keys are the fields' stored names, except that `id` is
// `_id`, and paths for the parts of amounts. Every document must have all fields, except those parts and the fields
// that a comparison marks as optional: a missing field does not compare like a NULL in SQL.
func Build(q listing.Query) (filter, sort bson.D) {
	var all []bson.D
	if q.Where != nil {
		all = append(all, expr(q.Where))
	}
	if q.After != nil {
		all = append(all, after(q.Order, q.After)...)
	}
	for _, o := range q.Order {
		direction := 1
		if o.Desc {
			direction = -1
		}
		sort = append(sort, bson.E{Key: key(o.Field), Value: direction})
	}
	switch len(all) {
	case 0:
		return bson.D{}, sort
	case 1:
		return all[0], sort
	default:
		return bson.D{{Key: "$and", Value: all}}, sort
	}
}

// expr returns the filter document of a condition.
func expr(e listing.Expr) bson.D {
	switch e := e.(type) {
	case listing.And:
		if len(e) == 0 {
			return bson.D{}
		}
		return list("$and", e)
	case listing.Or:
		if len(e) == 0 {
			return bson.D{{Key: "$nor", Value: []bson.D{{}}}} // $or refuses an empty list
		}
		return list("$or", e)
	case listing.Not:
		return list("$nor", []listing.Expr{e.Expr})
	case listing.Compare:
		return compare(e)
	default:
		panic(fmt.Sprintf("bsonquery: unknown condition %T", e))
	}
}

// list joins conditions with an operator.
func list(operator string, conditions []listing.Expr) bson.D {
	documents := make([]bson.D, len(conditions))
	for i, e := range conditions {
		documents[i] = expr(e)
	}
	return bson.D{{Key: operator, Value: documents}}
}

// compare compares a field with a value.
func compare(c listing.Compare) bson.D {
	var condition bson.D
	switch c.Op {
	case listing.HasPrefix:
		condition = prefix(c)
	case listing.Contains:
		condition = relation(path(c), "$regex", pattern(c))
	default:
		condition = relation(path(c), operator(c.Op), c.Value)
	}
	if !c.Optional && c.Part == "" {
		return condition
	}
	return optional(c, condition)
}

// optional extends a comparison to documents without the field, as if they had the empty value. Only $ne holds for
// these.
func optional(c listing.Compare, condition bson.D) bson.D {
	none := none(c)
	holds := listing.Match(c, func(string) any { return none })
	exists := func(yes bool) bson.D { return bson.D{{Key: path(c), Value: bson.D{{Key: "$exists", Value: yes}}}} }
	switch {
	case holds == (c.Op == listing.NotEqual):
		return condition
	case holds:
		return bson.D{{Key: "$or", Value: []bson.D{condition, exists(false)}}}
	default:
		return bson.D{{Key: "$and", Value: []bson.D{condition, exists(true)}}}
	}
}

// none returns the empty value for a field of the comparison's type.
func none(c listing.Compare) any {
	switch c.Value.(type) {
	case string:
		return ""
	case bool:
		return false
	case int64:
		return int64(0)
	default:
		panic(fmt.Sprintf("bsonquery: %s: no %T stands for none", c.Field, c.Value))
	}
}

// path returns the path of a comparison's field in documents.
func path(c listing.Compare) string {
	switch c.Part {
	case "":
		return key(c.Field)
	case listing.CurrencyCode:
		return c.Field + ".currency_code"
	default:
		return c.Field + "." + string(c.Part)
	}
}

// operator returns the query operator for a relation.
func operator(op listing.Op) string {
	switch op {
	case listing.Equal:
		return "$eq"
	case listing.NotEqual:
		return "$ne"
	case listing.Less:
		return "$lt"
	case listing.LessEqual:
		return "$lte"
	case listing.Greater:
		return "$gt"
	case listing.GreaterEqual:
		return "$gte"
	default:
		panic(fmt.Sprintf("bsonquery: unknown relation %q", op))
	}
}

// pattern returns a regular expression that matches values containing a text.
func pattern(c listing.Compare) string {
	text, ok := c.Value.(string)
	if !ok {
		panic(fmt.Sprintf("bsonquery: %s: no text contains a %T", c.Field, c.Value))
	}
	return regexp.QuoteMeta(text)
}

// prefix compares a prefix as a range, which an index can serve and which, unlike a regular expression, needs no
// escaping.
func prefix(c listing.Compare) bson.D {
	text, ok := c.Value.(string)
	if !ok {
		panic(fmt.Sprintf("bsonquery: %s: a %T has no prefix", c.Field, c.Value))
	}
	bounds := bson.D{{Key: "$gte", Value: text}}
	if end, bounded := listing.PrefixEnd(text); bounded {
		bounds = append(bounds, bson.E{Key: "$lt", Value: end})
	}
	return bson.D{{Key: path(c), Value: bounds}}
}

// after returns conditions for documents that come after the given values in an order.
func after(order []listing.Order, values []any) []bson.D {
	if len(order) == 1 {
		return []bson.D{relation(key(order[0].Field), beyond(order[0]), values[0])}
	}
	var alternatives []bson.D
	for i, o := range order {
		var all bson.D
		for j, earlier := range order[:i] {
			all = append(all, relation(key(earlier.Field), "$eq", values[j])...)
		}
		alternatives = append(alternatives, append(all, relation(key(o.Field), beyond(o), values[i])...))
	}
	// The alternatives imply the first condition. It lets one index range serve them all.
	return []bson.D{
		relation(key(order[0].Field), beyond(order[0])+"e", values[0]),
		{{Key: "$or", Value: alternatives}},
	}
}

// beyond returns the relation of later values to earlier ones.
func beyond(o listing.Order) string {
	if o.Desc {
		return "$lt"
	}
	return "$gt"
}

// relation compares the value at a path with v.
func relation(path, operator string, v any) bson.D {
	return bson.D{{Key: path, Value: bson.D{{Key: operator, Value: value(v)}}}}
}

// key returns the key of a stored field.
func key(field string) string {
	if field == "id" {
		return "_id"
	}
	return field
}

// value converts a value to the form in documents.
func value(v any) any {
	if t, ok := v.(time.Time); ok {
		return bson.NewDateTimeFromTime(t)
	}
	return v
}

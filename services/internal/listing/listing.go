// Package listing turns the filter, order_by, page_size and page_token of a list request into a
// Query that either store can run, and its result back into the token of the next page. A filter is
// AIP-160's language as far as the documentation of a Schema's Query says.
//
// Flows and stores import it; it imports none of ours but apperr.
package listing

// Query is a checked list request. Fields are named by their stored name, which is the same in
// SQL columns and in MongoDB documents.
type Query struct {
	// Where is what a row must satisfy; nil: every row does.
	Where Expr
	// Order is never empty; its last entry is a unique field, so that the order is total.
	Order []Order
	// After holds the Order fields' values of the last row of the page before, in Order's order;
	// nil on the first page. Only rows after it match.
	After []any
	// Limit is how many rows the store returns at most. It is one more than the page size, so
	// that the caller sees whether there is another page.
	Limit int
	// checksum binds page tokens to the request that they came from.
	checksum string
	// take is the request's Take.
	take func(row any) bool
}

// Order is one field to order by.
type Order struct {
	Field string
	Desc  bool
}

// Expr is a condition on a row: And, Or, Not or Compare.
type Expr interface{ expr() }

// And holds when all of its conditions hold; an empty And holds.
type And []Expr

// Or holds when one of its conditions holds; an empty Or does not.
type Or []Expr

// Not holds when its condition does not.
type Not struct{ Expr Expr }

// Compare holds when a field's value stands in the relation to a value.
type Compare struct {
	Field string
	// Part says which part of an amount of money is compared; empty: the field is none.
	Part Part
	Op   Op
	// Value is a string, bool, int64 or time.Time (UTC, whole milliseconds), as the field is stored.
	Value any
	// Optional says that documents may be without the field. Such count as having an empty text or false.
	Optional bool
}

// Column returns the name of the column that is compared: the field's, with the part behind.
func (c Compare) Column() string {
	if c.Part == "" {
		return c.Field
	}
	return c.Field + "_" + string(c.Part)
}

// Part is a part of an amount of money. SQL stores have a column for each, amount_currency, amount_units
// and amount_nanos; documents have them under the amount's key, as amount.currency_code, amount.units and
// amount.nanos. Where there is no amount the currency is empty and the numbers are 0: documents are then
// without the amount.
type Part string

// The parts: a text and two int64, as couponlink's Money has them.
const (
	CurrencyCode Part = "currency"
	Units        Part = "units"
	Nanos        Part = "nanos"
)

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}

// Op is a relation.
type Op string

// The relations. HasPrefix and Contains compare strings only.
const (
	Equal        Op = "="
	NotEqual     Op = "!="
	Less         Op = "<"
	LessEqual    Op = "<="
	Greater      Op = ">"
	GreaterEqual Op = ">="
	HasPrefix    Op = "prefix"
	Contains     Op = "contains"
)

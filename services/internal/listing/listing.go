// Package listing turns the filter, order_by, page_size and page_token of a list request into a Query that either store
// can run, and its result into the token of the next page. Filters are written in AIP-160's language, to the extent
// documented at Schema's Query.
//
// Use cases, stores and the console import it. The console shows filters as rows, by their Outline.
package listing

// Query is a validated list request. Fields have their stored names, which are the same in SQL columns and MongoDB
// documents.
type Query struct {
	// Where is the condition for rows; nil if every row matches.
	Where Expr
	// Order is never empty. Its last entry is a unique field, so the order is total.
	Order []Order
	// After has the values of the Order fields in the last row of the page before; nil on the first page. Only later
	// rows match.
	After []any
	// Limit is the maximum number of rows. It is one more than the page size, so that the caller sees whether another
	// page follows.
	Limit int
	// checksum ties page tokens to their request.
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

// And holds if all of its conditions hold. An empty And holds.
type And []Expr

// Or holds if one of its conditions holds. An empty Or does not hold.
type Or []Expr

// Not holds if its condition does not.
type Not struct{ Expr Expr }

// Compare holds if a field's value has a relation to Value.
type Compare struct {
	Field string
	// Part is the part of an amount to compare; "" if the field is not an amount.
	Part Part
	Op   Op
	// Value is a string, bool, int64 or time.Time (UTC, whole milliseconds), in its stored form.
	Value any
	// Optional means that documents may lack the field. They count as having an empty text or false.
	Optional bool
}

// Column returns the column to compare: the field's name, followed by the part's.
func (c Compare) Column() string {
	if c.Part == "" {
		return c.Field
	}
	return c.Field + "_" + string(c.Part)
}

// Part is a part of an amount of money. SQL stores have a column for each: amount_currency, amount_units and
// amount_nanos. Documents have them below the amount's key: amount.currency_code, amount.units and amount.nanos.
// Without an amount, the currency is empty and the numbers are 0; documents then lack the amount.
type Part string

// The parts: a text and two int64, as in the API's Money.
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

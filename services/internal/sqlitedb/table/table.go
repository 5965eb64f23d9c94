// Package table describes the columns of SQLite tables. Each column is described once, with its name, how its value
// is bound and where it is read to. Lists of columns, placeholders, inserts, updates and scans follow.
//
// Only the stores on SQLite may import it.
package table

import (
	"database/sql/driver"
	"slices"
	"strings"
)

// Column is a column of a table whose rows are Ts.
type Column[T any] struct {
	Name string
	// Bind returns the value to store: an int64, a string, bytes or nil.
	Bind func(*T) (driver.Value, error)
	// Scan returns where the value is read to, a pointer or an sql.Scanner. It is nil for a column that is only
	// written.
	Scan func(*T) any
	// Optional says that Bind's nil is stored as ''. Binding NULL takes no memory of SQLite's, unlike '', and most
	// texts are empty.
	Optional bool
}

// Columns are columns of a table in the order of a statement.
type Columns[T any] []Column[T]

// Of returns columns one after the other.
func Of[T any](columns ...Columns[T]) Columns[T] { return slices.Concat(columns...) }

// Only returns the columns with some names, in the order of the names. A name that no column has is a mistake in the
// program: it panics.
func (c Columns[T]) Only(names ...string) Columns[T] {
	only := make(Columns[T], len(names))
	for i, name := range names {
		only[i] = c[slices.IndexFunc(c, func(column Column[T]) bool { return column.Name == name })]
	}
	return only
}

// Names returns the list of the columns.
func (c Columns[T]) Names() string {
	return c.list(func(column *Column[T]) string { return column.Name })
}

// Marks returns the list of the placeholders.
func (c Columns[T]) Marks() string { return c.list((*Column[T]).mark) }

// Set returns the assignments of an update.
func (c Columns[T]) Set() string {
	return c.list(func(column *Column[T]) string { return column.Name + " = " + column.mark() })
}

// Replaced returns the assignments of an upsert to the values that it could not insert.
func (c Columns[T]) Replaced() string {
	return c.list(func(column *Column[T]) string { return column.Name + " = excluded." + column.Name })
}

// Into returns the end of an insert into a table.
func (c Columns[T]) Into(table string) string {
	return " INTO " + table + " (" + c.Names() + ") VALUES (" + c.Marks() + ")"
}

// From returns the beginning of a query of a table for the columns and more, as Scan reads them.
func (c Columns[T]) From(table string, more ...string) string {
	return "SELECT " + strings.Join(append([]string{c.Names()}, more...), ", ") + " FROM " + table
}

func (c Columns[T]) list(of func(*Column[T]) string) string {
	parts := make([]string, len(c))
	for i := range c {
		parts[i] = of(&c[i])
	}
	return strings.Join(parts, ", ")
}

func (c *Column[T]) mark() string {
	if c.Optional {
		return "ifnull(?, '')"
	}
	return "?"
}

// Append appends a row's values to the arguments of a statement, as the driver takes them.
func (c Columns[T]) Append(to []driver.NamedValue, row *T) ([]driver.NamedValue, error) {
	for i := range c {
		value, err := c[i].Bind(row)
		if err != nil {
			return nil, err
		}
		to = append(to, driver.NamedValue{Ordinal: len(to) + 1, Value: value})
	}
	return to, nil
}

// Values returns a row's values and more, as database/sql takes them.
func (c Columns[T]) Values(row *T, more ...any) ([]any, error) {
	values := make([]any, 0, len(c)+len(more))
	for i := range c {
		value, err := c[i].Bind(row)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return append(values, more...), nil
}

// Row is an *sql.Row, or the present one of *sql.Rows.
type Row interface{ Scan(into ...any) error }

// Read reads a row of the columns.
func (c Columns[T]) Read(row Row) (T, error) {
	var into T
	if err := c.Scan(row, &into); err != nil {
		var none T
		return none, err
	}
	return into, nil
}

// Scan reads a row of the columns and more.
func (c Columns[T]) Scan(row Row, into *T, more ...any) error {
	return row.Scan(c.Places(into, more...)...)
}

// Places returns where a row of the columns and more is read to.
func (c Columns[T]) Places(into *T, more ...any) []any {
	places := make([]any, 0, len(c)+len(more))
	for i := range c {
		places = append(places, c[i].Scan(into))
	}
	return append(places, more...)
}

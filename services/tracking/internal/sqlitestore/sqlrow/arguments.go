package sqlrow

import (
	"database/sql/driver"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// Arguments are a statement's arguments. Their memory is reused.
type Arguments struct{ Values []driver.NamedValue }

// Statement is a statement to prepare on the driver's connection, and the variable that receives it.
type Statement struct {
	To  *driver.StmtExecContext
	SQL string
}

// Clear removes all arguments.
func (a *Arguments) Clear() { a.Values = a.Values[:0] }

// Add adds a value of a type that the driver knows.
func (a *Arguments) Add(v driver.Value) {
	a.Values = append(a.Values, driver.NamedValue{Ordinal: len(a.Values) + 1, Value: v})
}

// AddTime adds a time, or NULL for the zero time.
func (a *Arguments) AddTime(at time.Time) {
	if at.IsZero() {
		a.Add(nil)
		return
	}
	a.Add(at.UnixMilli())
}

// Bind adds a row's values.
func Bind[T any](a *Arguments, columns table.Columns[T], row *T) (err error) {
	a.Values, err = columns.Append(a.Values, row)
	return err
}

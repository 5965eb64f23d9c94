package sqlitestore

import (
	"database/sql/driver"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// arguments are a statement's arguments, in memory that is reused.
type arguments struct{ values []driver.NamedValue }

func (a *arguments) clear() { a.values = a.values[:0] }

// add adds a value of a type that the driver knows.
func (a *arguments) add(v driver.Value) {
	a.values = append(a.values, driver.NamedValue{Ordinal: len(a.values) + 1, Value: v})
}

// time adds a time, or NULL for the zero time.
func (a *arguments) time(at time.Time) {
	if at.IsZero() {
		a.add(nil)
		return
	}
	a.add(at.UnixMilli())
}

// bind adds a row's values.
func bind[T any](a *arguments, columns table.Columns[T], row *T) (err error) {
	a.values, err = columns.Append(a.values, row)
	return err
}

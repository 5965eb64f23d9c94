package sqlitestore

import (
	"database/sql/driver"
	"time"
)

// arguments are what a statement is run with, in memory that is used again.
type arguments struct{ values []driver.NamedValue }

func (a *arguments) clear() { a.values = a.values[:0] }

// add adds a value of a type that the driver knows.
func (a *arguments) add(v driver.Value) {
	a.values = append(a.values, driver.NamedValue{Ordinal: len(a.values) + 1, Value: v})
}

// text adds a text, or NULL for an empty one.
func (a *arguments) text(v string) {
	if v == "" {
		a.add(nil)
		return
	}
	a.add(v)
}

func (a *arguments) flag(v bool) {
	if v {
		a.add(int64(1))
		return
	}
	a.add(int64(0))
}

// key adds a key, or NULL for the empty text.
func (a *arguments) key(v any) {
	if v == "" {
		v = nil
	}
	a.add(v)
}

// time adds a time, or NULL for none.
func (a *arguments) time(at time.Time) {
	if at.IsZero() {
		a.add(nil)
		return
	}
	a.add(at.UnixMilli())
}

// plain returns the values as database/sql takes them.
func (a *arguments) plain() []any {
	values := make([]any, len(a.values))
	for i, v := range a.values {
		values[i] = v.Value
	}
	return values
}

package table

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// Text is a column of text.
func Text[T any, S ~string](name string, at func(*T) *S) Column[T] {
	return Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return at(row) }, Bind: func(row *T) (driver.Value, error) {
		return text(string(*at(row))), nil
	}}
}

// Derived is a column of text that follows from others: it is written and never read.
func Derived[T any](name string, of func(*T) string) Column[T] {
	return Column[T]{Name: name, Optional: true, Bind: func(row *T) (driver.Value, error) { return text(of(row)), nil }}
}

func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

// Lines is a column with a list of texts, one a line.
func Lines[T any](name string, at func(*T) *[]string) Column[T] {
	return Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return (*lines)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return text(strings.Join(*at(row), "\n")), nil
	}}
}

// Number is a column with an integer.
func Number[T any, N ~int | ~int8 | ~int16 | ~int32 | ~int64](name string, at func(*T) *N) Column[T] {
	return Column[T]{Name: name, Scan: func(row *T) any { return at(row) }, Bind: func(row *T) (driver.Value, error) {
		return int64(*at(row)), nil
	}}
}

// Flag is a column with 0 or 1.
func Flag[T any](name string, at func(*T) *bool) Column[T] {
	return Column[T]{Name: name, Scan: func(row *T) any { return at(row) }, Bind: func(row *T) (driver.Value, error) {
		if *at(row) {
			return int64(1), nil
		}
		return int64(0), nil
	}}
}

// Time is a column with a time in Unix milliseconds.
func Time[T any](name string, at func(*T) *time.Time) Column[T] {
	return Column[T]{Name: name, Scan: func(row *T) any { return (*millis)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return at(row).UnixMilli(), nil
	}}
}

// OptionalTime is a column with a time in Unix milliseconds, or NULL for the zero time.
func OptionalTime[T any](name string, at func(*T) *time.Time) Column[T] {
	return Column[T]{Name: name, Scan: func(row *T) any { return (*millis)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		if at(row).IsZero() {
			return nil, nil
		}
		return at(row).UnixMilli(), nil
	}}
}

// Duration is a column with a duration in whole units.
func Duration[T any](name string, unit time.Duration, at func(*T) *time.Duration) Column[T] {
	return Column[T]{
		Name: name, Scan: func(row *T) any { return duration{at(row), unit} },
		Bind: func(row *T) (driver.Value, error) { return int64(*at(row) / unit), nil },
	}
}

// JSON is a column with a record in JSON, or the empty text: encode returns nil for it, and decode is not called.
func JSON[T, R any](name string, encode func(*T) *R, decode func(*T, *R)) Column[T] {
	return Column[T]{
		Name: name, Optional: true,
		Bind: func(row *T) (driver.Value, error) {
			record := encode(row)
			if record == nil {
				return nil, nil
			}
			text, err := json.Marshal(record)
			if err != nil {
				return nil, fmt.Errorf("writing %s: %w", name, err)
			}
			return string(text), nil
		},
		Scan: func(row *T) any { return jsonText[T, R]{name, row, decode} },
	}
}

// Money are the columns of an amount. currency ends the name of the column with its currency.
func Money[T any](name, currency string, at func(*T) *money.Money) Columns[T] {
	return Columns[T]{
		Text(name+"_"+currency, func(row *T) *string { return &at(row).Currency }),
		Number(name+"_units", func(row *T) *int64 { return &at(row).Units }),
		Number(name+"_nanos", func(row *T) *int32 { return &at(row).Nanos }),
	}
}

type (
	lines  []string
	millis time.Time

	duration struct {
		into *time.Duration
		unit time.Duration
	}

	jsonText[T, R any] struct {
		name   string
		row    *T
		decode func(*T, *R)
	}
)

// Scan implements sql.Scanner.
func (l *lines) Scan(stored any) error {
	text, ok := stored.(string)
	if !ok {
		return fmt.Errorf("lines are stored as %T", stored)
	}
	*l = nil
	if text != "" {
		*l = strings.Split(text, "\n")
	}
	return nil
}

// Scan implements sql.Scanner. NULL is the zero time.
func (m *millis) Scan(stored any) error {
	switch n := stored.(type) {
	case nil:
		*m = millis{}
	case int64:
		*m = millis(time.UnixMilli(n).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", stored)
	}
	return nil
}

// Scan implements sql.Scanner.
func (d duration) Scan(stored any) error {
	n, ok := stored.(int64)
	if !ok {
		return fmt.Errorf("a duration is stored as %T", stored)
	}
	*d.into = time.Duration(n) * d.unit
	return nil
}

// Scan implements sql.Scanner.
func (j jsonText[T, R]) Scan(stored any) error {
	text, ok := stored.(string)
	if !ok {
		return fmt.Errorf("JSON is stored as %T", stored)
	}
	if text == "" {
		return nil
	}
	var record R
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return fmt.Errorf("reading %s: %w", j.name, err)
	}
	j.decode(j.row, &record)
	return nil
}

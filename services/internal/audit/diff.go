package audit

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
)

// The tag `audit` of a struct's field says how its changes are told. All fields without one are told, so a new field
// cannot be forgotten.
const (
	tag = "audit"
	// hidden fields are left out: the entry itself says when, and revisions say nothing.
	hidden = "-"
	// masked fields are told as changed, without their values.
	masked = "masked"
)

// Diff returns how the fields of two structs differ. before is nil for a new record.
func Diff[T any](before, after *T) Changes {
	isNew := before == nil
	if isNew {
		before = new(T)
	}
	var changes Changes
	walk("", reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem(), func(c Change) {
		if isNew {
			c.From = ""
		}
		changes = append(changes, c)
	})
	return changes
}

// walk calls changed with each field of two structs of the same type that differs.
func walk(prefix string, before, after reflect.Value, changed func(Change)) {
	for i := range after.NumField() {
		field := after.Type().Field(i)
		how := field.Tag.Get(tag)
		from, to := before.Field(i), after.Field(i)
		if how == hidden || !field.IsExported() {
			continue
		}
		name := prefix + snake(field.Name)
		switch {
		case how == masked:
			if !reflect.DeepEqual(from.Interface(), to.Interface()) {
				changed(Change{Field: name, Masked: true})
			}
		case field.Anonymous:
			walk(prefix, from, to, changed)
		case isNested(field.Type):
			walk(name+".", from, to, changed)
		default:
			if f, t := text(from), text(to); f != t {
				changed(Change{Field: name, From: f, To: t})
			}
		}
	}
}

// isNested reports whether a field's own fields are told, and not its text.
func isNested(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[fmt.Stringer]())
}

// text returns a value as entries have it: times in RFC 3339, and "" for empty texts, times and amounts.
func text(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Time:
		if value.IsZero() {
			return ""
		}
		return value.UTC().Format(time.RFC3339Nano)
	case fmt.Stringer:
		if v.IsZero() && v.Kind() == reflect.Struct {
			return ""
		}
		return value.String()
	default:
		return fmt.Sprint(value)
	}
}

// snake returns the API's form of a field's name in Go: LandingPageURL is landing_page_url.
func snake(name string) string {
	var b strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		last = r
	}
	return b.String()
}

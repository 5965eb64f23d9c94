// Package fieldname converts the API's field names between the protos' snake_case and JSON's camelCase. Filters,
// orders and columns accept both, and errors give both.
//
// Any package may import it; it imports none of ours.
package fieldname

import (
	"strings"
	"unicode"
)

// Camel returns a field's name in JSON, as protojson writes it: "pubUnique3" for "pub_unique3". It converts each part
// of a path such as "settings.click_window".
func Camel(name string) string {
	var camel strings.Builder
	isNext := false
	for _, c := range []byte(name) {
		switch {
		case c == '_':
			isNext = true
			continue
		case isNext && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		isNext = false
		camel.WriteByte(c)
	}
	return camel.String()
}

// Both returns a field's name in snake_case, followed by its name in JSON if that differs: "pub_unique3 (pubUnique3)".
func Both(name string) string {
	if camel := Camel(name); camel != name {
		return name + " (" + camel + ")"
	}
	return name
}

// List returns Both of all names, separated by commas.
func List(names []string) string {
	both := make([]string, len(names))
	for i, name := range names {
		both[i] = Both(name)
	}
	return strings.Join(both, ", ")
}

// Snake returns a field's name in the protos: "pub_unique3" for "pubUnique3". A name in snake_case stays as it is.
func Snake(name string) string {
	if !strings.ContainsFunc(name, unicode.IsUpper) {
		return name
	}
	var snake strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			snake.WriteByte('_')
			c = unicode.ToLower(c)
		}
		snake.WriteRune(c)
	}
	return snake.String()
}

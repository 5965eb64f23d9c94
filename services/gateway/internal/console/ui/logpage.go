package ui

import (
	"slices"
)

// BulkReplay is what would be done with all that match, before it is done.
type BulkReplay struct {
	Title, Text string
	// Action and Fields are the form that does it; none: there is nothing to do.
	Action string
	Fields map[string]string
	Save   string
	Cancel string
}

// LogView is a list with a form of filters above it.
type LogView struct {
	// Target is the table's id, Action where the form goes.
	Action  string
	Filters []Field
	Kept    map[string]string
	// ClearHref shows all; empty: nothing is filtered.
	ClearHref string
	Notes     []Note
	// Bulk is what can be done with all that match.
	Bulk  *BulkReplay
	Table Table
}

// KeptBut are the state's values that a form with these fields passes on.
func (l List) KeptBut(own ...string) map[string]string {
	kept := map[string]string{}
	for name := range l.Values {
		if !slices.Contains(append(own, "page", "back"), name) && l.Get(name) != "" {
			kept[name] = l.Get(name)
		}
	}
	return kept
}

// Equals is the condition that a field is what the list is filtered by; empty where it is not.
func (l List) Equals(field, name string) string {
	value := l.Get(name)
	if value == "" {
		return ""
	}
	return field + " = " + Quoted(value)
}

// Note is a remark about what is shown, shown by the template "report-note".
type Note struct {
	Tone, Text string
	Actions    []Link
}

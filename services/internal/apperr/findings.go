package apperr

import (
	"maps"
	"slices"
	"strings"
)

// Findings collects everything that is wrong with a request, so that one error can report it all. The zero value is
// ready to use.
type Findings struct {
	all   *Error
	other error // the first error that is not an *Error: Err returns it instead of the findings
}

// Add adds errors. It ignores nil errors. For each field the first finding counts.
func (f *Findings) Add(errs ...error) {
	for _, err := range errs {
		found := As(err)
		switch {
		case err == nil:
		case found == nil:
			if f.other == nil {
				f.other = err
			}
		case f.all == nil:
			first := *found
			first.Violations, first.Metadata = slices.Clone(found.Violations), maps.Clone(found.Metadata)
			f.all = &first
		default:
			f.join(found)
		}
	}
}

// join adds a finding to the first one.
func (f *Findings) join(found *Error) {
	var texts []string
	fresh := slices.DeleteFunc(slices.Clone(found.Violations), func(v Violation) bool { return f.names(v.Field) })
	if len(fresh) == len(found.Violations) {
		texts = []string{found.Message}
	} else {
		for _, v := range fresh {
			texts = append(texts, v.Field+": "+v.Description)
		}
	}
	if len(texts) == 0 {
		return
	}
	f.all.Message += "; " + strings.Join(texts, "; ")
	f.all.Violations = append(f.all.Violations, fresh...)
	for key, value := range found.Metadata {
		if _, has := f.all.Metadata[key]; !has {
			f.all = f.all.With(key, value)
		}
	}
}

func (f *Findings) names(field string) bool {
	return slices.ContainsFunc(f.all.Violations, func(v Violation) bool { return v.Field == field })
}

// Err returns all findings as one error, with the kind and reason of the first; each violation keeps its own reason. It
// returns nil if nothing was found. If an error that is not an *Error was added, Err returns that one.
func (f *Findings) Err() error {
	switch {
	case f.other != nil:
		return f.other
	case f.all != nil:
		return f.all
	default:
		return nil
	}
}

// Join returns errors as one error, in the way of Findings; nil if all are nil.
func Join(errs ...error) error {
	var found Findings
	found.Add(errs...)
	return found.Err()
}

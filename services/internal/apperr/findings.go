package apperr

import (
	"maps"
	"slices"
	"strings"
)

// Findings collects what is wrong with a request, so that one answer names all of it. The zero value has no
// findings.
type Findings struct {
	all   *Error
	other error // the first error that is not a refusal: it goes before all findings
}

// Add adds errors; nil is not a finding. Of several findings on one field, the first stays.
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

// Err returns all findings as one error with the first one's kind and reason; each violation has its own
// reason. It returns nil without findings. An error that is not an *Error goes before all others.
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

// Join returns errors as one, as Findings gathers them; nil if all are nil.
func Join(errs ...error) error {
	var found Findings
	found.Add(errs...)
	return found.Err()
}

package rules

import (
	"fmt"
	"maps"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// findings gathers what is wrong with a resource's fields, so that one answer names everything.
type findings struct{ first *apperr.Error }

// add notes an error; nil is no finding. Only *apperr.Error comes from the checks of this package.
func (f *findings) add(err error) {
	found := apperr.As(err)
	switch {
	case found == nil:
	case f.first == nil:
		f.first = found
	default:
		f.first.Message += "; " + found.Message
		f.first.Violations = append(f.first.Violations, found.Violations...)
		if f.first.Metadata == nil {
			f.first.Metadata = map[string]string{}
		}
		maps.Copy(f.first.Metadata, found.Metadata)
	}
}

// err returns all findings as one error with the first one's reason, or nil.
func (f *findings) err() error {
	if f.first == nil {
		return nil
	}
	return f.first
}

// invalid returns an error on a field with the reason that belongs to it: INVALID_PAYOUT for
// `payout` and what lies in it.
func invalid(field, format string, args ...any) error {
	top, _, _ := strings.Cut(field, ".")
	return apperr.Invalid("INVALID_"+strings.ToUpper(top), field, "%s", fmt.Sprintf(format, args...))
}

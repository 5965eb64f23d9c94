// Package apperr is the one error type that use cases and stores return for what a caller did or can
// mend. It knows no transport: the edges map it, once, to gRPC statuses and HTTP answers. Anything
// else that is an error is a fault of ours and shown to callers as "internal error" only.
//
// Any package may import it; it imports none of ours.
package apperr

import (
	"errors"
	"fmt"
)

// Kind says what sort of thing went wrong. Each maps to exactly one gRPC code.
type Kind int

// The kinds, each named after its gRPC code.
const (
	InvalidArgument Kind = iota + 1
	NotFound
	AlreadyExists
	FailedPrecondition
	Aborted
	Unauthenticated
	PermissionDenied
	ResourceExhausted
	Unavailable
	DeadlineExceeded
)

// Violation says what is wrong with one field of a request.
type Violation struct {
	// Field is the field's name as the API spells it, in snake_case: `coupon.start_time`.
	Field string
	// Description says what was wrong and what would be right.
	Description string
	// Reason is the cause of this violation, as Error.Reason is for the whole error.
	Reason string
}

// Error is a refusal with everything that a caller needs to mend it.
type Error struct {
	Kind Kind
	// Reason is the stable, machine-readable cause in UPPER_SNAKE_CASE, unique in its meaning.
	Reason string
	// Message is the cause in words, for a developer.
	Message string
	// Violations name the invalid fields: always for InvalidArgument, for other kinds if the error is about a field.
	Violations []Violation
	// Metadata are further values that a program may use, such as a suggestion.
	Metadata map[string]string
	// Cause is what lies beneath; it is logged, never shown.
	Cause error
}

// Error returns the message, with its cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of a kind, with a reason and a message as by fmt.Sprintf.
func New(kind Kind, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns an InvalidArgument error for one field, whose description is as by fmt.Sprintf.
func Invalid(reason, field, format string, args ...any) *Error {
	v := Violation{Field: field, Description: fmt.Sprintf(format, args...), Reason: reason}
	return &Error{Kind: InvalidArgument, Reason: reason, Message: v.Field + ": " + v.Description, Violations: []Violation{v}}
}

// With returns e with one more metadata value.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// On returns e with the request's field that it is about.
func (e *Error) On(field string) *Error {
	e.Violations = append(e.Violations, Violation{Field: field, Description: e.Message, Reason: e.Reason})
	return e
}

// Because returns e with its cause.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// OnField returns an error about one field as one about the field that the caller knows it by. Any other
// error is returned as it is.
func OnField(err error, field string) error {
	e := As(err)
	if e == nil || len(e.Violations) != 1 {
		return err
	}
	return Invalid(e.Reason, field, "%s", e.Violations[0].Description)
}

// Is says whether err is an *Error of a kind.
func Is(err error, kind Kind) bool {
	e := As(err)
	return e != nil && e.Kind == kind
}

// Package apperr is the error type that use cases and stores return if the caller did something wrong or can fix the
// cause. It knows no transport: grpcapi and partnerhttp map it, in one place, to gRPC statuses and HTTP answers. Any other error is a
// fault of the service; callers see it only as "internal error".
//
// Any package may import it; it imports none of ours.
package apperr

import (
	"errors"
	"fmt"
)

// Kind is a class of errors. Each maps to one gRPC code.
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
	// Field is the field's name as in the API, in snake_case: `coupon.start_time`.
	Field string
	// Description says what was wrong and what would be right.
	Description string
	// Reason is the cause of this violation, in the same form as Error.Reason.
	Reason string
}

// Error is a refusal, with what a caller needs to fix its cause.
type Error struct {
	Kind Kind
	// Reason is the cause for programs, in UPPER_SNAKE_CASE. It never changes; docs/errors.md lists all.
	Reason string
	// Message is the cause for developers.
	Message string
	// Violations name the invalid fields. InvalidArgument errors always have them; others if they are about a field.
	Violations []Violation
	// Metadata has more values for programs, such as a suggestion.
	Metadata map[string]string
	// Waits says that the same call can succeed soon. Errors of kind Unavailable always say so.
	Waits bool
	// Cause is the underlying error. It is logged but never shown to callers.
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

// New returns an error. It formats the message like fmt.Sprintf.
func New(kind Kind, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns an InvalidArgument error for one field. It formats the description like fmt.Sprintf.
func Invalid(reason, field, format string, args ...any) *Error {
	v := Violation{Field: field, Description: fmt.Sprintf(format, args...), Reason: reason}
	return &Error{Kind: InvalidArgument, Reason: reason, Message: v.Field + ": " + v.Description, Violations: []Violation{v}}
}

// With adds a metadata value to e and returns e.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// On adds a violation for field to e and returns e.
func (e *Error) On(field string) *Error {
	e.Violations = append(e.Violations, Violation{Field: field, Description: e.Message, Reason: e.Reason})
	return e
}

// Soon says that the same call can succeed soon, and returns e.
func (e *Error) Soon() *Error {
	e.Waits = true
	return e
}

// Because sets the cause of e and returns e.
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

// OnField returns an error about one field as an error about field, which is the caller's name for it. It returns any
// other error unchanged.
func OnField(err error, field string) error {
	e := As(err)
	if e == nil || len(e.Violations) != 1 {
		return err
	}
	return Invalid(e.Reason, field, "%s", e.Violations[0].Description)
}

// Is reports whether err's chain has an *Error of kind.
func Is(err error, kind Kind) bool {
	e := As(err)
	return e != nil && e.Kind == kind
}

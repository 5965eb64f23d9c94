package ui

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrorsOfCoupon is ErrorsOf for a coupon's making: it knows which field is meant where the service's words
// are about another resource.
func (p *Page) ErrorsOfCoupon(err error, fields ...string) (Errors, bool) {
	st := status.Convert(err)
	errs, isAboutForm := p.ErrorsOf(err, fields...)
	if !isAboutForm && st.Code() != codes.NotFound {
		return nil, false
	}
	if isAboutForm && errs[""] == "" {
		return errs, true // which includes a form with nothing wrong in it
	}
	field := fieldOfReason(st)
	if field == "" {
		return errs, isAboutForm
	}
	if errs == nil {
		errs = Errors{}
	}
	delete(errs, "")
	errs.Add(field, p.Worded(st, "", st.Message()))
	return errs, true
}

// GatherCoupon is gather for the creation of a coupon.
func (p *Page) GatherCoupon(errs Errors, failure error, fields ...string) error {
	said, isAboutForm := p.ErrorsOfCoupon(failure, fields...)
	if !isAboutForm && len(errs) == 0 {
		return failure
	}
	errs.join(said)
	return nil
}

// fieldOfReason returns the form's field that a refusal's reason is about: PUBLISHER_BLOCKED is about
// `publisher`.
func fieldOfReason(st *status.Status) string {
	for _, detail := range st.Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		if !ok {
			continue
		}
		return FieldOfWord(info.GetReason())
	}
	return ""
}

// FieldOfWord returns the field of a coupon's form that a reason such as PUBLISHER_BLOCKED is about; "" if none.
func FieldOfWord(reason string) string {
	switch {
	case strings.HasPrefix(reason, "OFFER_"):
		return "offer"
	case strings.HasPrefix(reason, "PUBLISHER_"):
		return "publisher"
	case reason == "COUPON_EXISTS" || reason == "CODE_TAKEN" || reason == "INVALID_CODE":
		return "code"
	}
	return ""
}

// refusal is an error that is a page already: a heading, what to do, and a status.
type refusal struct {
	status      int
	Title, Text string
}

func (e *refusal) Error() string { return e.Title }

// Refuse returns an error whose page says why, and what to do.
func (p *Page) Refuse(status int, title, text string) error { return refused(status, title, text) }

func refused(status int, title, text string) *refusal {
	return &refusal{status: status, Title: title, Text: text}
}

// Fail answers with the page of an error; to htmx with a toast, and what is on the page stays.
func (p *Page) Fail(err error) {
	if errors.Is(err, context.Canceled) && p.Request.Context().Err() != nil {
		return // who asked has gone
	}
	reason := p.ReasonOf(err)
	if p.IsHTMX() {
		p.toast(Toast{Text: reason.Title + ". " + reason.Text, IsError: true})
		p.Writer.Header().Set("HX-Reswap", "none")
		// 200, since the answer is one: browsers log others as faults of the page.
		if body, err := p.Views.toasts(p); err == nil {
			p.write(http.StatusOK, body)
			return
		}
	}
	p.Title, p.Lead, p.Tabs, p.Actions = reason.Title, "", nil, nil
	p.View = struct {
		Text     string
		CanRetry bool
	}{reason.Text, reason.status == http.StatusServiceUnavailable}
	body, renderErr := p.Views.page("error", "", p)
	if renderErr != nil {
		p.Log.ErrorContext(p.Request.Context(), "the console's error page failed", slog.Any("error", renderErr))
		http.Error(p.Writer, reason.Title, reason.status)
		return
	}
	if reason.status == http.StatusServiceUnavailable {
		p.Writer.Header().Set("Retry-After", "2")
	}
	p.write(reason.status, body)
}

// ReasonOf says an error in words for the one who looks at the page.
func (p *Page) ReasonOf(err error) *refusal {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r
	}
	st, isStatus := status.FromError(err)
	if !isStatus {
		p.Log.ErrorContext(p.Request.Context(), "a page failed", slog.String("path", p.Request.URL.Path), slog.Any("error", err))
		return refused(http.StatusInternalServerError, "Something went wrong here", "It is not your fault. Try again; if it happens again, check the log.")
	}
	switch st.Code() {
	case codes.NotFound:
		return refused(http.StatusNotFound, "Not found", p.Worded(st, "", st.Message()))
	case codes.InvalidArgument, codes.OutOfRange:
		return refused(http.StatusBadRequest, "This cannot be done", p.Worded(st, "", st.Message()))
	case codes.AlreadyExists, codes.FailedPrecondition:
		return refused(http.StatusConflict, "This cannot be done", p.Worded(st, "", st.Message()))
	case codes.Aborted:
		return refused(http.StatusConflict, "Somebody else changed it first", "It has changed since you opened it. Reload the page and try again.")
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		p.Log.WarnContext(p.Request.Context(), "a page could not reach a service", slog.String("path", p.Request.URL.Path), slog.Any("error", err))
		return refused(http.StatusServiceUnavailable, "Not reachable right now", "A part of Couponlink does not answer. Nothing was lost; try again in a moment.")
	case codes.Canceled: // the browser no longer wants the answer, such as that of a picker whose text has changed
		return refused(http.StatusServiceUnavailable, "Stopped", "The request was canceled. Try again.")
	default:
		p.Log.ErrorContext(p.Request.Context(), "a page failed", slog.String("path", p.Request.URL.Path), slog.Any("error", err))
		return refused(http.StatusInternalServerError, "Something went wrong here", "It is not your fault. Try again; if it happens again, check the log.")
	}
}

// Errors are what is wrong with a form: by field name, and under "" what is about no field.
type Errors map[string]string

// ErrorsOf returns what a service said against a form's values, and true; or false if the error is
// not about them, and a page of its own is due. fields are the form's names; the service's names are
// the same or deeper (`payout.fixed` is said beside `payout`). What is about no field stands on top.
func (p *Page) ErrorsOf(err error, fields ...string) (Errors, bool) {
	st, isStatus := status.FromError(err)
	if !isStatus || st == nil {
		return nil, false
	}
	found := Errors{}
	if errors.As(err, new(HeldBackError)) {
		return found, true // nothing is wrong
	}
	for _, detail := range st.Details() {
		bad, _ := detail.(*errdetails.BadRequest)
		for _, v := range bad.GetFieldViolations() {
			found.Add(fieldOf(v.GetField(), fields), p.Worded(st, v.GetReason(), v.GetDescription()))
		}
	}
	if len(found) > 0 {
		return found, true
	}
	if !slices.Contains([]codes.Code{codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition}, st.Code()) {
		return nil, false
	}
	found.Add("", p.Worded(st, "", st.Message()))
	return found, true
}

// Gather adds the errors that a service found in a form to those that the console itself found. It returns a
// failure that is not about the form, unless the form has errors anyway.
func (p *Page) Gather(errs Errors, failure error, fields ...string) error {
	said, isAboutForm := p.ErrorsOf(failure, fields...)
	if !isAboutForm && len(errs) == 0 {
		return failure
	}
	errs.join(said)
	return nil
}

// join adds errors to fields without one.
func (e Errors) join(more Errors) {
	for field, text := range more {
		if e[field] == "" {
			e[field] = text
		}
	}
}

// Add notes an error, behind one that the field has already.
func (e Errors) Add(field, text string) {
	if e[field] != "" {
		text = e[field] + " " + text
	}
	e[field] = text
}

// fieldOf returns which of a form's fields a service's field stands for: its longest beginning or ending
// that is one, in parts between dots.
func fieldOf(field string, fields []string) string {
	if field == "parent" {
		field = "offer"
	}
	for name := field; name != ""; {
		if slices.Contains(fields, name) {
			return name
		}
		cut := strings.LastIndexByte(name, '.')
		if cut < 0 {
			break
		}
		name = name[:cut]
	}
	if last := field[strings.LastIndexByte(field, '.')+1:]; slices.Contains(fields, last) {
		return last
	}
	return ""
}

// IsConflict says that what was to be changed has changed since it was read.
func IsConflict(err error) bool { return status.Code(err) == codes.Aborted }

// MetadataOf returns a further value of a service's refusal, such as `suggestion`.
func MetadataOf(err error, key string) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetMetadata()[key]
		}
	}
	return ""
}

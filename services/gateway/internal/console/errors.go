package console

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

// refusal is an error that is a page already: a heading, what to do, and a status.
type refusal struct {
	status      int
	title, text string
}

func (e *refusal) Error() string { return e.title }

// refuse returns an error whose page says why, and what to do.
func (p *page) refuse(status int, title, text string) error { return refused(status, title, text) }

func refused(status int, title, text string) *refusal {
	return &refusal{status: status, title: title, text: text}
}

// noSuchPage is the page of addresses that lead nowhere.
func noSuchPage(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.refuse(http.StatusNotFound, "There is no such page", "The address may be mistyped, or what it named is gone.")
}

// fail answers with the page of an error; to htmx with a toast, and what is on the page stays.
func (p *page) fail(err error) {
	if errors.Is(err, context.Canceled) && p.r.Context().Err() != nil {
		return // who asked has gone
	}
	reason := p.reasonOf(err)
	if p.isHTMX() {
		p.toast(toast{Text: reason.title + ". " + reason.text, IsError: true})
		p.w.Header().Set("HX-Reswap", "none")
		// 200, since the answer is one: browsers log others as faults of the page.
		if body, err := p.views.toasts(p); err == nil {
			p.write(http.StatusOK, body)
			return
		}
	}
	p.Title, p.Lead, p.Tabs, p.Actions = reason.title, "", nil, nil
	p.View = struct {
		Text     string
		CanRetry bool
	}{reason.text, reason.status == http.StatusServiceUnavailable}
	body, renderErr := p.views.page("error", "", p)
	if renderErr != nil {
		p.log.ErrorContext(p.r.Context(), "the console's error page failed", slog.Any("error", renderErr))
		http.Error(p.w, reason.title, reason.status)
		return
	}
	if reason.status == http.StatusServiceUnavailable {
		p.w.Header().Set("Retry-After", "2")
	}
	p.write(reason.status, body)
}

// reasonOf says an error in words for the one who looks at the page.
func (p *page) reasonOf(err error) *refusal {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r
	}
	st, isStatus := status.FromError(err)
	if !isStatus {
		p.log.ErrorContext(p.r.Context(), "a page failed", slog.String("path", p.r.URL.Path), slog.Any("error", err))
		return refused(http.StatusInternalServerError, "Something went wrong here", "It is not your fault. Try again; if it stays, look into the log.")
	}
	switch st.Code() {
	case codes.NotFound:
		return refused(http.StatusNotFound, "Not found", p.worded(st, "", st.Message()))
	case codes.InvalidArgument, codes.OutOfRange:
		return refused(http.StatusBadRequest, "This cannot be done", p.worded(st, "", st.Message()))
	case codes.AlreadyExists, codes.FailedPrecondition:
		return refused(http.StatusConflict, "This cannot be done", p.worded(st, "", st.Message()))
	case codes.Aborted:
		return refused(http.StatusConflict, "Somebody else was faster", "It has changed since you opened it. Reload the page and try again.")
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted:
		p.log.WarnContext(p.r.Context(), "a page could not reach a service", slog.String("path", p.r.URL.Path), slog.Any("error", err))
		return refused(http.StatusServiceUnavailable, "Not reachable for the moment", "A part of Couponlink does not answer. Nothing was lost; try again in a moment.")
	case codes.Canceled: // whoever asked is gone, such as a picker that has been typed on in
		return refused(http.StatusServiceUnavailable, "Stopped", "The request was canceled. Try again.")
	default:
		p.log.ErrorContext(p.r.Context(), "a page failed", slog.String("path", p.r.URL.Path), slog.Any("error", err))
		return refused(http.StatusInternalServerError, "Something went wrong here", "It is not your fault. Try again; if it stays, look into the log.")
	}
}

// formErrors are what is wrong with a form: by field name, and under "" what is about no field.
type formErrors map[string]string

// errorsOf returns what a service said against a form's values, and true; or false if the error is
// not about them, and a page of its own is due. fields are the form's names; the service's names are
// the same or deeper (`payout.fixed` is said beside `payout`). What is about no field stands on top.
func (p *page) errorsOf(err error, fields ...string) (formErrors, bool) {
	st, isStatus := status.FromError(err)
	if !isStatus || st == nil {
		return nil, false
	}
	found := formErrors{}
	if errors.As(err, new(heldBackError)) {
		return found, true // nothing is wrong
	}
	for _, detail := range st.Details() {
		bad, _ := detail.(*errdetails.BadRequest)
		for _, v := range bad.GetFieldViolations() {
			found.add(fieldOf(v.GetField(), fields), p.worded(st, v.GetReason(), v.GetDescription()))
		}
	}
	if len(found) > 0 {
		return found, true
	}
	if !slices.Contains([]codes.Code{codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition}, st.Code()) {
		return nil, false
	}
	found.add("", p.worded(st, "", st.Message()))
	return found, true
}

// gather adds the errors that a service found in a form to those that the console itself found. It returns a
// failure that is not about the form, unless the form has errors anyway.
func (p *page) gather(errs formErrors, failure error, fields ...string) error {
	said, isAboutForm := p.errorsOf(failure, fields...)
	if !isAboutForm && len(errs) == 0 {
		return failure
	}
	errs.join(said)
	return nil
}

// join adds errors to fields without one.
func (e formErrors) join(more formErrors) {
	for field, text := range more {
		if e[field] == "" {
			e[field] = text
		}
	}
}

// add notes an error, behind one that the field has already.
func (e formErrors) add(field, text string) {
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

// isConflict says that what was to be changed has changed since it was read.
func isConflict(err error) bool { return status.Code(err) == codes.Aborted }

// metadataOf returns a further value of a service's refusal, such as `suggestion`.
func metadataOf(err error, key string) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetMetadata()[key]
		}
	}
	return ""
}

// sentence writes a service's message, which begins small and has no end, as a sentence.
func sentence(message string) string {
	message = strings.TrimSpace(message)
	if message == "" {
		return ""
	}
	if !strings.HasSuffix(message, ".") && !strings.HasSuffix(message, "?") {
		message += "."
	}
	return capital(message)
}

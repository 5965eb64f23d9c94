package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// Faults answers failed calls. Errors from the services are returned as they are. The few that grpc-gateway
// and the connection produce get the same form.
type Faults struct{ Log *slog.Logger }

// call answers a failed call of the mux.
func (f Faults) call(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	f.Answer(ctx, w, r, err)
}

// Status returns the status of a failed call in the services' own form.
func (f Faults) Status(ctx context.Context, r *http.Request, st *status.Status) *status.Status {
	if rpcstatus.Reason(st) != "" {
		return st
	}
	return f.Explain(ctx, st, bodyLimit(r))
}

// Answer writes the response of a call that failed with err.
func (f Faults) Answer(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	st := f.Status(ctx, r, status.Convert(err))
	code := runtime.HTTPStatusFromCode(st.Code())
	switch reason := rpcstatus.Reason(st); {
	case reason == reasonTooLarge:
		code = http.StatusRequestEntityTooLarge
	case reason == reasonStale && r.Header.Get("If-Match") != "":
		code = http.StatusPreconditionFailed
	}
	if route := (*runtime.HTTPStatusError)(nil); errors.As(err, &route) {
		code, st = route.HTTPStatus, Malformed("MALFORMED_PATH", "", "the path cannot be read")
	}
	WriteStatus(w, code, st)
}

// refuse answers a request that no route matches.
func (all routes) refuse(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	if code == http.StatusMethodNotAllowed {
		RefuseMethod(w, r, all.methods(r.URL.Path))
		return
	}
	WriteStatus(w, http.StatusNotFound, NoRoute(r))
}

var namedField = regexp.MustCompile(`field "([^"]+)"`)

// Explain gives a status that does not come from a service the form of the services' own. Its text is shown
// only if it is about the request; other texts may contain internal addresses. bodyLimit is the request's.
func (f Faults) Explain(ctx context.Context, st *status.Status, bodyLimit int64) *status.Status {
	switch st.Code() {
	case codes.InvalidArgument:
		if strings.HasSuffix(st.Message(), tooLargeText) {
			return TooLarge(bodyLimit)
		}
		if field, description, ok := parseBodyError(st.Message()); ok {
			return Malformed(reasonMalformedBody, field, description)
		}
		field := ""
		if match := namedField.FindStringSubmatch(st.Message()); match != nil {
			field = match[1]
		}
		return Malformed("MALFORMED_REQUEST", field, st.Message())
	case codes.Unavailable:
		f.Log.WarnContext(ctx, "a service cannot be reached", slog.String("error", st.Message()))
		return rpcstatus.New(codes.Unavailable, ReasonUnreachable, "a service behind the gateway cannot be reached; try again", rpcstatus.Retry())
	case codes.Canceled:
		return rpcstatus.New(codes.Canceled, "CALL_CANCELED", "the call was canceled before it was answered")
	case codes.DeadlineExceeded:
		return rpcstatus.New(codes.DeadlineExceeded, "CALL_TOO_SLOW", "the call took longer than it may; ask for less, or allow more time")
	case codes.ResourceExhausted:
		return rpcstatus.New(codes.ResourceExhausted, "MESSAGE_TOO_LARGE", "the answer is larger than a service may send; ask for a smaller page")
	case codes.Unimplemented:
		return rpcstatus.New(codes.Unimplemented, "CALL_UNKNOWN", "a service behind the gateway does not know this call; it may be older than the gateway")
	default:
		f.Log.ErrorContext(ctx, "a call failed", slog.String("code", st.Code().String()), slog.String("error", st.Message()))
		return rpcstatus.Internal()
	}
}

// reasonMalformedBody is the reason if a body cannot be decoded.
const reasonMalformedBody = "MALFORMED_BODY"

// ReasonUnreachable is the error's reason if a service does not answer.
const ReasonUnreachable = "SERVICE_UNREACHABLE"

// tooLargeText ends the error for a body that was cut off. grpc-gateway passes the error on as text.
const tooLargeText = "http: request body too large"

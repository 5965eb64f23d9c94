package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// faults answers failed calls. Errors from the services are returned as they are. The few that grpc-gateway
// and the connection produce get the same form.
type faults struct {
	routes routes
	log    *slog.Logger
}

// call answers a call that failed with err.
func (f *faults) call(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	st := status.Convert(err)
	if len(st.Details()) == 0 {
		st = f.explain(ctx, st, bodyLimit(r))
	}
	code := runtime.HTTPStatusFromCode(st.Code())
	switch reason := reasonOf(st); {
	case reason == reasonTooLarge:
		code = http.StatusRequestEntityTooLarge
	case reason == reasonStale && r.Header.Get("If-Match") != "":
		code = http.StatusPreconditionFailed
	}
	if route := (*runtime.HTTPStatusError)(nil); errors.As(err, &route) {
		code, st = route.HTTPStatus, errMalformed("MALFORMED_PATH", "", "the path cannot be read")
	}
	writeStatus(w, code, st)
}

// routing answers a request that no route matches.
func (f *faults) routing(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	if code == http.StatusMethodNotAllowed {
		refuseMethod(w, r, f.routes.methods(r.URL.Path))
		return
	}
	writeStatus(w, http.StatusNotFound, errNoRoute(r))
}

var namedField = regexp.MustCompile(`field "([^"]+)"`)

// explain gives a status that does not come from a service the form of the services' own. Its text is shown
// only if it is about the request; other texts may contain internal addresses. bodyLimit is the request's.
func (f *faults) explain(ctx context.Context, st *status.Status, bodyLimit int64) *status.Status {
	switch st.Code() {
	case codes.InvalidArgument:
		if strings.HasSuffix(st.Message(), tooLargeText) {
			return errTooLarge(bodyLimit)
		}
		if field, description, ok := parseBodyError(st.Message()); ok {
			return errMalformed("MALFORMED_BODY", field, description)
		}
		field := ""
		if match := namedField.FindStringSubmatch(st.Message()); match != nil {
			field = match[1]
		}
		return errMalformed("MALFORMED_REQUEST", field, st.Message())
	case codes.Unavailable:
		f.log.WarnContext(ctx, "a service cannot be reached", slog.String("error", st.Message()))
		return rpcstatus.New(codes.Unavailable, reasonUnreachable, "a service behind the gateway cannot be reached; try again", rpcstatus.Retry())
	case codes.Canceled, codes.DeadlineExceeded, codes.Unimplemented, codes.NotFound, codes.ResourceExhausted:
		return st
	default:
		f.log.ErrorContext(ctx, "a call failed", slog.String("code", st.Code().String()), slog.String("error", st.Message()))
		return rpcstatus.Internal()
	}
}

func reasonOf(st *status.Status) string {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// errNoRoute is the error for a path without a route.
func errNoRoute(r *http.Request) *status.Status {
	return rpcstatus.New(codes.NotFound, "NO_SUCH_ROUTE", "there is nothing at "+rpcstatus.Clean(r.URL.Path)+"; see /docs")
}

// reasonUnreachable is the reason if a service does not answer.
const reasonUnreachable = "SERVICE_UNREACHABLE"

// reasonTooLarge is a reason whose HTTP status is not its gRPC code's.
const reasonTooLarge = "BODY_TOO_LARGE"

// tooLargeText ends the error for a body that was cut off. grpc-gateway passes the error on as text.
const tooLargeText = "http: request body too large"

func errTooLarge(limit int64) *status.Status {
	return rpcstatus.New(codes.InvalidArgument, reasonTooLarge, fmt.Sprintf("the body is over %d MiB", limit>>20))
}

// errMalformed returns the error for a request that does not reach a service. field may be empty.
func errMalformed(reason, field, description string) *status.Status {
	if field == "" {
		return rpcstatus.New(codes.InvalidArgument, reason, description)
	}
	return rpcstatus.New(codes.InvalidArgument, reason, field+": "+description, &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: description, Reason: reason}},
	})
}

// writeStatus answers with a status as JSON: code, message, details.
func writeStatus(w http.ResponseWriter, httpStatus int, st *status.Status) {
	body, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(st.Proto())
	if err != nil {
		// the details have a type that this gateway does not know; leave them out
		body, _ = protojson.Marshal(status.New(st.Code(), rpcstatus.Clean(st.Message())).Proto())
	}
	header := w.Header()
	switch httpStatus {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Bearer realm="couponlink"`)
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", rpcstatus.RetryAfter)
	}
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) //nolint:gosec // It is JSON, and a caller who has gone needs no answer.
}

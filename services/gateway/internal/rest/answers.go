package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/requestid"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// NoRoute returns the error for a path without a route.
func NoRoute(r *http.Request) *status.Status {
	return rpcstatus.New(codes.NotFound, "NO_SUCH_ROUTE", "there is nothing at "+rpcstatus.Clean(r.URL.Path)+"; see /docs")
}

// reasonTooLarge gets the HTTP status 413; its gRPC code would give 400.
const reasonTooLarge = "BODY_TOO_LARGE"

// TooLarge returns the error for a body over limit, in bytes.
func TooLarge(limit int64) *status.Status {
	return rpcstatus.New(codes.InvalidArgument, reasonTooLarge, fmt.Sprintf("the body is over %d MiB", limit>>20))
}

// Malformed returns the error for a request that does not reach a service. field may be empty.
func Malformed(reason, field, description string) *status.Status {
	if field == "" {
		return rpcstatus.New(codes.InvalidArgument, reason, description)
	}
	return rpcstatus.New(codes.InvalidArgument, reason, fieldname.Both(field)+": "+description, &errdetails.BadRequest{
		FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: description, Reason: reason}},
	})
}

// WriteStatus answers with a status as JSON: code, message, details. They have the request's id, from the response's header.
func WriteStatus(w http.ResponseWriter, httpStatus int, st *status.Status) {
	st = rpcstatus.Identify(helped(st, docsOf(w)), w.Header().Get(requestid.Header))
	body, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(st.Proto())
	if err != nil {
		// the details have a type that this gateway does not know; leave them out
		body, _ = protojson.Marshal(status.New(st.Code(), rpcstatus.Clean(st.Message())).Proto())
	}
	header := w.Header()
	if httpStatus == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="couponlink"`)
	}
	if httpStatus == http.StatusServiceUnavailable || saysWhenToRetry(st) {
		header.Set("Retry-After", rpcstatus.RetryAfter)
	}
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) //nolint:gosec // It is JSON, and a caller who has gone needs no answer.
}

func saysWhenToRetry(st *status.Status) bool {
	return slices.ContainsFunc(st.Details(), func(detail any) bool { _, ok := detail.(*errdetails.RetryInfo); return ok })
}

// RefuseMethod answers a request with a method that the path does not have.
func RefuseMethod(w http.ResponseWriter, r *http.Request, allowed []string) {
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	WriteStatus(w, http.StatusMethodNotAllowed,
		rpcstatus.New(codes.Unimplemented, "METHOD_NOT_ALLOWED", rpcstatus.Clean(r.URL.Path)+" takes "+list+", not "+rpcstatus.Clean(r.Method)))
}

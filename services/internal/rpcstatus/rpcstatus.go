// Package rpcstatus builds the gRPC statuses that callers see, each with a reason for programs.
//
// The services' grpcapi packages and the gateway may import it; of our packages it imports bearer.
package rpcstatus

import (
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/couponlink/couponlink/services/internal/bearer"
)

// Domain is the domain of every ErrorInfo.
const Domain = "couponlink"

// RetryDelay is how long callers should wait before they try again. RetryAfter is the same as the value of that HTTP
// header, in seconds.
const (
	RetryDelay = time.Second
	RetryAfter = "1"
)

// New returns a status with an ErrorInfo and more details. If the details cannot be encoded, the status has only code
// and message.
func New(code codes.Code, reason, message string, details ...protoadapt.MessageV1) *status.Status {
	return WithInfo(code, message, &errdetails.ErrorInfo{Reason: reason}, details...)
}

// WithInfo is New with an ErrorInfo that has metadata. It sets the domain.
func WithInfo(code codes.Code, message string, info *errdetails.ErrorInfo, details ...protoadapt.MessageV1) *status.Status {
	info.Domain = Domain
	plain := status.New(code, Clean(message))
	full, err := plain.WithDetails(append([]protoadapt.MessageV1{info}, details...)...)
	if err != nil {
		return plain
	}
	return full
}

// Reason returns the reason of a status; "" if the status is not ours.
func Reason(st *status.Status) string {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// Identify returns a status with the id of the request that it answers, unless it has one.
func Identify(st *status.Status, requestID string) *status.Status {
	if st.Code() == codes.OK || requestID == "" {
		return st
	}
	for _, detail := range st.Details() {
		if _, ok := detail.(*errdetails.RequestInfo); ok {
			return st
		}
	}
	identified, err := st.WithDetails(&errdetails.RequestInfo{RequestId: requestID})
	if err != nil {
		return st
	}
	return identified
}

// Internal returns the status for our own faults.
func Internal() *status.Status { return New(codes.Internal, "INTERNAL", "internal error") }

// Unauthenticated returns the status for callers without the right key.
func Unauthenticated() *status.Status {
	return New(codes.Unauthenticated, bearer.Reason, bearer.Message)
}

// KeyNotChecked returns the status for callers whose API key cannot be looked up now.
func KeyNotChecked() *status.Status {
	return New(codes.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "the key cannot be looked up now; try again", Retry())
}

// Retry returns the detail that says when to try again.
func Retry() *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(RetryDelay)}
}

// Clean makes s valid UTF-8. Errors quote what callers sent, and that may not be.
func Clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

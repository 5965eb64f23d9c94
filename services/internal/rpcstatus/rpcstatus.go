// Package rpcstatus makes the gRPC statuses that callers see, each with a reason that a program can
// rely on.
//
// The edges and the gateway may import it; of ours it imports bearer.
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

// RetryDelay is what a caller is told to wait before it tries again. RetryAfter is the same for the HTTP header of that
// name, in seconds.
const (
	RetryDelay = time.Second
	RetryAfter = "1"
)

// New returns a status with an ErrorInfo of a reason, and more details. Should the details not
// encode, the code and the message are still worth more than nothing.
func New(code codes.Code, reason, message string, details ...protoadapt.MessageV1) *status.Status {
	return WithInfo(code, message, &errdetails.ErrorInfo{Reason: reason}, details...)
}

// WithInfo is New with an ErrorInfo that has metadata; its domain is set here.
func WithInfo(code codes.Code, message string, info *errdetails.ErrorInfo, details ...protoadapt.MessageV1) *status.Status {
	info.Domain = Domain
	plain := status.New(code, Clean(message))
	full, err := plain.WithDetails(append([]protoadapt.MessageV1{info}, details...)...)
	if err != nil {
		return plain
	}
	return full
}

// Internal is what callers are told of faults of ours.
func Internal() *status.Status { return New(codes.Internal, "INTERNAL", "internal error") }

// Unauthenticated is what callers without the right key are told.
func Unauthenticated() *status.Status {
	return New(codes.Unauthenticated, bearer.Reason, bearer.Message)
}

// Retry is the detail that says when to try again.
func Retry() *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(RetryDelay)}
}

// Clean makes a string fit for a message: errors quote what callers sent, UTF-8 or not.
func Clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

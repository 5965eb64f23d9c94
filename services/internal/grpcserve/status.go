package grpcserve

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/bearer"
)

// Domain is the domain of every ErrorInfo.
const Domain = "couponlink"

// retryDelay is what a caller is told to wait before it tries again.
const retryDelay = time.Second

// status maps a handler's error to what the caller sees. Only what was meant for callers goes out;
// anything else is logged and called an internal error.
func (g *guard) status(ctx context.Context, method string, err error) error {
	if e := apperr.As(err); e != nil {
		if e.Cause != nil {
			g.log.WarnContext(ctx, "a call failed", slog.String("method", method), slog.String("reason", e.Reason), slog.Any("error", err))
		}
		return statusOf(e)
	}
	// Only a status that the edge itself returned: one further down the chain is another service's
	// answer to us, with words that were not meant for our caller.
	if _, ok := err.(interface{ GRPCStatus() *status.Status }); ok { //nolint:errorlint // Wrapped ones are not wanted, see above.
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the call took longer than its deadline")
	}
	g.log.ErrorContext(ctx, "a call failed", slog.String("method", method), slog.Any("error", err))
	return errInternal()
}

func statusOf(e *apperr.Error) error {
	info := &errdetails.ErrorInfo{Reason: e.Reason, Domain: Domain}
	for key, value := range e.Metadata {
		if info.Metadata == nil {
			info.Metadata = make(map[string]string, len(e.Metadata))
		}
		info.Metadata[key] = clean(value)
	}
	details := []protoadapt.MessageV1{info}
	if len(e.Violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range e.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: clean(v.Field), Description: clean(v.Description), Reason: e.Reason,
			})
		}
		details = append(details, bad)
	}
	if e.Kind == apperr.Unavailable {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryDelay)})
	}
	return withDetails(codeOf(e.Kind), e.Message, details...)
}

func codeOf(kind apperr.Kind) codes.Code {
	switch kind {
	case apperr.InvalidArgument:
		return codes.InvalidArgument
	case apperr.NotFound:
		return codes.NotFound
	case apperr.AlreadyExists:
		return codes.AlreadyExists
	case apperr.FailedPrecondition:
		return codes.FailedPrecondition
	case apperr.Aborted:
		return codes.Aborted
	case apperr.Unauthenticated:
		return codes.Unauthenticated
	case apperr.PermissionDenied:
		return codes.PermissionDenied
	case apperr.ResourceExhausted:
		return codes.ResourceExhausted
	case apperr.Unavailable:
		return codes.Unavailable
	}
	return codes.Internal
}

func errInternal() error {
	return withDetails(codes.Internal, "internal error", &errdetails.ErrorInfo{Reason: "INTERNAL", Domain: Domain})
}

func errUnauthenticated() error {
	return withDetails(codes.Unauthenticated, bearer.Message, &errdetails.ErrorInfo{Reason: bearer.Reason, Domain: Domain})
}

// clean makes a string fit for a message: errors quote what callers sent, UTF-8 or not.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// withDetails returns a status error. Should the details not encode, the code and the message are
// still worth more than nothing.
func withDetails(code codes.Code, message string, details ...protoadapt.MessageV1) error {
	plain := status.New(code, clean(message))
	full, err := plain.WithDetails(details...)
	if err != nil {
		return plain.Err()
	}
	return full.Err()
}

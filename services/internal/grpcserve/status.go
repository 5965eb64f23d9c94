package grpcserve

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldname"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// status maps a handler's error to the caller's status. Callers see only errors that are meant for them. Any other
// error is logged, and callers see an internal error.
func (g *guard) status(ctx context.Context, method string, err error) error {
	if e := apperr.As(err); e != nil {
		if e.Cause != nil {
			g.log.WarnContext(ctx, "a call failed", slog.String("method", method), slog.String("request", requestOf(ctx)), slog.String("reason", e.Reason), slog.Any("error", err))
		}
		if e.Kind == apperr.Unavailable {
			// Clients that hide a broken connection pass this on. The caller decides when to try again.
			_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", "-1")) // without it, callers only retry more often
		}
		return statusOf(e)
	}
	// Accept only a status that the handler itself returned. A status further down the chain is another service's answer
	// to us, which is not meant for our caller.
	if _, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return status.Error(codes.Canceled, "the call was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return status.Error(codes.DeadlineExceeded, "the call took longer than its deadline")
	}
	g.log.ErrorContext(ctx, "a call failed", slog.String("method", method), slog.String("request", requestOf(ctx)), slog.Any("error", err))
	return rpcstatus.Internal().Err()
}

func statusOf(e *apperr.Error) error {
	info := &errdetails.ErrorInfo{Reason: e.Reason}
	for key, value := range e.Metadata {
		if info.Metadata == nil {
			info.Metadata = make(map[string]string, len(e.Metadata))
		}
		info.Metadata[key] = rpcstatus.Clean(value)
	}
	var details []protoadapt.MessageV1
	if len(e.Violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range e.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: rpcstatus.Clean(v.Field), Description: rpcstatus.Clean(v.Description), Reason: v.Reason,
			})
		}
		details = append(details, bad)
	}
	if e.Kind == apperr.Unavailable || e.Waits {
		details = append(details, rpcstatus.Retry())
	}
	return rpcstatus.WithInfo(codeOf(e.Kind), messageOf(e), info, details...).Err()
}

// messageOf returns an error's message. It gives both names of a field whose JSON name differs.
func messageOf(e *apperr.Error) string {
	message := e.Message
	for _, v := range e.Violations {
		message = strings.Replace(message, v.Field+": "+v.Description, fieldname.Both(v.Field)+": "+v.Description, 1)
	}
	return message
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
	case apperr.DeadlineExceeded:
		return codes.DeadlineExceeded
	}
	return codes.Internal
}

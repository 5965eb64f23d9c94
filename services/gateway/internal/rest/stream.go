package rest

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// StreamContentType returns the content type of streams: a line for each message.
func (c *codec) StreamContentType(any) string { return "application/x-ndjson" }

// unwrapped returns the message in an object that grpc-gateway wraps each line of a stream in: {"result": message}, or
// {"error": status}. A line of ours is the message itself, as in exports, or the status, as in every other answer.
func unwrapped(v any) (proto.Message, bool) {
	switch v := v.(type) {
	case map[string]any:
		message, ok := v["result"].(proto.Message)
		return message, ok && len(v) == 1
	case map[string]proto.Message:
		return v["error"], v["error"] != nil && len(v) == 1
	default:
		return nil, false
	}
}

// streamError returns the status that ends a stream.
func (f Faults) streamError(ctx context.Context, err error) *status.Status {
	st := status.Convert(err)
	if rpcstatus.Reason(st) != "" {
		return st
	}
	return f.Explain(ctx, st, maxBodyBytes)
}

// readStream is a middleware for streams. A stream that fails before its first line has the headers of a refusal.
func (all routes) readStream(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, params map[string]string) {
		pattern, _ := runtime.HTTPPattern(r.Context())
		if i := all.index(r.Method, pattern.String()); i >= 0 && all[i].isStream {
			w = refusalWriter{w}
		}
		next(w, r, params)
	}
}

// refusalWriter adds to 503 when to try again.
type refusalWriter struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w refusalWriter) WriteHeader(status int) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", rpcstatus.RetryAfter)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush.
func (w refusalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

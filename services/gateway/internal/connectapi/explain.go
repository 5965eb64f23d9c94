package connectapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// maxHeldBytes bounds what is kept of a response by connect itself: its errors are short.
const maxHeldBytes = 4096

// explained returns a handler whose errors all have details. connect refuses a call that it cannot read without any, so
// its response is held until the call has begun.
func explained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &heldResponse{ResponseWriter: w}
		next.ServeHTTP(held, r.WithContext(context.WithValue(r.Context(), heldKey{}, held)))
		if held.begun {
			return
		}
		header := w.Header()
		st := held.refusal()
		for name := range header {
			switch name {
			case "Allow", "Accept-Post", "X-Request-Id": // of a refusal below
			default:
				header.Del(name)
			}
		}
		switch held.status {
		case http.StatusMethodNotAllowed:
			rest.RefuseMethod(w, r, []string{http.MethodPost})
		case http.StatusUnsupportedMediaType:
			rest.WriteStatus(w, held.status, rpcstatus.New(codes.InvalidArgument, "UNSUPPORTED_CONTENT_TYPE",
				"the body is "+rpcstatus.Clean(r.Header.Get("Content-Type"))+"; send one of "+header.Get("Accept-Post")))
		default:
			refuse(w, r, st)
		}
	})
}

// refuse answers a call that does not reach a service, in the caller's protocol.
func refuse(w http.ResponseWriter, r *http.Request, st *status.Status) {
	_ = connect.NewErrorWriter().Write(w, r, errorOf(r.Context(), st)) // a caller who has gone needs no answer
}

type heldKey struct{}

// heldResponse is a response that is held back until begin.
type heldResponse struct {
	http.ResponseWriter
	begun  bool
	status int
	body   bytes.Buffer
}

// begin lets the response of a call through: connect has read the request.
func begin(ctx context.Context) {
	if held, ok := ctx.Value(heldKey{}).(*heldResponse); ok {
		held.begun = true
	}
}

// WriteHeader implements http.ResponseWriter.
func (h *heldResponse) WriteHeader(status int) {
	h.status = status
	if h.begun {
		h.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (h *heldResponse) Write(p []byte) (int, error) {
	if h.begun {
		return h.ResponseWriter.Write(p)
	}
	h.body.Write(p[:min(len(p), maxHeldBytes-h.body.Len())])
	return len(p), nil
}

// Flush implements http.Flusher.
func (h *heldResponse) Flush() {
	if h.begun {
		_ = http.NewResponseController(h.ResponseWriter).Flush() // the next write fails too
	}
}

// Unwrap lets http.ResponseController set deadlines.
func (h *heldResponse) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// refusal returns the error in a response by connect, in the form that errors have everywhere.
func (h *heldResponse) refusal() *status.Status {
	code, message := h.read()
	switch code {
	case connect.CodeResourceExhausted:
		return rest.TooLarge(maxMessageBytes)
	case connect.CodeInvalidArgument, connect.CodeInternal, connect.CodeUnknown: // of an envelope that is cut off
		return rest.Malformed("MALFORMED_REQUEST", "", message)
	default:
		return rpcstatus.New(codes.Code(code), "MALFORMED_REQUEST", message)
	}
}

// read returns the code and message in a response: gRPC has them in trailers, Connect in JSON, and Connect's streams in
// JSON after five bytes.
func (h *heldResponse) read() (code connect.Code, message string) {
	for _, prefix := range []string{"", http.TrailerPrefix} {
		if number, err := strconv.ParseUint(first(h.Header()[prefix+"Grpc-Status"]), 10, 32); err == nil {
			return connect.Code(number), rpcstatus.Clean(first(h.Header()[prefix+"Grpc-Message"]))
		}
	}
	type fault struct {
		Code    connect.Code `json:"code"`
		Message string       `json:"message"`
	}
	var told struct {
		fault
		Error fault `json:"error"`
	}
	text := h.body.Bytes()
	if begin := bytes.IndexByte(text, '{'); begin >= 0 && json.Unmarshal(text[begin:], &told) == nil {
		for _, f := range []fault{told.fault, told.Error} {
			if f.Code != 0 {
				return f.Code, rpcstatus.Clean(f.Message)
			}
		}
	}
	return connect.CodeInvalidArgument, "the call cannot be read"
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

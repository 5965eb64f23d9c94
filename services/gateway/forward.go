package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
	"github.com/couponlink/couponlink/services/internal/shopperpage"
)

// Limits of the HTTP connections to the tracking service. Idle connections are closed here before the other
// side would close them, so that none is closed during a request.
const (
	forwardIdleTimeout   = 30 * time.Second
	forwardDialTimeout   = 2 * time.Second
	forwardHeaderTimeout = 30 * time.Second
	forwardIdleConns     = 256
	forwardBufferBytes   = 16 << 10
	redialPause          = 50 * time.Millisecond
	maxRedialPause       = 400 * time.Millisecond
)

// forward returns a handler that forwards requests to the tracking service at addr, so that clicks and
// postbacks have the same origin whether or not everything runs in one process. pulse says whether that
// service is alive. Requests beyond most at a time are refused. close closes idle connections.
func forward(addr string, most admission.Partner, pulse *pulse, log *slog.Logger) (handler http.Handler, closeIdle func()) {
	transport := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: forwardDialTimeout}).DialContext,
		MaxIdleConns:          forwardIdleConns,
		MaxIdleConnsPerHost:   forwardIdleConns,
		IdleConnTimeout:       forwardIdleTimeout,
		ResponseHeaderTimeout: forwardHeaderTimeout,
		WriteBufferSize:       forwardBufferBytes,
		ReadBufferSize:        forwardBufferBytes,
		DisableCompression:    true,
	}
	proxy := &httputil.ReverseProxy{
		Transport:    redial{transport},
		Rewrite:      rewrite(&url.URL{Scheme: "http", Host: addr}),
		ErrorLog:     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: unreachable(pulse, log),
	}
	return admit(most, pulse.guard(proxy)), transport.CloseIdleConnections
}

// admit returns a handler of partners' calls that answers 503 if more than most are running.
func admit(most admission.Partner, next http.Handler) http.Handler {
	gated := func(gate *admission.Gate) http.Handler {
		return gate.Handler(next, func(w http.ResponseWriter, r *http.Request) { refusePartner(w, r, gate.Refusal()) })
	}
	clicks, postbacks := gated(admission.NewGate("clicks", most.Clicks)), gated(admission.NewGate("postbacks", most.Postbacks))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isPostback(r) {
			postbacks.ServeHTTP(w, r)
			return
		}
		clicks.ServeHTTP(w, r)
	})
}

func rewrite(target *url.URL) func(*httputil.ProxyRequest) {
	return func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		// The query is passed on unchanged: the tracking service says what is wrong with it.
		r.Out.URL.RawQuery = r.In.URL.RawQuery
		clientaddr.Forward(r.Out.Header, r.In)
		// The transport never sends a request twice if its body cannot be read again. That matters even for a
		// GET: it may report a sale, which without an order id would count twice.
		var body io.Reader = eof{}
		if r.Out.Body != nil {
			body = r.Out.Body
		}
		r.Out.Body = io.NopCloser(body) // a failed dial must not close a body that has not been read yet
	}
}

// redial retries refused connections for as long as it takes to replace an instance. Nothing of the request
// has been sent or read then.
type redial struct{ http.RoundTripper }

// RoundTrip carries out a request.
func (t redial) RoundTrip(r *http.Request) (*http.Response, error) {
	for pause := redialPause; ; pause *= 2 {
		resp, err := t.RoundTripper.RoundTrip(r)
		if !errors.Is(err, syscall.ECONNREFUSED) || pause > maxRedialPause {
			return resp, err
		}
		select {
		case <-time.After(pause):
		case <-r.Context().Done():
			return nil, err
		}
	}
}

// eof is an empty body that the transport cannot recognize as empty.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

func unreachable(pulse *pulse, log *slog.Logger) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if context.Cause(r.Context()) == errNoPulse { //nolint:errorlint // it is never wrapped
			refusePartner(w, r, pulse.status())
			return
		}
		if errors.Is(err, r.Context().Err()) && r.Context().Err() != nil {
			return // The caller has gone.
		}
		log.WarnContext(r.Context(), "the tracking service cannot be reached", slog.Any("error", err))
		refusePartner(w, r, rpcstatus.New(codes.Unavailable, rest.ReasonUnreachable,
			"the tracking service cannot be reached; try again", rpcstatus.Retry()))
	}
}

func isPostback(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/postback") }

// shopperPages are for the shoppers whose visit the tracking service does not get.
var shopperPages = sync.OnceValue(shopperpage.New)

// refusePartner answers a call that the tracking service does not get with 503 and a time to retry after: a shopper with
// a page, a postback in the form of that service's own answers, PostbackAnswer in the API reference.
func refusePartner(w http.ResponseWriter, r *http.Request, st *status.Status) {
	if !isPostback(r) {
		shopperPages().Busy(w, r)
		return
	}
	answer := map[string]any{"outcome": "REJECTED", "reason": "", "message": st.Message(), "warnings": []string{}}
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			answer["reason"] = info.GetReason()
		}
	}
	header := w.Header()
	header.Set("Retry-After", rpcstatus.RetryAfter)
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(answer) // a caller who has gone needs no answer
}

package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func through(t *testing.T, addr string) http.Handler {
	t.Helper()
	handler, closeIdle := forward(addr, admission.Partner{}, aPulse(t, func(context.Context) error { return nil }), quiet())
	t.Cleanup(closeIdle)
	proxies, err := clientaddr.ParseProxies("10.0.0.0/24")
	if err != nil {
		t.Fatal(err)
	}
	return proxies.Handler(handler)
}

func TestForwardKeepsTheRequest(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Form = map[string][]string{"body": {string(body)}}
		seen <- r
		w.Header().Set("Location", "https://shop.example.com/")
		w.WriteHeader(http.StatusFound)
	}))
	defer backend.Close()
	h := through(t, backend.Listener.Addr().String())
	for _, c := range []struct {
		name, method, target, body, peer, forwarded, wantFor string
	}{
		{"visitor", "GET", "/click?offer_id=1&x=%zz;y", "", "203.0.113.9:4", "", "203.0.113.9"},
		{"visitor who lies", "GET", "/click", "", "203.0.113.9:4", "10.1.1.1", "203.0.113.9"},
		{"behind our proxy", "GET", "/click", "", "10.0.0.2:4", "203.0.113.7", "203.0.113.7"},
		{"behind two of our proxies", "GET", "/click", "", "10.0.0.2:4", "192.0.2.1, 203.0.113.7, 10.0.0.3", "203.0.113.7"},
		{"behind a proxy that is not ours", "GET", "/click", "", "10.0.1.2:4", "203.0.113.7", "10.0.1.2"},
		{"HEAD", "HEAD", "/click", "", "203.0.113.9:4", "", "203.0.113.9"},
		{"form", "POST", "/postback?a=b", "coupon_code=A&amount=1", "203.0.113.9:4", "", "203.0.113.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), c.method, "http://go.example.com"+c.target, strings.NewReader(c.body))
			req.RemoteAddr = c.peer
			req.Header.Set("Idempotency-Key", "k")
			if c.forwarded != "" {
				req.Header.Set("X-Forwarded-For", c.forwarded)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if w.Code != http.StatusFound || w.Header().Get("Location") != "https://shop.example.com/" {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			got := <-seen
			if got.Method != c.method || got.RequestURI != c.target || got.Host != "go.example.com" || got.Form.Get("body") != c.body {
				t.Errorf("%s %s, host %s, body %q", got.Method, got.RequestURI, got.Host, got.Form.Get("body"))
			}
			if got.Header.Get("X-Forwarded-For") != c.wantFor || got.Header.Get("Idempotency-Key") != "k" {
				t.Errorf("headers %v", got.Header)
			}
		})
	}
}

func TestForwardUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	w := httptest.NewRecorder()
	through(t, addr).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/postback", strings.NewReader("a=b")))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"outcome":"REJECTED","reason":"SERVICE_UNREACHABLE"`) ||
		strings.Contains(w.Body.String(), addr) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestShoppersGetAPage checks what a shopper sees if the tracking service is away.
func TestShoppersGetAPage(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := through(t, listener.Addr().String())
	_ = listener.Close()
	for _, path := range []string{"/click?offer_id=10", "/c/SALEXYZ20", "/C/x", "/CLICK"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") ||
			!strings.Contains(w.Body.String(), "Wait a minute") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
}

// TestForwardNeverRepeats: where a kept connection breaks after a request was sent, nobody knows
// whether the sale was stored; repeating it is the advertiser's decision.
func TestForwardNeverRepeats(t *testing.T) {
	t.Parallel()
	calls := map[string]*atomic.Int64{"GET": {}, "POST": {}}
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls[r.Method].Add(1) == 1 {
			return // The connection is kept.
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}))
	defer backend.Close()
	for _, method := range []string{"GET", "POST"} {
		h := through(t, backend.Listener.Addr().String())
		for _, want := range []int{http.StatusOK, http.StatusServiceUnavailable} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/postback?coupon_code=A", http.NoBody))
			if w.Code != want {
				t.Errorf("%s: %d, want %d", method, w.Code, want)
			}
		}
		if n := calls[method].Load(); n != 2 {
			t.Errorf("2 requests by %s were sent %d times", method, n)
		}
	}
}

package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	// tellPatience bounds a delivery that was refused once or twice before.
	tellPatience = 20 * time.Second
	// quietTime is how long an endpoint must receive nothing more.
	quietTime = 1500 * time.Millisecond
)

// endpoint is a publisher's endpoint. It records its calls.
type endpoint struct {
	url  string
	told chan told

	mu      sync.Mutex
	answers []http.HandlerFunc
}

// told is a call to an endpoint.
type told struct {
	method, path, rawQuery, body string
	query                        url.Values
	header                       http.Header
}

// newEndpoint starts an endpoint that gives the answers in turn, and then 200.
func newEndpoint(t *testing.T, answers ...http.HandlerFunc) *endpoint {
	t.Helper()
	e := &endpoint{told: make(chan told, 1000), answers: answers}
	server := httptest.NewServer(e)
	t.Cleanup(func() {
		server.CloseClientConnections() // including those that hang
		server.Close()
	})
	e.url = server.URL
	return e
}

// ServeHTTP records a call and answers it.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e.told <- told{method: r.Method, path: r.URL.Path, rawQuery: r.URL.RawQuery, query: r.URL.Query(), header: r.Header.Clone(), body: string(body)}
	e.mu.Lock()
	answer := answering(http.StatusOK)
	if len(e.answers) > 0 {
		answer, e.answers = e.answers[0], e.answers[1:]
	}
	e.mu.Unlock()
	answer(w, r)
}

// next waits for the next call and returns it.
func (e *endpoint) next(t *testing.T) told {
	t.Helper()
	select {
	case call := <-e.told:
		return call
	case <-time.After(tellPatience):
		t.Fatalf("the endpoint was told nothing within %s", tellPatience)
		return told{}
	}
}

// quiet fails the test if the endpoint receives a call.
func (e *endpoint) quiet(t *testing.T) {
	t.Helper()
	select {
	case call := <-e.told:
		t.Errorf("the endpoint was told what it should not be: %s %s?%s %s", call.method, call.path, call.rawQuery, call.body)
	case <-time.After(quietTime):
	}
}

// verify checks a call's signature with a secret, as the publisher does.
func (c told) verify(t *testing.T, secret string) error {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if c.method == http.MethodPost {
		return webhook.Verify([]byte(c.body), c.header)
	}
	return webhook.Verify([]byte(c.rawQuery), c.header)
}

// answering returns a handler that answers with a status.
func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// hanging does not answer until the caller gives up.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// resetting resets the connection in the middle of the response's header.
func resetting(w http.ResponseWriter, _ *http.Request) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // the server supports hijacking
	}
	_, _ = buffer.WriteString("HTTP/1.1 200 ")
	_ = buffer.Flush()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// endless returns a handler that answers 200 with an endless body, and reports on ended when the caller stops reading.
func endless(ended chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		defer close(ended)
		piece := make([]byte, 64<<10)
		for {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}
}

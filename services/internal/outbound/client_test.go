package outbound_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/outbound"
)

// server starts a server on the loopback address. It returns the server's host:port and a counter of its calls.
func server(t *testing.T, handler http.HandlerFunc) (hostPort string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), calls
}

// client returns a client whose connections end with the test.
func client(t *testing.T, allowed string, opts ...outbound.Option) *http.Client {
	t.Helper()
	c := outbound.NewClient(allow(t, allowed), opts...)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// get returns the response's status, after reading and closing the body.
func get(t *testing.T, c *http.Client, url string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func port(t *testing.T, hostPort string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestInsideIsReachedOnlyIfAllowed(t *testing.T) {
	t.Parallel()
	hostPort, calls := server(t, nil)
	other, _ := server(t, nil)
	for allowed, reached := range map[string]bool{
		"":                false,
		other:             false,
		"10.0.0.0/8":      false,
		"::1":             false,
		"localhost":       false, // the name, not the address
		hostPort:          true,
		"127.0.0.1":       true,
		"127.0.0.0/8":     true,
		"a.b," + hostPort: true,
	} {
		before := calls.Load()
		_, err := get(t, client(t, allowed), "http://"+hostPort+"/")
		if reached != (err == nil) || reached != (calls.Load() == before+1) {
			t.Errorf("allowed %q: %v, %d calls", allowed, err, calls.Load()-before)
		}
		if !reached && (!outbound.IsBlocked(err) || !strings.Contains(err.Error(), "127.0.0.1 is a loopback address; only the operator can allow it, with COUPONLINK_ALLOWED_PRIVATE_HOSTS")) {
			t.Errorf("allowed %q: got %v", allowed, err)
		}
	}
}

func TestMappedAddress(t *testing.T) {
	t.Parallel()
	hostPort, _ := server(t, nil)
	url := "http://[::ffff:127.0.0.1]:" + port(t, hostPort) + "/"
	if _, err := get(t, client(t, ""), url); !outbound.IsBlocked(err) {
		t.Errorf("not allowed: %v", err)
	}
	if _, err := get(t, client(t, hostPort), url); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

func TestNameThatLeadsInside(t *testing.T) {
	t.Parallel()
	hostPort, calls := server(t, nil)
	dns := &names{answers: map[string][]netip.Addr{
		"pub.example.org.":  {netip.MustParseAddr("127.0.0.1")},
		"meta.example.org.": {netip.MustParseAddr("169.254.169.254")},
	}}
	url := "http://pub.example.org:" + port(t, hostPort) + "/"
	if err := allow(t, "").CheckURL(parse(t, url)); err != nil {
		t.Fatalf("it looks outside: %v", err)
	}
	refused := client(t, "10.0.0.0/8, example.org", outbound.WithResolver(dns.resolver(t)))
	for _, u := range []string{url, "http://meta.example.org/", "https://meta.example.org:9/"} {
		if _, err := get(t, refused, u); !outbound.IsBlocked(err) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if calls.Load() != 0 {
		t.Errorf("reached %d times", calls.Load())
	}
	for _, allowed := range []string{"pub.example.org", "PUB.example.org.:" + port(t, hostPort), "127.0.0.0/8", hostPort} {
		if _, err := get(t, client(t, allowed, outbound.WithResolver(dns.resolver(t))), url); err != nil {
			t.Errorf("allowed %q: %v", allowed, err)
		}
	}
	if _, err := get(t, client(t, "pub.example.org", outbound.WithResolver(dns.resolver(t))), strings.Replace(url, "pub", "PUB", 1)); err != nil {
		t.Errorf("in capitals: %v", err)
	}
	// An allowed host:port allows no other port.
	if _, err := get(t, client(t, "pub.example.org:1", outbound.WithResolver(dns.resolver(t))), url); !outbound.IsBlocked(err) {
		t.Errorf("another port: %v", err)
	}
	if _, err := get(t, refused, "http://nobody.example.org/"); err == nil || outbound.IsBlocked(err) {
		t.Errorf("a name that is unknown: %v", err)
	}
}

// TestRebinding uses a name that leads to an allowed address first, and inside on the next lookup. The server's own
// address stands for one on the internet, which tests must not call.
func TestRebinding(t *testing.T) {
	t.Parallel()
	hostPort, calls := server(t, nil)
	dns := &names{answers: map[string][]netip.Addr{
		"moving.example.org.": {netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.255.255.1")},
	}}
	c := client(t, hostPort, outbound.WithResolver(dns.resolver(t)))
	url := "http://moving.example.org:" + port(t, hostPort) + "/"
	if _, err := get(t, c, url); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	if _, err := get(t, c, url); !outbound.IsBlocked(err) || !strings.Contains(err.Error(), "10.255.255.1 is a private address") {
		t.Errorf("got %v", err)
	}
	if calls.Load() != 1 {
		t.Errorf("reached %d times", calls.Load())
	}
}

func TestRedirectIsTheAnswer(t *testing.T) {
	t.Parallel()
	target, calls := server(t, nil)
	hostPort, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		if len(r.Cookies()) > 0 {
			t.Error("a cookie came back")
		}
		http.Redirect(w, r, "http://"+target+"/", http.StatusFound)
	})
	c := client(t, "127.0.0.1")
	for range 2 {
		if status, err := get(t, c, "http://"+hostPort+"/"); err != nil || status != http.StatusFound {
			t.Errorf("%d, %v", status, err)
		}
	}
	if calls.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestNoProxy(t *testing.T) {
	proxy, calls := server(t, nil)
	hostPort, _ := server(t, nil)
	t.Setenv("HTTP_PROXY", "http://"+proxy)
	t.Setenv("http_proxy", "http://"+proxy)
	dns := &names{answers: map[string][]netip.Addr{"pub.example.org.": {netip.MustParseAddr("127.0.0.1")}}}
	c := client(t, "127.0.0.1", outbound.WithResolver(dns.resolver(t)))
	if _, err := get(t, c, "http://pub.example.org:"+port(t, hostPort)+"/"); err != nil || calls.Load() != 0 {
		t.Errorf("%v, %d calls of the proxy", err, calls.Load())
	}
}

// TestAnswersComeAsTheyAre checks that a response that is small on the wire is not decompressed into a huge one.
func TestAnswersComeAsTheyAre(t *testing.T) {
	t.Parallel()
	hostPort, _ := server(t, func(_ http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("asked for %s", got)
		}
	})
	if _, err := get(t, client(t, "127.0.0.1"), "http://"+hostPort+"/"); err != nil {
		t.Error(err)
	}
}

func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	hostPort, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", 100<<10))
	})
	if _, err := get(t, client(t, "127.0.0.1"), "http://"+hostPort+"/"); err == nil || !strings.Contains(err.Error(), "headers exceeded 65536 bytes") {
		t.Errorf("got %v", err)
	}
}

// TestIdleConnections checks that after many concurrent calls to a host, eight connections stay open.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	const calls = 20
	var open atomic.Int64
	var all sync.WaitGroup
	all.Add(calls)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		all.Done()
		all.Wait()
	}))
	done := make(chan struct{}, calls)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
			done <- struct{}{}
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	s.Start()
	defer s.Close()
	c := client(t, "127.0.0.1")
	var group sync.WaitGroup
	for range calls {
		group.Go(func() {
			if _, err := get(t, c, s.URL); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for range calls - 8 {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d connections are kept", open.Load())
		}
	}
	if got := open.Load(); got != 8 {
		t.Errorf("%d connections are kept", got)
	}
}

// secure starts a TLS server and returns its URL and a client that trusts it.
func secure(t *testing.T, config *tls.Config) (string, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.EnableHTTP2 = true
	s.TLS = config
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // some tests want refused handshakes
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.URL, client(t, "127.0.0.1", outbound.WithRootCAs(roots))
}

func TestTLS(t *testing.T) {
	t.Parallel()
	url, c := secure(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 2 {
		t.Errorf("spoke %s", response.Proto)
	}
	if _, err := get(t, client(t, "127.0.0.1"), url); !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("a certificate of nobody's: %v", err)
	}
	if _, err := get(t, client(t, ""), url); !outbound.IsBlocked(err) {
		t.Errorf("not allowed: %v", err)
	}
	old, c := secure(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if _, err := get(t, c, old); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("TLS 1.1: %v", err)
	}
}

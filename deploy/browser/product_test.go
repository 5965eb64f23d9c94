package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// adminKey opens the products that the tests start.
const adminKey = "browser-test-admin-key"

// startPatience is how long the product may take until it serves; the machine may be busy.
const startPatience = 60 * time.Second

// buildProduct builds the one-process program of the module above this one and returns its path.
func buildProduct(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("COUPONLINK_TEST_PROGRAMS"); dir != "" {
		return filepath.Join(dir, "couponlink")
	}
	binary := filepath.Join(t.TempDir(), "couponlink")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./services/couponlink/cmd/couponlink")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the product: %v\n%s", err, output)
	}
	return binary
}

// product is one running program with a data directory of its own.
type product struct {
	t testing.TB
	// site is the HTTP origin, without a slash at its end.
	site string
	// stop ends the program at once, as kill -9 does, and waits until it is gone.
	stop func()
	log  lockedBuffer
}

// startProduct starts the program and waits until it serves. It ends with the test, which shows its log
// if it failed.
func startProduct(t testing.TB, binary string, env ...string) *product {
	t.Helper()
	addr := freeAddr(t)
	p := &product{t: t, site: "http://" + addr}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"HOME=" + dir, "TMPDIR=" + os.TempDir(), "COUPONLINK_DATA_DIR=" + dir, "COUPONLINK_ADMIN_KEY=" + adminKey,
		"COUPONLINK_HTTP_ADDR=" + addr, "COUPONLINK_COUPON_GRPC_ADDR=127.0.0.1:0", "COUPONLINK_TRACKING_GRPC_ADDR=127.0.0.1:0",
	}, env...)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting the product: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended shows in its log
		close(ended)
	}()
	p.stop = func() {
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
	}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("log of the product:\n%s", lastLines(p.log.String(), 40))
		}
	})
	p.awaitReady(ended)
	return p
}

// startDemo starts the program with sample data and waits until that is there: it serves before.
func startDemo(t testing.TB, binary string) *product {
	t.Helper()
	p := startProduct(t, binary, "COUPONLINK_DEMO=1")
	for start := time.Now(); !strings.Contains(p.log.String(), "the sample data is there"); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > startPatience {
			t.Fatalf("there is no sample data after %s", startPatience)
		}
	}
	return p
}

func (p *product) awaitReady(ended <-chan struct{}) {
	p.t.Helper()
	last := ""
	for start := time.Now(); time.Since(start) < startPatience; time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			p.t.Fatalf("the product ended before it served:\n%s", p.log.String())
		default:
		}
		status, body, err := p.request(http.MethodGet, "/readyz", "")
		if err == nil && status == http.StatusOK {
			return
		}
		last = fmt.Sprint(status, " ", body, " ", err)
	}
	p.t.Fatalf("the product is not ready after %s: %s", startPatience, last)
}

// request sends a request with the admin key and does not follow redirects.
func (p *product) request(method, path, body string) (int, string, error) {
	ctx, stop := context.WithTimeout(p.t.Context(), startPatience)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, method, p.site+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+adminKey)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if location := resp.Header.Get("Location"); location != "" {
		return resp.StatusCode, location, err
	}
	return resp.StatusCode, string(answer), err
}

// api calls the REST API and returns the answer's JSON.
func (p *product) api(method, path, body string) map[string]any {
	p.t.Helper()
	status, answer, err := p.request(method, path, body)
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(answer), &fields); err != nil {
		p.t.Fatalf("%s %s answered %q: %v", method, path, answer, err)
	}
	return fields
}

// landingPage is an offer's page that no test visits.
const landingPage = "https://shop.example.com/?cid={click_id}&promo={coupon_code}"

// program adds offer 10 and publisher 22 by the API, for tests that are about something else.
func (p *product) program() {
	p.t.Helper()
	p.api(http.MethodPost, "/v1/offers?offer_id=10", `{"displayName": "Running shoes", "landingPageUrl": "`+landingPage+`"}`)
	p.api(http.MethodPost, "/v1/publishers?publisher_id=22", `{"displayName": "Mia Runs"}`)
}

// freeAddr returns an address that nothing listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// lockedBuffer takes a process's output while a test may read it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends output.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns the output so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

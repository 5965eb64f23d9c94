package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/outbound"
	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// received is a request as a server got it.
type received struct {
	*http.Request
	body string
}

// serve starts a server that keeps the last request and answers by handler; nil: 200.
func serve(t *testing.T, handler http.HandlerFunc) (origin string, last *atomic.Pointer[received]) {
	t.Helper()
	last = new(atomic.Pointer[received])
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last.Store(&received{Request: r, body: string(body)})
		if handler != nil {
			handler(w, r)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, last
}

// sender returns a Sender that reaches the allowed hosts, and waits for answers only that long.
func sender(t *testing.T, allowed string, timeout time.Duration) *app.Sender {
	t.Helper()
	hosts, err := outbound.ParseAllowed(allowed)
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.NewClient(hosts)
	t.Cleanup(client.CloseIdleConnections)
	return app.NewSender(app.SenderConfig{Client: client, Now: time.Now, Log: slog.New(slog.DiscardHandler), CallTimeout: timeout})
}

// send sends a test delivery to a publisher with a postback URL.
func send(t *testing.T, c *app.Sender, method domain.DeliveryMethod, url string) (delivery.Attempt, string) {
	t.Helper()
	to := publisher(t, "22", url)
	to.Method = method
	attempt, _, body := c.Send(t.Context(), to, delivery.Test("22", domain.PayloadV1, time.Now()))
	return attempt, body
}

func TestGet(t *testing.T) {
	t.Parallel()
	origin, last := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "thanks") })
	to := publisher(t, "22", origin+"/p/{pub_id}?id={conversion_id}&a=b+c&payout={payout}&t={conversion_time}")
	d := delivery.Test("22", domain.PayloadV1, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	attempt, url, body := sender(t, "127.0.0.1", time.Minute).Send(t.Context(), to, d)
	if attempt.HTTPStatus != 200 || attempt.Error != "" || attempt.Latency <= 0 || attempt.Time.IsZero() || body != "thanks" {
		t.Errorf("the attempt is %+v, the body %q", attempt, body)
	}
	const query = "id=00000000000000000000000000000000&a=b+c&payout=10.00&t=2026-11-22T12%3A00%3A00Z"
	got := last.Load()
	if url != origin+"/p/22?"+query || got.URL.Path != "/p/22" || got.URL.RawQuery != query || got.Method != http.MethodGet || got.body != "" {
		t.Errorf("called %s; it came as %s %s", url, got.Method, got.URL)
	}
	if agent := got.Header.Get("User-Agent"); agent != "Couponlink/1 (+delivery)" {
		t.Errorf("the user agent is %q", agent)
	}
	verify(t, got, secret, query, true)
	verify(t, got, previousSecret, query, false)
	if _, sent := got.Header["Idempotency-Key"]; sent {
		t.Error("an Idempotency-Key was sent")
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	origin, last := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	d := delivery.Test("22", domain.PayloadV1, time.Now())
	to := publisher(t, "22", origin+"/p?id={delivery_id}")
	to.Method = domain.DeliverByPost
	attempt, _, _ := sender(t, "127.0.0.1", time.Minute).Send(t.Context(), to, d)
	got := last.Load()
	if attempt.HTTPStatus != 201 || got.Method != http.MethodPost || got.body != d.Payload || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the attempt is %+v; the body came as %q", attempt, got.body)
	}
	if got.URL.RawQuery != "id="+d.ID || got.Header.Get("webhook-id") != d.ID {
		t.Errorf("it came as %s with the id %q", got.URL, got.Header.Get("webhook-id"))
	}
	var payload delivery.Payload
	if err := json.Unmarshal([]byte(got.body), &payload); err != nil || payload.Data.Event != "test" || payload.Type != "conversion.approved" {
		t.Errorf("the payload is %+v: %v", payload, err)
	}
	verify(t, got, secret, d.Payload, true)
	verify(t, got, secret, d.Payload+" ", false)
}

// TestRotation signs with both secrets while the earlier one is still taken.
func TestRotation(t *testing.T) {
	t.Parallel()
	origin, last := serve(t, nil)
	c := sender(t, "127.0.0.1", time.Minute)
	for _, r := range []struct {
		expires time.Duration
		both    bool
	}{{time.Hour, true}, {-time.Second, false}} {
		to := publisher(t, "22", origin)
		to.Method = domain.DeliverByPost
		to.PreviousSecret, to.PreviousSecretExpireTime = previousSecret, time.Now().Add(r.expires)
		d := delivery.Test("22", domain.PayloadV1, time.Now())
		c.Send(t.Context(), to, d)
		verify(t, last.Load(), secret, d.Payload, true)
		verify(t, last.Load(), previousSecret, d.Payload, r.both)
	}
}

// TestDamagedSecret does not send what it cannot sign; without a secret there is no signature.
func TestDamagedSecret(t *testing.T) {
	t.Parallel()
	origin, last := serve(t, nil)
	c := sender(t, "127.0.0.1", time.Minute)
	to := publisher(t, "22", origin)
	to.Secret = "whsec_%%%"
	if attempt, _, _ := c.Send(t.Context(), to, delivery.Test("22", domain.PayloadV1, time.Now())); !strings.Contains(attempt.Error, "secret is damaged") || last.Load() != nil {
		t.Errorf("the attempt is %+v", attempt)
	}
	to.Secret = ""
	if attempt, _, _ := c.Send(t.Context(), to, delivery.Test("22", domain.PayloadV1, time.Now())); attempt.Error != "" || last.Load().Header.Get("webhook-signature") != "" {
		t.Errorf("the attempt is %+v, signed %q", attempt, last.Load().Header.Get("webhook-signature"))
	}
}

// verify checks with the library whether a request is signed by a secret.
func verify(t *testing.T, r *received, secret, signed string, want bool) {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := webhook.Verify([]byte(signed), r.Header); (err == nil) != want {
		t.Errorf("verifying %q: %v, want valid %t", r.Header.Get("webhook-signature"), err, want)
	}
}

// TestFaults has endpoints that misbehave: each is a failure with words that say what it was.
func TestFaults(t *testing.T) {
	t.Parallel()
	const url = "/p?secret={delivery_id}"
	redirected := atomic.Bool{}
	target, _ := serve(t, func(http.ResponseWriter, *http.Request) { redirected.Store(true) })
	failing, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	redirecting, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
	hanging, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	resetting, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { reset(w) })
	for _, c := range []struct {
		name, url string
		allowed   string
		status    int
		words     string
	}{
		{"500", failing, "127.0.0.1", 500, "answered 500"},
		{"redirect", redirecting, "127.0.0.1", 302, "answered 302"},
		{"hang", hanging, "127.0.0.1", 0, "no answer within 0.3 s"},
		{"reset", resetting, "127.0.0.1", 0, "the connection was closed before there was an answer"},
		{"no TLS", strings.Replace(failing, "http:", "https:", 1), "127.0.0.1", 0, "the endpoint does not speak TLS"},
		{"refused", closed(t), "127.0.0.1", 0, "the connection was refused"},
		{"private", failing, "", 0, "the address is inside the network: "},
		{"unknown host", "http://nowhere.invalid", "", 0, "the host nowhere.invalid "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, method := range []domain.DeliveryMethod{domain.DeliverByGet, domain.DeliverByPost} {
				timeout := 20 * time.Second
				if c.name == "hang" {
					timeout = 300 * time.Millisecond
				}
				attempt, _ := send(t, sender(t, c.allowed, timeout), method, c.url+url)
				if attempt.HTTPStatus != c.status || !strings.HasPrefix(attempt.Error, c.words) {
					t.Errorf("%s: %+v, want %d %q", method, attempt, c.status, c.words)
				}
				if strings.Contains(attempt.Error, "secret") {
					t.Errorf("the error tells the query: %s", attempt.Error)
				}
			}
		})
	}
	t.Cleanup(func() {
		if redirected.Load() {
			t.Error("a redirect was followed")
		}
	})
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	attempt, _ := send(t, sender(t, "127.0.0.1", time.Minute), domain.DeliverByGet, s.URL)
	if !strings.HasPrefix(attempt.Error, "the certificate is not valid: ") {
		t.Errorf("the attempt is %+v", attempt)
	}
}

// reset closes a connection so that the other side is told at once.
func reset(w http.ResponseWriter) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// closed returns the origin of a server that is gone.
func closed(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return "http://" + l.Addr().String()
}

// TestEndlessAnswer reads little of an answer that never ends, and closes the connection. It is not
// parallel: it looks at the memory of the whole process.
func TestEndlessAnswer(t *testing.T) {
	broke := make(chan struct{})
	origin, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(broke)
		chunk := make([]byte, 32<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	attempt, body := send(t, sender(t, "127.0.0.1", time.Minute), domain.DeliverByPost, origin)
	if attempt.HTTPStatus != 200 || attempt.Error != "" || len(body) != 1000 {
		t.Errorf("the attempt is %+v, with %d bytes kept", attempt, len(body))
	}
	select {
	case <-broke:
	case <-time.After(10 * time.Second):
		t.Error("the endpoint still sends")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// TestAnswerThatBreaksOff counts: the status has said all.
func TestAnswerThatBreaksOff(t *testing.T) {
	t.Parallel()
	origin, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half\xff"))
		_ = http.NewResponseController(w).Flush()
		reset(w)
	})
	attempt, body := send(t, sender(t, "127.0.0.1", time.Minute), domain.DeliverByGet, origin)
	if attempt.HTTPStatus != 200 || attempt.Error != "" || body != "half\uFFFD" && body != "" {
		t.Errorf("the attempt is %+v, the body %q", attempt, body)
	}
}

// TestRun brings deliveries over real connections, and leaves none open.
func TestRun(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	origin, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n := calls.Add(1); n < 200 && n%5 == 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	template, err := deliveryurl.Compile(origin + "/p?id={delivery_id}")
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := outbound.ParseAllowed("127.0.0.1/32")
	if err != nil {
		t.Fatal(err)
	}
	store := newMemory()
	store.put(due("22", 300)...)
	to := publisher(t, "22", origin)
	to.PostbackURL = template
	c := app.NewSender(app.SenderConfig{
		Store: store, Publishers: &publishers{list: map[string]domain.Publisher{"22": to}}, Client: outbound.NewClient(hosts),
		Now: time.Now, Random: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	for store.delivered("22") < 300 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("%d of 300 are delivered", store.delivered("22"))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

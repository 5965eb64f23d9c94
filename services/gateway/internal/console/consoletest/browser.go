package consoletest

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// Browser is a client that keeps cookies and does not follow redirects. It says of its forms, as browsers do,
// that they are from our own pages.
type Browser struct {
	T      *testing.T
	Base   string
	Client *http.Client
}

// Answer is what the console answered.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Open returns a browser before a console before a fake, not logged in. Times pass as clock says.
func Open(t *testing.T, f *Fake, change func(*console.Config)) *Browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: Key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, f)
	couponv1.RegisterPublisherServiceServer(server, f)
	cfg := console.Config{Coupon: server.Local(), Tracking: server.Local(), AdminKey: Key, Log: log}
	if change != nil {
		change(&cfg)
	}
	handler, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return Visit(t, handler)
}

// Visit returns a browser before a handler, which believes the browser and 198.51.100.0/24 as proxies.
func Visit(t *testing.T, handler http.Handler) *Browser {
	t.Helper()
	proxies, err := clientaddr.ParseProxies("loopback, 198.51.100.0/24")
	if err != nil {
		t.Fatal(err)
	}
	origin := httptest.NewServer(proxies.Handler(handler))
	t.Cleanup(origin.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t, origin.URL, &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *Browser) Do(method, path string, form url.Values, header ...string) Answer {
	b.T.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.T.Context(), method, b.Base+path, body)
	if err != nil {
		b.T.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method != http.MethodGet {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := b.Client.Do(req)
	if err != nil {
		b.T.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(content)}
}

func (b *Browser) Get(path string, header ...string) Answer {
	b.T.Helper()
	return b.Do(http.MethodGet, path, nil, header...)
}

// Post sends a form as a page of ours would.
func (b *Browser) Post(path string, values ...string) Answer {
	b.T.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(values, 2) {
		form.Set(pair[0], pair[1])
	}
	return b.Do(http.MethodPost, path, form)
}

func (b *Browser) LogIn() *Browser {
	b.T.Helper()
	if a := b.Do(http.MethodPost, "/console/login", url.Values{"key": {Key}}); a.Status != http.StatusSeeOther {
		b.T.Fatalf("login: status %d\n%s", a.Status, a.Body)
	}
	return b
}

// Inline is what the policy forbids, and browsers would only complain about.
var Inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>|hx-on|javascript:`)

// Clock is a time that tests move.
type Clock struct{ Time time.Time }

func (c *Clock) Now() time.Time { return c.Time }

// NewClock returns a clock that stands at noon of 22 November 2026, UTC.
func NewClock() *Clock { return &Clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

// Upload sends a form with a file.
func (b *Browser) Upload(path, content string, values ...string) Answer {
	b.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(values); i += 2 {
		if err := w.WriteField(values[i], values[i+1]); err != nil {
			b.T.Fatal(err)
		}
	}
	if content != "" {
		part, err := w.CreateFormFile("file", "codes.csv")
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil {
			b.T.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.T.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.T.Context(), http.MethodPost, b.Base+path, &body)
	if err != nil {
		b.T.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	resp, err := b.Client.Do(req)
	if err != nil {
		b.T.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	return Answer{resp.StatusCode, resp.Header, string(page)}
}

// Holds fails where a page lacks something.
func (a Answer) Holds(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("status %d, want %d", a.Status, status)
	}
	_, main, _ := strings.Cut(a.Body, "<main")
	for _, part := range parts {
		if !strings.Contains(a.Body, part) {
			t.Errorf("the page lacks %s:\n%s", part, main)
		}
	}
}

// PostAll is post with values that may stand several times.
func (b *Browser) PostAll(path string, form url.Values) Answer {
	b.T.Helper()
	return b.Do(http.MethodPost, path, form)
}

// Expect fails unless an answer is fine, harmless, and has all of some texts and none of others.
func Expect(t *testing.T, a Answer, texts, without []string) {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Errorf("status %d", a.Status)
	}
	if strings.Contains(a.Body, `alert("x")`) || Inline.MatchString(a.Body) || strings.Contains(a.Body, "secret address") {
		t.Error("the page has what it must not have")
	}
	for _, text := range texts {
		if !strings.Contains(a.Body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	for _, text := range without {
		if strings.Contains(a.Body, text) {
			t.Errorf("the page has %q", text)
		}
	}
	if _, content, _ := strings.Cut(a.Body, "<main"); t.Failed() {
		t.Log(content)
	}
}

// Shows checks that an answer has a status and texts, which may be as people read them.
func (a Answer) Shows(t *testing.T, code int, texts ...string) {
	t.Helper()
	if a.Status != code {
		t.Errorf("status %d, want %d:\n%s", a.Status, code, a.Body)
	}
	for _, text := range texts {
		if !strings.Contains(a.Body, text) && !strings.Contains(html.UnescapeString(a.Body), text) {
			t.Errorf("the page lacks %s:\n%s", text, a.Body)
		}
	}
}

// LeadsTo checks that an answer is a redirect.
func (a Answer) LeadsTo(t *testing.T, path string) {
	t.Helper()
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != path {
		t.Errorf("status %d to %q, want 303 to %q:\n%s", a.Status, a.Header.Get("Location"), path, a.Body)
	}
}

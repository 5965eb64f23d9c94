package couponlink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged is a log that a test can wait for.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

type running struct {
	couponlink.Started
	log    *logged
	client *http.Client
}

// start runs the process on free ports until the test, or stop, ends it.
func start(t *testing.T, dir string, demo bool) (r *running, stop func()) {
	t.Helper()
	return startOn(t, settings.Storage{DataDir: dir}, demo)
}

func startOn(t *testing.T, storage settings.Storage, demo bool) (r *running, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan couponlink.Started, 1)
	r = &running{log: &logged{}, client: &http.Client{Transport: &http.Transport{}}}
	cfg := couponlink.Config{
		HTTPAddr: "127.0.0.1:0", CouponGRPCAddr: "127.0.0.1:0", TrackingGRPCAddr: "127.0.0.1:0", Demo: demo,
		Storage: storage, MongoDB: mongotest.Options(), Started: func(s couponlink.Started) { started <- s },
	}
	ended := make(chan error, 1)
	go func() { ended <- couponlink.Run(ctx, cfg, slog.New(slog.NewTextHandler(r.log, nil))) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		r.client.CloseIdleConnections()
	})
	t.Cleanup(stop)
	select {
	case r.Started = <-started:
	case err := <-ended:
		ended <- nil
		t.Fatalf("Run: %v", err)
	}
	return r, stop
}

func (r *running) get(t *testing.T, path string, withKey bool) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.HTTPAddr+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if withKey {
		req.Header.Set("Authorization", "Bearer "+r.AdminKey.Key)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(body, &answer) // Pages are not JSON.
	return resp.StatusCode, answer
}

func TestRunServesAndStops(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r, stop := start(t, dir, false)
	if code, answer := r.get(t, "/readyz", false); code != http.StatusOK {
		t.Errorf("/readyz: %d %v", code, answer)
	}
	if r.PublicURL != "http://"+r.HTTPAddr {
		t.Errorf("public URL %q", r.PublicURL)
	}
	if code, _ := r.get(t, "/v1/offers", false); code != http.StatusUnauthorized {
		t.Errorf("without the key: %d", code)
	}
	if code, answer := r.get(t, "/v1/offers", true); code != http.StatusOK {
		t.Errorf("with the key: %d %v", code, answer)
	}
	if code, _ := r.get(t, "/click?offer_id=none", false); code != http.StatusNotFound {
		t.Errorf("a click on no offer: %d", code)
	}
	for _, addr := range []string{r.CouponGRPCAddr, r.TrackingGRPCAddr} {
		conn, err := grpcdial.Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = couponv1.NewOfferServiceClient(grpcdial.WithKey(conn, r.AdminKey.Key)).ListOffers(t.Context(), &couponv1.ListOffersRequest{})
		if want := map[string]codes.Code{r.CouponGRPCAddr: codes.OK, r.TrackingGRPCAddr: codes.Unimplemented}[addr]; status.Code(err) != want {
			t.Errorf("%s: %v, want %v", addr, err, want)
		}
	}
	kept, err := os.ReadFile(filepath.Join(dir, "admin-key"))
	if err != nil || strings.TrimSpace(string(kept)) != r.AdminKey.Key {
		t.Errorf("the key kept is not the key: %v", err)
	}
	stop()
	if _, err := r.client.Get("http://" + r.HTTPAddr + "/readyz"); err == nil { //nolint:noctx,bodyclose // There is nobody to answer.
		t.Error("it still serves")
	}
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	dir := t.TempDir()
	for name, change := range map[string]func(*couponlink.Config){
		"short key":   func(c *couponlink.Config) { c.AdminKey.AdminKey = "short" },
		"database":    func(c *couponlink.Config) { c.DatabaseURL = "mysql://" },
		"public URL":  func(c *couponlink.Config) { c.PublicURL.PublicURL = "example.com" },
		"taken port":  func(c *couponlink.Config) { c.TrackingGRPCAddr = "192.0.2.1:1" },
		"bad address": func(c *couponlink.Config) { c.HTTPAddr = "nonsense" },
	} {
		cfg := couponlink.Config{HTTPAddr: "127.0.0.1:0", CouponGRPCAddr: "127.0.0.1:0", TrackingGRPCAddr: "127.0.0.1:0", Storage: settings.Storage{DataDir: dir}}
		change(&cfg)
		if err := couponlink.Run(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: it ran", name)
		}
	}
}

// TestDemo checks that the sample data has conversions of every method and several reasons, and that a second start
// adds nothing.
func TestDemo(t *testing.T) {
	dir := t.TempDir()
	var before string
	for round := range 2 {
		r, stop := start(t, dir, true)
		for deadline := time.Now().Add(30 * time.Second); !r.log.has("the sample data is there"); time.Sleep(10 * time.Millisecond) {
			if r.log.has("level=ERROR") || time.Now().After(deadline) {
				t.Fatalf("no sample data: %s", r.log.text.String())
			}
		}
		_, answer := r.get(t, "/v1/conversions?page_size=1000", true)
		found := map[string]int{}
		conversions, _ := answer["conversions"].([]any)
		for _, raw := range conversions {
			c, _ := raw.(map[string]any)
			for _, field := range []string{"method", "reason"} {
				value, _ := c[field].(string)
				found[value]++
			}
		}
		for _, want := range []string{"COUPON_CODE", "COUPON_LINK", "CLICK", "UNKNOWN_CODE", "AMBIGUOUS_CODE", "EXPIRED", "DISABLED"} {
			if found[want] == 0 {
				t.Errorf("no sample conversion with %s: %v", want, found)
			}
		}
		_, answer = r.get(t, "/v1/offers/-/coupons?page_size=1000", true)
		coupons, _ := answer["coupons"].([]any)
		states := map[string]int{}
		for _, raw := range coupons {
			c, _ := raw.(map[string]any)
			state, _ := c["state"].(string)
			states[state]++
		}
		for _, want := range []string{"ACTIVE", "SCHEDULED", "EXPIRED", "DISABLED", "ARCHIVED"} {
			if states[want] == 0 {
				t.Errorf("no sample coupon is %s: %v", want, states)
			}
		}
		now, err := json.Marshal([]any{len(conversions), len(coupons)})
		if err != nil {
			t.Fatal(err)
		}
		if before != "" && string(now) != before {
			t.Errorf("a second start made of %s conversions and coupons %s", before, now)
		}
		before = string(now)
		_, answer = r.get(t, "/v1/conversions?"+url.Values{"filter": {`pub_unique3 = "ANAGLOW15"`}}.Encode(), true)
		if list, _ := answer["conversions"].([]any); len(list) != 3 {
			t.Errorf("conversions by Pub. Unique 3: %v", answer)
		}
		if round == 0 { // The second start has another port, and so other shop addresses.
			wantSampleShops(t, r)
		}
		wantSampleLogs(t, r)
		stop()
	}
}

// wantSampleShops fails the test unless a sample link leads to a page of a sample shop, and a scan says so.
func wantSampleShops(t *testing.T, r *running) {
	t.Helper()
	link := r.PublicURL + "/click?offer_id=aurora-shoes&pub_id=mia-runs&coupon_code=MIA20"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr+"/v1/links:scan", strings.NewReader(`{"url":"`+link+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.AdminKey.Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var scan struct {
		OK, ClickIDArrived, CouponCodeArrived bool
		FinalURL                              string
	}
	if err := json.NewDecoder(resp.Body).Decode(&scan); err != nil {
		t.Fatal(err)
	}
	if !scan.OK || !scan.ClickIDArrived || !scan.CouponCodeArrived || !strings.HasPrefix(scan.FinalURL, r.PublicURL+"/demo-shop/aurora/") {
		t.Errorf("a sample link is scanned as %+v", scan)
	}
	for path, want := range map[string]int{"/demo-shop/": 200, "/demo-shop/glow/welcome?promo=X": 200, "/demo-shop/none/": 404, "/demo-shop/deliveries": 204} {
		if code, _ := r.get(t, path, false); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
}

// wantSampleLogs fails the test unless there are postbacks of several outcomes, deliveries and a refund.
func wantSampleLogs(t *testing.T, r *running) {
	t.Helper()
	_, answer := r.get(t, "/v1/postbacks?page_size=100", true)
	outcomes := map[any]bool{}
	list, _ := answer["postbacks"].([]any)
	for _, raw := range list {
		postback, _ := raw.(map[string]any)
		outcomes[postback["outcome"]] = true
	}
	for _, want := range []string{"ATTRIBUTED", "DUPLICATE", "UNATTRIBUTED", "REJECTED"} {
		if !outcomes[want] {
			t.Errorf("no sample postback is %s: %v", want, outcomes)
		}
	}
	r.wantSoon(t, "/v1/deliveries?filter="+url.QueryEscape("state = DELIVERED"), "deliveries")
	_, answer = r.get(t, "/v1/conversions?"+url.Values{"filter": {`transaction_id = "NP-7122" AND refunded_amount = 75`}}.Encode(), true)
	if list, _ := answer["conversions"].([]any); len(list) != 1 {
		t.Errorf("the sample refund: %v", answer)
	}
	r.wantSoon(t, "/v1/reports/coupons:leaked", "leakedCodes")
}

// wantSoon fails the test unless a list soon has an entry. The program does some work only after it has answered.
func (r *running) wantSoon(t *testing.T, path, list string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, answer := r.get(t, path, true)
		if found, _ := answer[list].([]any); len(found) > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: no %s: %v", path, list, answer)
			return
		}
	}
}

// TestReadinessNamesWhatIsWrong removes the data directory of a serving process. The process reports that it is not
// ready, and that it still lives.
func TestReadinessNamesWhatIsWrong(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r, stop := start(t, dir, false)
	defer stop()
	if code, answer := r.get(t, "/readyz", false); code != http.StatusOK || len(answer["dependencies"].([]any)) != 7 {
		t.Errorf("/readyz: %d %v", code, answer)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		code, answer := r.get(t, "/readyz", false)
		text := fmt.Sprint(answer)
		if code == http.StatusServiceUnavailable && strings.Contains(text, "coupon.db is gone") && strings.Contains(text, "tracking.db is gone") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz without a data directory: %d %v", code, answer)
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, path := range []string{"/livez", "/healthz"} {
		if code, answer := r.get(t, path, false); code != http.StatusOK {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
}

package couponlink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// moveData moves all data and returns the output.
func moveData(ctx context.Context, from, to string, log io.Writer) (string, error) {
	var out bytes.Buffer
	cfg := couponlink.MoveConfig{From: from, To: to, MongoDB: mongotest.Options()}
	err := couponlink.Move(ctx, cfg, &out, slog.New(slog.NewTextHandler(log, nil)))
	return out.String(), err
}

func (r *running) post(t *testing.T, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr+path, strings.NewReader(body))
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
	if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %d %s %v", path, resp.StatusCode, answer, err)
	}
}

// sell stores a sale under an order's number.
func (r *running) sell(t *testing.T, order string) {
	t.Helper()
	if code, answer := r.get(t, "/postback?coupon_code=SALEXYZ20&amount=10&currency=USD&transaction_id="+order, false); code != http.StatusOK {
		t.Fatalf("postback: %d %v", code, answer)
	}
}

// wantSales waits until the summary has a number of conversions, and compares with the list.
func (r *running) wantSales(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, answer := r.get(t, "/v1/conversions?include_totals=true&"+url.Values{"filter": {`pub_unique3 = "SALEXYZ20"`}}.Encode(), true)
		listed, _ := json.Marshal(answer["totals"])
		summary := r.summarize(t)
		if strings.Contains(string(listed), `"conversions":"`+want+`"`) && strings.Contains(summary, `"conversions":"`+want+`"`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are not %s sales: the list has %s, the summary %s", want, listed, summary)
		}
	}
}

func (r *running) summarize(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTPAddr+"/v1/reports/conversions:summarize", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.AdminKey.Key)
	resp, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var compact bytes.Buffer
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Compact(&compact, text)
	}
	if err != nil {
		t.Fatalf("summarizing: %d %s %v", resp.StatusCode, text, err)
	}
	return compact.String()
}

// cutter cancels a context when a text is logged.
type cutter struct {
	text string
	cut  context.CancelFunc
}

func (c cutter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.text) {
		c.cut()
	}
	return len(p), nil
}

// TestMoveToMongoDBAndBack moves the data of a running product, interrupts the move, and serves on each side
// afterwards. Later sales are counted once.
func TestMoveToMongoDBAndBack(t *testing.T) {
	dir, back, uri := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "back"), mongotest.URI(t)
	from, to := "sqlite:"+dir, "sqlite:"+back
	onMongo := settings.Storage{DataDir: dir, DatabaseURL: uri}

	r, stop := start(t, dir, false)
	r.post(t, "/v1/offers?offer_id=10", `{"displayName":"Shoes","landingPageUrl":"https://shop.example/","postbackAuth":"OPEN"}`)
	r.post(t, "/v1/publishers?publisher_id=22", `{"displayName":"Ana"}`)
	r.post(t, "/v1/offers/10/coupons", `{"code":"SALEXYZ20","publisher":"publishers/22","startTime":"2020-01-01T00:00:00Z"}`)
	r.sell(t, "first")
	r.sell(t, "second")
	if _, err := moveData(t.Context(), from, uri, io.Discard); err == nil || !strings.Contains(err.Error(), "is in use by process") {
		t.Errorf("moving from a running process: %v", err)
	}
	stop()

	cut, cancel := context.WithCancel(t.Context())
	if _, err := moveData(cut, from, uri, cutter{"table=conversions", cancel}); err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "run the same command again to resume it") {
		t.Fatalf("the move that is cut off: %v", err)
	}
	cfg := couponlink.Config{HTTPAddr: "127.0.0.1:0", CouponGRPCAddr: "127.0.0.1:0", TrackingGRPCAddr: "127.0.0.1:0", Storage: onMongo, MongoDB: mongotest.Options()}
	if err := couponlink.Run(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "couponlink move --from "+from) {
		t.Errorf("starting on what is half moved: %v", err)
	}
	out, err := moveData(t.Context(), from, uri, io.Discard)
	if err != nil || !strings.Contains(out, "coupon    offers") || !strings.Contains(out, "\nmoved ") {
		t.Fatalf("the move: %v\n%s", err, out)
	}
	if _, err := moveData(t.Context(), from, uri, io.Discard); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("moving again: %v", err)
	}

	r, stop = startOn(t, onMongo, false)
	r.wantSales(t, "2")
	r.sell(t, "third")
	r.wantSales(t, "3")
	stop()
	if out, err = moveData(t.Context(), uri, to, io.Discard); err != nil {
		t.Fatalf("the move back: %v\n%s", err, out)
	}
	r, stop = start(t, back, false)
	r.wantSales(t, "3")
	r.sell(t, "fourth")
	r.wantSales(t, "4")
	stop()
}

// TestMoveRefusesWhatCannotWork checks that errors name the cause and no password.
func TestMoveRefusesWhatCannotWork(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ from, to, want string }{
		"no scheme":        {"data", "sqlite:" + dir, "--from must begin with sqlite:, mongodb://"},
		"another database": {"sqlite:" + dir, "postgres://u:s3cret@h", "--to must begin with"},
		"no directory":     {"sqlite:", "sqlite:" + dir, "--from is sqlite: without a directory"},
		"the same":         {"sqlite:" + dir, "sqlite:" + dir + "/", "are both sqlite:" + dir},
		"the same server":  {"mongodb://u:s3cret@h/p?replicaSet=x", "mongodb://v:s3cret@h/p", "are both mongodb://h/p"},
		"where users are":  {"mongodb://u:s3cret@h/admin", "mongodb://v:s3cret@h/", "are both mongodb://h"},
		"no source":        {"sqlite:" + dir + "/none", "sqlite:" + dir, "the source sqlite:" + dir + "/none: "},
		"a bad URI":        {"mongodb://u:s3cret@h:port/", "sqlite:" + dir, "the source mongodb://h:port: "},
	} {
		_, err := moveData(t.Context(), c.from, c.to, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "cret") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

package gateway_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// replayer is a fake journal. It sends parts, then ends with err.
type replayer struct {
	trackingv1.UnimplementedPostbackServiceServer
	parts int64
	err   error
}

func (s replayer) ReplayPostbacks(_ *trackingv1.ReplayPostbacksRequest, stream grpc.ServerStreamingServer[trackingv1.ReplayPostbacksResponse]) error {
	for n := range s.parts {
		if err := stream.Send(&trackingv1.ReplayPostbacksResponse{ReplayedCount: n + 1}); err != nil {
			return err
		}
	}
	return s.err
}

// TestStreamsAreLines checks that each line is a message, or the status that ends the stream.
func TestStreamsAreLines(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	away := apperr.New(apperr.Unavailable, "STORE_AWAY", "away")
	for _, c := range []struct {
		replayer
		status      int
		contentType string
		codes       []float64
	}{
		{replayer{parts: 3}, http.StatusOK, "application/x-ndjson", []float64{0, 0, 0}},
		{replayer{parts: 1, err: away}, http.StatusOK, "application/x-ndjson", []float64{0, 14}},
		{replayer{err: away}, http.StatusServiceUnavailable, "application/json", []float64{14}},
		{replayer{err: apperr.Invalid("FILTER_REQUIRED", "filter", "is missing")}, http.StatusBadRequest, "application/json", []float64{3}},
	} {
		server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log})
		trackingv1.RegisterPostbackServiceServer(server, c.replayer)
		handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: http.NotFoundHandler()}, gateway.Options{AdminKey: key, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		w := request(t, handler, http.MethodPost, "/v1/postbacks:replay", "application/json", strings.NewReader("{}"))
		if w.Code != c.status || w.Header().Get("Content-Type") != c.contentType || (w.Code == 503) != (w.Header().Get("Retry-After") == "1") {
			t.Errorf("%d %v, want %d and %s", w.Code, w.Header(), c.status, c.contentType)
		}
		lines := json.NewDecoder(w.Body)
		for i, code := range c.codes {
			var line map[string]any
			if err := lines.Decode(&line); err != nil {
				t.Fatal(err)
			}
			if got, isError := line["code"]; isError && got != code || !isError && (code != 0 || line["replayedCount"] == nil) {
				t.Errorf("line %d is %v", i, line)
			}
		}
		if err := lines.Decode(new(any)); err != io.EOF {
			t.Errorf("more than %d lines: %v", len(c.codes), err)
		}
	}
}

// TestContentTypes checks which bodies count as JSON.
func TestContentTypes(t *testing.T) {
	t.Parallel()
	const offer = `  {"displayName": "Shoes"}`
	for _, c := range []struct {
		contentType, body string
		status            int
	}{
		{"application/json", offer, 200},
		{"application/json; charset=utf-8", offer, 200},
		{"Application/Merge-Patch+JSON", offer, 200},
		{"", offer, 200},
		{"application/x-www-form-urlencoded", offer, 200},
		{"application/x-www-form-urlencoded", "displayName=Shoes", 415},
		{"text/plain", offer, 415},
		{"application/xml", "<offer/>", 415},
		{"multipart/form-data; boundary=x", "--x--", 415},
		{"nonsense;;", offer, 415},
		{"application/json; charset=utf-16", offer, 415},
		{"application/json; charset=US-ASCII", offer, 200},
		{"text/plain", "", 200},
	} {
		var body io.Reader = http.NoBody
		if c.body != "" {
			body = strings.NewReader(c.body)
		}
		path := "/v1/offers"
		if c.body == "" {
			path = "/v1/coupons:validate"
		}
		w := request(t, origin(t, &fake{}), http.MethodPost, path, c.contentType, body)
		if w.Code != c.status || w.Code == 415 && !(strings.Contains(w.Body.String(), "send application/json") && strings.Contains(w.Body.String(), c.contentType)) {
			t.Errorf("%s %s: %d %s, want %d", c.contentType, c.body, w.Code, w.Body, c.status)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/offers", strings.NewReader(offer))
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	if origin(t, &fake{}).ServeHTTP(w, r); w.Code != 415 || !strings.Contains(w.Body.String(), "UNSUPPORTED_CONTENT_TYPE") {
		t.Errorf("a compressed body: %d %s", w.Code, w.Body)
	}
}

// TestLoneSurrogates checks that half of a character is refused, and where.
func TestLoneSurrogates(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		`{"displayName": "a\ud800b"}`:                                 "display_name",
		`{"displayName": "\udc00"}`:                                   "display_name",
		`{"displayName": "x", "payout": {"percent": "\ud800\ud800"}}`: "payout.percent",
		`{"displayName": "\\\ud800", "payout": 7}`:                    "display_name",
	} {
		resp := do(t, origin(t, &fake{}), http.MethodPost, "/v1/offers", body)
		if resp.status != http.StatusBadRequest || resp.reason() != "MALFORMED_BODY" || resp.field() != field {
			t.Errorf("%s: %d %+v", body, resp.status, resp.errorBody)
		}
	}
	if resp := do(t, origin(t, &fake{}), http.MethodPost, "/v1/offers", `{"displayName": "\ud83d\ude00 \\ud800"}`); resp.status != http.StatusOK {
		t.Errorf("a whole character: %d %+v", resp.status, resp.errorBody)
	}
}

package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	getOffer = "/couponlink.coupon.v1.OfferService/GetOffer"
	watchAll = "/couponlink.tracking.v1.ConversionService/WatchConversions"
)

// connectCall sends a call in one of Connect's protocols, as the header says.
func connectCall(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	return connectCallOf(t, &fake{}, method, path, body, header...)
}

func connectCallOf(t *testing.T, f *fake, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	origin(t, f).ServeHTTP(w, r)
	return w.Result()
}

// TestConnectRefusals checks that the errors of calls that cannot be read have details, as all others.
func TestConnectRefusals(t *testing.T) {
	t.Parallel()
	const asJSON, asProto = "Content-Type: application/json", "Content-Type: application/proto"
	for says, c := range map[string]struct {
		path, body          string
		header              []string
		status              int
		code, reason, field string
	}{
		"a wrong type":           {getOffer, `{"name": 7}`, []string{asJSON}, 400, "invalid_argument", "MALFORMED_BODY", "name"},
		"an unknown field":       {getOffer, `{"nome": "x"}`, []string{asJSON}, 400, "invalid_argument", "MALFORMED_BODY", "nome"},
		"no JSON":                {getOffer, "", []string{asJSON}, 400, "invalid_argument", "MALFORMED_BODY", ""},
		"no proto":               {getOffer, "\xff\xff", []string{asProto}, 400, "invalid_argument", "MALFORMED_BODY", ""},
		"too large":              {getOffer, `{"name": "` + strings.Repeat("x", 17<<20) + `"}`, []string{asJSON}, 400, "invalid_argument", "BODY_TOO_LARGE", ""},
		"no gzip":                {getOffer, "{}", []string{asJSON, "Content-Encoding: gzip"}, 400, "invalid_argument", "MALFORMED_REQUEST", ""},
		"another encoding":       {getOffer, "{}", []string{asJSON, "Content-Encoding: rot13"}, 501, "unimplemented", "MALFORMED_REQUEST", ""},
		"a wrong time limit":     {getOffer, "{}", []string{asJSON, "Connect-Timeout-Ms: soon"}, 400, "invalid_argument", "MALFORMED_REQUEST", ""},
		"an unknown method":      {"/couponlink.coupon.v1.OfferService/Forget", "{}", []string{asJSON}, 501, "unimplemented", "NO_SUCH_ROUTE", ""},
		"a stream, a wrong type": {watchAll, "\x00\x00\x00\x00\x0c" + `{"filter":7}`, []string{"Content-Type: application/connect+json"}, 200, "invalid_argument", "MALFORMED_BODY", "filter"},
		"a stream, cut off":      {watchAll, "\x00\x00\x00\x00\x0c{", []string{"Content-Type: application/connect+json"}, 200, "invalid_argument", "MALFORMED_REQUEST", ""},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			resp := connectCall(t, http.MethodPost, c.path, c.body, c.header...)
			defer func() { _ = resp.Body.Close() }()
			var told struct {
				connectError
				Error connectError `json:"error"`
			}
			text := make([]byte, 1<<16)
			n, _ := resp.Body.Read(text)
			if err := json.Unmarshal(text[max(0, strings.IndexByte(string(text[:n]), '{')):n], &told); err != nil {
				t.Fatalf("%d %q: %v", resp.StatusCode, text[:n], err)
			}
			if told.Code == "" {
				told.connectError = told.Error
			}
			reason, field := told.details(t)
			if resp.StatusCode != c.status || told.Code != c.code || reason != c.reason || field != c.field || told.Message == "" {
				t.Errorf("%d %s: %s on %q: %s", resp.StatusCode, told.Code, reason, field, told.Message)
			}
		})
	}
}

// connectError is an error as Connect writes it.
type connectError struct {
	Code, Message string
	Details       []struct{ Type, Value string }
}

func (e connectError) details(t *testing.T) (reason, field string) {
	t.Helper()
	for _, d := range e.Details {
		value, err := base64.RawStdEncoding.DecodeString(d.Value)
		if err != nil {
			t.Fatal(err)
		}
		var info errdetails.ErrorInfo
		var request errdetails.BadRequest
		switch {
		case d.Type == "google.rpc.ErrorInfo" && proto.Unmarshal(value, &info) == nil:
			reason = info.GetReason()
		case d.Type == "google.rpc.BadRequest" && proto.Unmarshal(value, &request) == nil:
			field = request.GetFieldViolations()[0].GetField()
		}
	}
	return reason, field
}

// TestGRPCRefusals checks the same of gRPC and gRPC-Web, whose errors are in trailers.
func TestGRPCRefusals(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/grpc+proto", "application/grpc-web+proto"} {
		for body, want := range map[string]string{
			"\x00\x00\x00\x00\x02\xff\xff":                              "MALFORMED_BODY",
			"\x00\x00\x00\x00\x02\xff":                                  "MALFORMED_REQUEST",
			"\x00\x01\x10\x00\x00" + strings.Repeat("\x00", 0x01100000): "BODY_TOO_LARGE",
		} {
			resp := connectCall(t, http.MethodPost, getOffer, body, "Content-Type: "+kind, "TE: trailers")
			_ = resp.Body.Close()
			text := resp.Header.Get("Grpc-Status-Details-Bin") + resp.Trailer.Get("Grpc-Status-Details-Bin")
			details, err := base64.RawStdEncoding.DecodeString(text)
			var st spb.Status
			if err != nil || proto.Unmarshal(details, &st) != nil || st.GetCode() != 3 || !strings.Contains(string(details), want) {
				t.Errorf("%s %.10q: %v %v %v: %v", kind, body, resp.Header, resp.Trailer, &st, err)
			}
		}
	}
}

// TestConnectFaultsOfConnections checks that errors that do not come from a service get details, and tell nothing of what
// is inside.
func TestConnectFaultsOfConnections(t *testing.T) {
	t.Parallel()
	for reason, failure := range map[string]error{
		"CALL_TOO_SLOW": context.DeadlineExceeded, "SERVICE_UNREACHABLE": status.Error(codes.Unavailable, "dial tcp 10.0.0.1: secret"),
		"MESSAGE_TOO_LARGE": status.Error(codes.ResourceExhausted, "secret"), "INTERNAL": status.Error(codes.Internal, "stream secret"),
	} {
		resp := connectCallOf(t, &fake{err: failure}, http.MethodPost, getOffer, "{}", "Content-Type: application/json")
		var told connectError
		err := json.NewDecoder(resp.Body).Decode(&told)
		_ = resp.Body.Close()
		if got, _ := told.details(t); err != nil || got != reason || strings.Contains(told.Message, "secret") {
			t.Errorf("%v: %s, %s (%v)", failure, got, told.Message, err)
		}
	}
}

// TestNoConnect checks what callers in other protocols are told.
func TestNoConnect(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		method, kind, header string
		status               int
	}{
		"METHOD_NOT_ALLOWED":       {http.MethodPut, "application/json", "Allow", 405},
		"UNSUPPORTED_CONTENT_TYPE": {http.MethodPost, "text/plain", "Accept-Post", 415},
	} {
		resp := connectCall(t, c.method, getOffer, "{}", "Content-Type: "+c.kind)
		var body errorBody
		err := json.NewDecoder(resp.Body).Decode(&body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || body.reason() != reason || resp.Header.Get(c.header) == "" {
			t.Errorf("%s: %d %v %+v: %v", reason, resp.StatusCode, resp.Header, body, err)
		}
	}
}

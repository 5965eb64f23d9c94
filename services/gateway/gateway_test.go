package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const key = "a-key-of-the-tests"

// fake is a fake of both services. It records the last request and its metadata, and returns err or the
// response of the method below.
type fake struct {
	couponv1.UnimplementedOfferServiceServer
	couponv1.UnimplementedCouponServiceServer
	trackingv1.UnimplementedConversionServiceServer
	trackingv1.UnimplementedPostbackServiceServer
	err  error
	last proto.Message
	md   metadata.MD
	// left is how long the last call had until its deadline; 0 without a deadline.
	left time.Duration
	down atomic.Bool
}

func (f *fake) take(ctx context.Context, req proto.Message) error {
	f.last = proto.Clone(req)
	f.md, _ = metadata.FromIncomingContext(ctx)
	f.left = 0
	if until, ok := ctx.Deadline(); ok {
		f.left = time.Until(until)
	}
	return f.err
}

func (f *fake) ReplayPostbacks(req *trackingv1.ReplayPostbacksRequest, stream grpc.ServerStreamingServer[trackingv1.ReplayPostbacksResponse]) error {
	if err := f.take(stream.Context(), req); err != nil {
		return err
	}
	return stream.Send(&trackingv1.ReplayPostbacksResponse{Done: true})
}

func (f *fake) CreateOffer(ctx context.Context, req *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	return req.GetOffer(), f.take(ctx, req)
}

func (f *fake) GetOffer(ctx context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	return &couponv1.Offer{Name: req.GetName()}, f.take(ctx, req)
}

func (f *fake) CreateCoupon(ctx context.Context, req *couponv1.CreateCouponRequest) (*couponv1.Coupon, error) {
	return &couponv1.Coupon{Code: req.GetCoupon().GetCode(), Enabled: proto.Bool(false), StartTime: timestamppb.New(timestamppb.Now().AsTime())}, f.take(ctx, req)
}

func (f *fake) ListCoupons(ctx context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	return &couponv1.ListCouponsResponse{}, f.take(ctx, req)
}

func (f *fake) UpdateCoupon(ctx context.Context, req *couponv1.UpdateCouponRequest) (*couponv1.Coupon, error) {
	return req.GetCoupon(), f.take(ctx, req)
}

func (f *fake) ValidateCoupon(ctx context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	return &couponv1.ValidateCouponResponse{}, f.take(ctx, req)
}

func (f *fake) RecordConversion(ctx context.Context, req *trackingv1.RecordConversionRequest) (*trackingv1.RecordConversionResponse, error) {
	return &trackingv1.RecordConversionResponse{}, f.take(ctx, req)
}

// origin returns a gateway in front of a fake.
func origin(t *testing.T, f *fake) http.Handler {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log, Ready: func(context.Context) error {
		if f.down.Load() {
			return errors.New("store down")
		}
		return nil
	}})
	couponv1.RegisterOfferServiceServer(server, f)
	couponv1.RegisterCouponServiceServer(server, f)
	trackingv1.RegisterConversionServiceServer(server, f)
	trackingv1.RegisterPostbackServiceServer(server, f)
	partner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Partner", r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
	})
	handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: partner}, gateway.Options{AdminKey: key, DocsURL: "https://docs.example.com", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

type errorBody struct {
	Code    int
	Message string
	Details []struct {
		Type            string `json:"@type"`
		Reason          string
		Domain          string
		Metadata        map[string]string
		FieldViolations []struct{ Field, Description string }
		Links           []struct{ URL string }
	}
}

func (e errorBody) reason() string {
	for _, d := range e.Details {
		if d.Type == "type.googleapis.com/google.rpc.ErrorInfo" {
			return d.Reason
		}
	}
	return ""
}

func (e errorBody) field() string {
	for _, d := range e.Details {
		if d.Type == "type.googleapis.com/google.rpc.BadRequest" {
			return d.FieldViolations[0].Field
		}
	}
	return ""
}

// reply is a response. If its body is an error, the error is decoded.
type reply struct {
	errorBody
	status int
	header http.Header
}

func do(t *testing.T, h http.Handler, method, target, body string, header ...string) reply {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	got := reply{status: w.Code, header: w.Header()}
	if w.Code >= 400 && w.Code != http.StatusTeapot {
		if err := json.Unmarshal(w.Body.Bytes(), &got.errorBody); err != nil {
			t.Fatalf("%s %s: %d with a body that is not JSON: %s", method, target, w.Code, w.Body)
		}
	}
	return got
}

func TestErrorsOfServices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		err    error
		http   int
		code   codes.Code
		reason string
		field  string
	}{
		{"invalid", apperr.Invalid("INVALID_CODE", "code", "letters only"), 400, codes.InvalidArgument, "INVALID_CODE", "code"},
		{"not found", apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "m"), 404, codes.NotFound, "OFFER_NOT_FOUND", ""},
		{"exists", apperr.New(apperr.AlreadyExists, "COUPON_EXISTS", "m"), 409, codes.AlreadyExists, "COUPON_EXISTS", ""},
		{"precondition", apperr.New(apperr.FailedPrecondition, "PUBLISHER_BLOCKED", "m"), 400, codes.FailedPrecondition, "PUBLISHER_BLOCKED", ""},
		{"aborted", apperr.New(apperr.Aborted, "ETAG_MISMATCH", "m"), 409, codes.Aborted, "ETAG_MISMATCH", ""},
		{"denied", apperr.New(apperr.PermissionDenied, "DENIED", "m"), 403, codes.PermissionDenied, "DENIED", ""},
		{"exhausted", apperr.New(apperr.ResourceExhausted, "LIMIT", "m"), 429, codes.ResourceExhausted, "LIMIT", ""},
		{"unavailable", apperr.New(apperr.Unavailable, "STORE", "m"), 503, codes.Unavailable, "STORE", ""},
		{"internal", errors.New("secret"), 500, codes.Internal, "INTERNAL", ""},
		{"unreachable", status.Error(codes.Unavailable, "dial tcp 10.0.0.1: secret"), 503, codes.Unavailable, "SERVICE_UNREACHABLE", ""},
		{"transport", status.Error(codes.Internal, "stream secret"), 500, codes.Internal, "INTERNAL", ""},
		{"deadline", context.DeadlineExceeded, 504, codes.DeadlineExceeded, "CALL_TOO_SLOW", ""},
		{"cancelled", context.Canceled, 499, codes.Canceled, "CALL_CANCELED", ""},
		{"message", status.Error(codes.ResourceExhausted, "grpc: received message larger than max: secret"), 429, codes.ResourceExhausted, "MESSAGE_TOO_LARGE", ""},
		{"older service", status.Error(codes.Unimplemented, "unknown method secret"), 501, codes.Unimplemented, "CALL_UNKNOWN", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp := do(t, origin(t, &fake{err: c.err}), "GET", "/v1/offers/10", "")
			if resp.status != c.http || resp.Code != int(c.code) || resp.reason() != c.reason || resp.field() != c.field {
				t.Errorf("%+v", resp)
			}
			if strings.Contains(resp.Message, "secret") {
				t.Errorf("the answer tells what it should not: %s", resp.Message)
			}
			if (resp.header.Get("Retry-After") != "") != (c.http == 503) {
				t.Errorf("Retry-After %q", resp.header.Get("Retry-After"))
			}
			if got := resp.header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	big := `{"internalNote":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name, method, target, body string
		http                       int
		reason, field              string
	}{
		{"unknown field", "POST", "/v1/offers/10/coupons", `{"code":"A","expiryTime":"x"}`, 400, "MALFORMED_BODY", "expiry_time"},
		{"wrong type", "POST", "/v1/offers/10/coupons", `{"code": 12}`, 400, "MALFORMED_BODY", "code"},
		{"wrong time", "POST", "/v1/offers/10/coupons", "{\"code\":\"ÄÖ\",\n \"expireTime\": \"tomorrow\"}", 400, "MALFORMED_BODY", "expire_time"},
		{"wrong time, one line", "POST", "/v1/offers/10/coupons", `{"code":"ÄÖ", "startTime":"2026-13-01T00:00:00Z"}`, 400, "MALFORMED_BODY", "start_time"},
		{"wrong enum", "POST", "/v1/offers", `{"displayName":"x","state":"LIVE"}`, 400, "MALFORMED_BODY", "state"},
		{"nested", "POST", "/v1/offers", `{"displayName":"x","payout":{"fixed":{"units":"five"}}}`, 400, "MALFORMED_BODY", "payout.fixed.units"},
		{"after nested", "POST", "/v1/offers", `{"payout":{"fixed":{"units":"5"}},"uniqueCodes":"yes"}`, 400, "MALFORMED_BODY", "unique_codes"},
		{"whole request", "POST", "/v1/conversions", `{"amount":{"nanos":1e99}}`, 400, "MALFORMED_BODY", "amount.nanos"},
		{"duplicate field", "POST", "/v1/offers", `{"displayName":"x","display_name":"y"}`, 400, "MALFORMED_BODY", "display_name"},
		{"not JSON", "POST", "/v1/offers", `displayName=x`, 400, "MALFORMED_BODY", ""},
		{"cut off", "POST", "/v1/offers", `{"displayName":"x"`, 400, "MALFORMED_BODY", ""},
		{"more than one", "POST", "/v1/offers", `{"displayName":"x"} {}`, 400, "MALFORMED_BODY", ""},
		{"a list", "POST", "/v1/offers", `[]`, 400, "MALFORMED_BODY", ""},
		{"not UTF-8", "POST", "/v1/offers", "{\"displayName\":\"\xff\"}", 400, "MALFORMED_BODY", "display_name"},
		{"too large", "POST", "/v1/offers", big, 413, "BODY_TOO_LARGE", ""},
		{"patch, wrong type", "PATCH", "/v1/offers/10/coupons/22.A", `{"enabled":"no"}`, 400, "MALFORMED_BODY", "enabled"},
		{"patch, unknown field", "PATCH", "/v1/offers/10/coupons/22.A", `{"nonsense":1}`, 400, "MALFORMED_BODY", "nonsense"},
		{"unknown parameter", "GET", "/v1/offers/10/coupons?pagesize=3", "", 400, "UNKNOWN_PARAMETER", "pagesize"},
		{"unknown parameter of a get", "GET", "/v1/offers/10?x=1", "", 400, "UNKNOWN_PARAMETER", "x"},
		{"parameter beside a body", "POST", "/v1/conversions?validate_only=true", `{}`, 400, "UNKNOWN_PARAMETER", "validate_only"},
		{"parameter of a backup", "POST", "/v1/backups?backup_id=x", `{}`, 400, "UNKNOWN_PARAMETER", "backup_id"},
		{"parameter of the body", "POST", "/v1/offers?offer.display_name=x", `{}`, 400, "UNKNOWN_PARAMETER", "offer.display_name"},
		{"parameter of the path", "GET", "/v1/offers/10/coupons?parent=offers/11", "", 400, "UNKNOWN_PARAMETER", "parent"},
		{"twice", "GET", "/v1/offers/10/coupons?filter=a&filter=b", "", 400, "DUPLICATE_PARAMETER", "filter"},
		{"twice under two names", "GET", "/v1/offers/10/coupons?page_size=1&pageSize=2", "", 400, "DUPLICATE_PARAMETER", "page_size"},
		{"too great a number", "GET", "/v1/offers/10/coupons?pageSize=9999999999", "", 400, "MALFORMED_REQUEST", "page_size"},
		{"not a truth", "POST", "/v1/offers?validateOnly=maybe", "{}", 400, "MALFORMED_REQUEST", "validate_only"},
		{"in a list", "POST", "/v1/offers/10/coupons:batchCreate", `{"requests":[{"coupon":{"code":"A"}},{"coupon":{"code":7}}]}`, 400, "MALFORMED_BODY", "requests[1].coupon.code"},
		{"an element of a list", "POST", "/v1/offers/10/coupons:batchCreate", `{"requests":[{},{},7]}`, 400, "MALFORMED_BODY", "requests[2]"},
		{"after a list", "POST", "/v1/offers/10/coupons:batchCreate", `{"requests":[{},[]],"atomic":"yes"}`, 400, "MALFORMED_BODY", "requests[1]"},
		{"no name", "POST", "/v1/offers", `{"":[{"":"x"}]}`, 400, "MALFORMED_BODY", ""},
		{"not a number", "GET", "/v1/offers/10/coupons?page_size=x", "", 400, "MALFORMED_REQUEST", "page_size"},
		{"query not UTF-8", "GET", "/v1/offers/10/coupons?filter=%ff", "", 400, "MALFORMED_QUERY", "filter"},
		{"query broken", "GET", "/v1/offers/10/coupons?filter=%zz", "", 400, "MALFORMED_QUERY", ""},
		{"path not UTF-8", "GET", "/v1/offers/%ff", "", 400, "MALFORMED_PATH", ""},
		{"no such route", "GET", "/v1/nothing", "", 404, "NO_SUCH_ROUTE", ""},
		{"no such page", "GET", "/nothing", "", 404, "NO_SUCH_ROUTE", ""},
		{"no such method", "DELETE", "/v1/offers/10", "", 405, "METHOD_NOT_ALLOWED", ""},
		{"no such method of a verb", "GET", "/v1/coupons:validate", "", 405, "METHOD_NOT_ALLOWED", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			resp := do(t, origin(t, f), c.method, c.target, c.body)
			if resp.status != c.http || resp.reason() != c.reason || resp.field() != c.field {
				t.Errorf("%+v", resp)
			}
			if strings.Contains(resp.Message, "proto") || strings.Contains(resp.Message, "line 1") || strings.Contains(resp.Message, "strconv") {
				t.Errorf("not words for a caller: %s", resp.Message)
			}
			if f.last != nil {
				t.Errorf("a service was called: %v", f.last)
			}
		})
	}
}

func TestBodyThatIsSentInChunksIsBoundedToo(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"POST /v1/offers", "PATCH /v1/offers/10/coupons/22.A"} {
		verb, path, _ := strings.Cut(method, " ")
		body := io.MultiReader(strings.NewReader(`{"displayName":"`), io.LimitReader(endless{}, 2<<20), strings.NewReader(`"}`))
		req := httptest.NewRequestWithContext(t.Context(), verb, path, body)
		req.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		origin(t, &fake{}).ServeHTTP(w, req)
		if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "BODY_TOO_LARGE") {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAllowNamesTheMethods(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		"DELETE /v1/offers/10":                   "GET, HEAD, PATCH",
		"DELETE /livez":                          "GET, HEAD",
		"POST /readyz":                           "GET, HEAD",
		"PUT /docs/":                             "GET, HEAD",
		"POST /":                                 "GET, HEAD",
		"GET /v1/offers/10/coupons/22.A:archive": "POST",
		"PATCH /v1/offers/10/coupons/22.A:archive":   "POST",
		"GET /v1/postbacks:replay":                   "POST",
		"POST /v1/about/coupon":                      "GET, HEAD",
		"PUT /v1/reports/conversions:export":         "GET, HEAD",
		"BREW /v1/savedReports/weekly":               "DELETE, GET, HEAD, PATCH",
		"POST /v1/offers/10/coupons/22.A:unheard-of": "GET, HEAD, PATCH",
	} {
		method, path, _ := strings.Cut(request, " ")
		resp := do(t, origin(t, &fake{}), method, path, "")
		if got := resp.header.Get("Allow"); got != want || resp.status != http.StatusMethodNotAllowed || resp.reason() != "METHOD_NOT_ALLOWED" {
			t.Errorf("%s: %d, Allow: %q; want %q", request, resp.status, got, want)
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(origin(t, &fake{}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/v1/offers/10", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || len(body) != 0 || resp.ContentLength <= 0 {
		t.Errorf("%d, %d of %d bytes, %v", resp.StatusCode, len(body), resp.ContentLength, err)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	h := origin(t, &fake{})
	for _, c := range []struct{ path, authorization string }{
		{"/v1/offers/10", "-"}, {"/v1/offers/10", "Bearer wrong"}, {"/v1/offers/10", key}, {"/v1/nothing", "-"},
	} {
		resp := do(t, h, "GET", c.path, "", "Authorization", c.authorization)
		if resp.status != 401 || resp.reason() != "UNAUTHENTICATED" || !strings.HasPrefix(resp.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%+v: %+v", c, resp)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/docs", "/docs/", "/docs/swagger-ui.css", "/docs/links.md", "/docs/errors.md", "/docs/callers/publisher.md", "/openapi.json"} {
		if resp := do(t, h, "GET", path, "", "Authorization", ""); resp.status != 200 {
			t.Errorf("%s without a key: %d", path, resp.status)
		}
	}
	for _, path := range []string{"/click?offer_id=1", "/click/?offer_id=1", "/c/CODE", "/c/CODE/", "/C/CODE", "/postback?x"} {
		if resp := do(t, h, "GET", path, "", "Authorization", ""); resp.status != http.StatusTeapot {
			t.Errorf("%s: %d, not the partner's handler", path, resp.status)
		}
	}
}

func TestOnlyTheKeyGoesOn(t *testing.T) {
	t.Parallel()
	f := &fake{}
	if resp := do(t, origin(t, f), "GET", "/v1/offers/10", "", "Grpc-Metadata-X-Spoof", "1", "Cookie", "a=b", "X-Spoof", "1"); resp.status != 200 {
		t.Fatalf("%+v", resp)
	}
	for name := range f.md {
		if !slices.Contains([]string{"authorization", "x-forwarded-host", "x-forwarded-for", "x-request-id"}, name) {
			t.Errorf("metadata %s goes on", name)
		}
	}
}

func TestAnswersHaveAllFields(t *testing.T) {
	t.Parallel()
	h := origin(t, &fake{})
	get := func(method, path, body string) map[string]any {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return got
	}
	list := get("GET", "/v1/offers/-/coupons", "")
	if coupons, ok := list["coupons"].([]any); !ok || len(coupons) != 0 || list["nextPageToken"] != "" {
		t.Errorf("an empty list: %v", list)
	}
	coupon := get("POST", "/v1/offers/10/coupons", `{"code":"A"}`)
	if coupon["enabled"] != false || coupon["internalNote"] != "" || coupon["startTime"] == nil {
		t.Errorf("a coupon: %v", coupon)
	}
	if _, ok := coupon["expireTime"]; ok {
		t.Errorf("a coupon without expiry has one: %v", coupon)
	}
	if v := get("POST", "/v1/coupons:validate", `{"code":"A"}`); v["valid"] != false {
		t.Errorf("a verdict: %v", v)
	}
}

func TestUpdateMask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, query, body, want string }{
		{"from the body", "", `{"enabled":false}`, "enabled"},
		{"names of JSON", "", `{"expireTime":"2026-11-01T00:00:00Z","internal_note":""}`, "expire_time,internal_note"},
		{"nested", "", `{"payout":{"percent":"5"}}`, "payout.percent"},
		{"the service judges name, etag and fixed fields", "", `{"code":"B","etag":"e"}`, "code,etag"},
		{"null", "", `{"expireTime":null}`, "expire_time"},
		{"nothing", "", `{}`, ""},
		{"given", "?update_mask=expire_time,enabled", `{"enabled":true}`, "expire_time,enabled"},
		{"given as in JSON", "?updateMask=expireTime", `{}`, "expire_time"},
		{"given, nested", "?updateMask=payout.percent", `{}`, "payout.percent"},
		{"all", "?updateMask=*", `{}`, "*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			if resp := do(t, origin(t, f), "PATCH", "/v1/offers/10/coupons/22.A"+c.query, c.body); resp.status != 200 {
				t.Fatalf("%+v", resp)
			}
			update, _ := f.last.(*couponv1.UpdateCouponRequest)
			if got := strings.Join(update.GetUpdateMask().GetPaths(), ","); got != c.want || update.GetCoupon().GetName() != "offers/10/coupons/22.A" {
				t.Errorf("mask %q, coupon %v", got, update.GetCoupon())
			}
		})
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	f := &fake{}
	h := origin(t, f)
	for _, down := range []bool{false, true, false} {
		f.down.Store(down)
		want := http.StatusOK
		if down {
			want = http.StatusServiceUnavailable
		}
		if resp := do(t, h, "GET", "/readyz", ""); resp.status != want {
			t.Errorf("down %v: %d", down, resp.status)
		}
		if resp := do(t, h, "GET", "/healthz", ""); resp.status != http.StatusOK {
			t.Errorf("healthz: %d", resp.status)
		}
	}
}

func TestRootLeadsToTheConsole(t *testing.T) {
	t.Parallel()
	resp := do(t, origin(t, &fake{}), "GET", "/", "")
	if resp.status != http.StatusFound || resp.header.Get("Location") != "/console/" {
		t.Errorf("%d to %q", resp.status, resp.header.Get("Location"))
	}
}

package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const importTarget = "/v1/offers/10/coupons:import"

// keeper is a fake coupon service. It returns coupons in pages of two, and refuses codes with an underscore.
type keeper struct {
	couponv1.UnimplementedCouponServiceServer
	coupons []*couponv1.Coupon
	// err is returned by the list after errAfter pages, and by batches after errAfter batches.
	err      error
	errAfter int
	lists    []*couponv1.ListCouponsRequest
	batches  []*couponv1.BatchCreateCouponsRequest
}

func (k *keeper) ListCoupons(_ context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	if len(k.lists) >= k.errAfter && k.err != nil {
		return nil, k.err
	}
	k.lists = append(k.lists, proto.CloneOf(req))
	begin := 0
	if req.GetPageToken() != "" {
		if _, err := fmt.Sscan(req.GetPageToken(), &begin); err != nil {
			return nil, err
		}
	}
	end := min(begin+2, len(k.coupons))
	answer := &couponv1.ListCouponsResponse{Coupons: k.coupons[begin:end]}
	if end < len(k.coupons) {
		answer.NextPageToken = fmt.Sprint(end)
	}
	return answer, nil
}

func (k *keeper) BatchCreateCoupons(_ context.Context, req *couponv1.BatchCreateCouponsRequest) (*couponv1.BatchCreateCouponsResponse, error) {
	if len(k.batches) >= k.errAfter && k.err != nil {
		return nil, k.err
	}
	k.batches = append(k.batches, proto.CloneOf(req))
	answer := &couponv1.BatchCreateCouponsResponse{}
	for _, one := range req.GetRequests() {
		result := &couponv1.BatchCreateCouponsResult{Coupon: one.GetCoupon()}
		if strings.Contains(one.GetCoupon().GetCode(), "_") {
			result = &couponv1.BatchCreateCouponsResult{Fault: &couponv1.BatchCreateCouponsFault{
				Code: "INVALID_ARGUMENT", Reason: "INVALID_CODE", Field: "code", Message: "code: no special characters", Suggestion: "AB",
			}}
		}
		answer.Results = append(answer.Results, result)
	}
	return answer, nil
}

// kept returns a gateway in front of a keeper, in Berlin's time zone.
func kept(t *testing.T, k *keeper) http.Handler {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log})
	couponv1.RegisterCouponServiceServer(server, k)
	handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: http.NotFoundHandler()}, gateway.Options{AdminKey: key, Zone: zone, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// request returns the answer as it came. The path is a whole URL's behind the origin.
func request(t *testing.T, h http.Handler, method, target, contentType string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, body)
	req.Header.Set("Authorization", "Bearer "+key)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func fullCoupon() *couponv1.Coupon {
	at := timestamppb.New(time.Date(2026, 11, 1, 12, 0, 0, 5_000_000, time.UTC))
	return &couponv1.Coupon{
		Name: "offers/10/coupons/22.SALEXYZ20", Code: "SaleXyz20", Offer: "offers/10", Publisher: "publishers/22", State: couponv1.Coupon_ACTIVE,
		Enabled: proto.Bool(true), StartTime: at, InternalNote: "=1+1\r\n\"two\"", UsageLimit: 100, CreateTime: at, UpdateTime: at,
		TrackingLink: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SaleXyz20",
		Discount: &couponv1.Discount{
			Percent: "20", MinimumAmount: []*couponv1.Money{{CurrencyCode: "EUR", Units: 49, Nanos: 900_000_000}}, IncludedIds: []string{"shoes", "bags"},
		},
	}
}

func TestCouponExport(t *testing.T) {
	t.Parallel()
	const at = "2026-11-01T12:00:00.005Z"
	const row = `"offers/10/coupons/22.SALEXYZ20","SaleXyz20","offers/10","publishers/22","ACTIVE",true,` + at + ",,\"'=1+1\r\n\"\"two\"\"\",100,," +
		`"https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SaleXyz20",` + at + `,"20%; from 49.90 EUR; only shoes, bags"` + "\r\n"
	const defaults = `"name","code","offer","publisher","state","enabled","start_time","expire_time","internal_note","usage_limit","daily_usage_limit","tracking_link","create_time","discount"` + "\r\n"
	for _, c := range []struct {
		query, want string
		coupons     int
	}{
		{"", defaults + row + row + row + row + row, 5},
		{"?format=csv&columns=publisher,code", "\"publisher\",\"code\"\r\n\"publishers/22\",\"SaleXyz20\"\r\n", 1},
		{"?columns=code&bom=true", "\uFEFF\"code\"\r\n\"SaleXyz20\"\r\n", 1},
		{"", defaults, 0},
	} {
		k := &keeper{}
		for range c.coupons {
			k.coupons = append(k.coupons, fullCoupon())
		}
		w := request(t, kept(t, k), "GET", "/v1/offers/-/coupons:export"+c.query, "", http.NoBody)
		if w.Code != 200 || w.Body.String() != c.want || w.Header().Get("Content-Disposition") != `attachment; filename="coupons.csv"` {
			t.Errorf("%s: %d %v\ngot  %q\nwant %q", c.query, w.Code, w.Header(), w.Body, c.want)
		}
		if first := k.lists[0]; first.GetParent() != "offers/-" || first.GetPageSize() != 1000 {
			t.Errorf("%s: asked for %v", c.query, k.lists)
		}
	}
}

// Browsers send the system's type of a .csv, if it has one.
func TestImportedTypes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"", "text/csv", "TEXT/CSV; charset=utf-8", "text/csv; header=present;", "application/csv", "application/vnd.ms-excel", "text/plain", "application/octet-stream",
		"text/comma-separated-values", "text/x-csv", "application/x-csv", "text/x-comma-separated-values", "text/tab-separated-values", "application/excel",
	} {
		k := &keeper{}
		w := request(t, kept(t, k), "POST", importTarget, kind, strings.NewReader("code,publisher\nABC,22\n"))
		if w.Code != 200 || len(k.batches) != 1 {
			t.Errorf("%q: %d %s", kind, w.Code, w.Body)
		}
	}
}

func TestCouponExportAsJSON(t *testing.T) {
	t.Parallel()
	k := &keeper{coupons: []*couponv1.Coupon{fullCoupon(), fullCoupon(), fullCoupon()}}
	query := url.Values{"format": {"ndjson"}, "filter": {"state = ACTIVE"}, "order_by": {"code"}}
	w := request(t, kept(t, k), "GET", "/v1/offers/10/coupons:export?"+query.Encode(), "", http.NoBody)
	lines := strings.Split(strings.TrimSuffix(w.Body.String(), "\n"), "\n")
	var coupon struct{ Code, TrackingLink string }
	if err := json.Unmarshal([]byte(lines[2]), &coupon); err != nil || len(lines) != 3 || coupon.Code != "SaleXyz20" || coupon.TrackingLink == "" {
		t.Errorf("%v: %s", err, w.Body)
	}
	if last := k.lists[len(k.lists)-1]; len(k.lists) != 2 || last.GetParent() != "offers/10" || last.GetFilter() != "state = ACTIVE" || last.GetOrderBy() != "code" || last.GetPageToken() != "2" {
		t.Errorf("asked for %v", k.lists)
	}
}

func TestCouponExportErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query  string
		err    error
		http   int
		reason string
	}{
		{"?columns=code,payout", nil, 400, "UNKNOWN_COLUMN"},
		{"?format=xlsx", nil, 400, "INVALID_FORMAT"},
		{"?page_size=5", nil, 400, "UNKNOWN_PARAMETER"},
		{"?parent=offers/11", nil, 400, "UNKNOWN_PARAMETER"},
		{"", apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "m"), 404, "OFFER_NOT_FOUND"},
		{"", status.Error(codes.Unavailable, "10.0.0.1"), 503, "SERVICE_UNREACHABLE"},
	} {
		if resp := do(t, kept(t, &keeper{err: c.err}), "GET", "/v1/offers/10/coupons:export"+c.query, ""); resp.status != c.http || resp.reason() != c.reason {
			t.Errorf("%s: %+v", c.query, resp)
		}
	}
	func() {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // It is thrown as it is.
				t.Errorf("an export that broke off ended with %v", got)
			}
		}()
		k := &keeper{coupons: []*couponv1.Coupon{fullCoupon(), fullCoupon(), fullCoupon()}, err: apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "m"), errAfter: 1}
		request(t, kept(t, k), "GET", "/v1/offers/10/coupons:export", "", http.NoBody)
	}()
}

type importReply struct {
	Rows []struct {
		Row    int
		Coupon *struct{ Code, Publisher, StartTime string }
		Error  *errorBody
	}
	Created, Failed *int
	ValidateOnly    *bool
}

func TestCouponImport(t *testing.T) {
	t.Parallel()
	const file = "\uFEFFCode;Publisher;Start Date\r\nABC;22;2026-11-30\r\nA_B;22;\r\n\r\nDEF;22;tomorrow\r\n"
	for _, query := range []string{"", "?validate_only=true", "?validateOnly=false"} {
		k := &keeper{}
		w := request(t, kept(t, k), "POST", importTarget+query, "text/csv; charset=utf-8", strings.NewReader(file))
		var got importReply
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || len(got.Rows) != 3 || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%v: %d %s", err, w.Code, w.Body)
		}
		dry := strings.Contains(query, "true")
		if *got.Created != 1 || *got.Failed != 2 || *got.ValidateOnly != dry || len(k.batches) != 1 || k.batches[0].GetValidateOnly() != dry || k.batches[0].GetParent() != "offers/10" {
			t.Errorf("%s: %s of %v", query, w.Body, k.batches)
		}
		if first := got.Rows[0]; first.Row != 2 || first.Error != nil || first.Coupon.Code != "ABC" || first.Coupon.StartTime != "2026-11-29T23:00:00Z" {
			t.Errorf("%s: the first row: %s", query, w.Body)
		}
		second, third := got.Rows[1], got.Rows[2]
		if second.Row != 3 || second.Coupon != nil || second.Error.Code != int(codes.InvalidArgument) || second.Error.reason() != "INVALID_CODE" || second.Error.field() != "code" ||
			second.Error.Details[0].Metadata["suggestion"] != "AB" || second.Error.Details[0].Domain != "couponlink" {
			t.Errorf("%s: the second row: %s", query, w.Body)
		}
		if third.Row != 5 || third.Error.reason() != "INVALID_START_TIME" || third.Error.field() != "start_time" {
			t.Errorf("%s: the third row: %s", query, w.Body)
		}
	}
	w := request(t, kept(t, &keeper{}), "POST", importTarget, "text/csv", strings.NewReader("code,publisher\n"))
	if want := `{"rows":[],"created":0,"failed":0,"validateOnly":false}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("no rows: %s", w.Body)
	}
}

func TestCouponImportErrors(t *testing.T) {
	t.Parallel()
	const csv, file = "text/csv", "code,publisher\nABC,22\n"
	for _, c := range []struct {
		name, query, contentType, body string
		err                            error
		http                           int
		reason, words                  string
	}{
		{"JSON", "", "application/json", `{}`, nil, 415, "UNSUPPORTED_MEDIA_TYPE", `"application/json" is not that of a CSV file`},
		{"a form", "", "multipart/form-data; boundary=x", file, nil, 415, "UNSUPPORTED_MEDIA_TYPE", "text/csv"},
		{"a form", "", "application/x-www-form-urlencoded", file, nil, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		{"a misspelt dry run", "?validateonly=true", csv, file, nil, 400, "UNKNOWN_PARAMETER", "validateonly"},
		{"an unclear dry run", "?validate_only=yes", csv, file, nil, 400, "INVALID_VALIDATE_ONLY", "true or false"},
		{"an empty dry run", "?validate_only=", csv, file, nil, 400, "INVALID_VALIDATE_ONLY", ""},
		{"a dry run twice", "?validate_only=true&validateOnly=false", csv, file, nil, 400, "DUPLICATE_PARAMETER", ""},
		{"an unknown column", "", "text/plain", "code,publisher,colour\n", nil, 400, "UNKNOWN_COLUMN", `"colour"; the columns are code, offer`},
		{"an empty file", "", "application/octet-stream", "", nil, 400, "INVALID_FILE", "empty"},
		{"too many rows", "", csv, "code,publisher\n" + strings.Repeat("ABC,22\n", 10_001), nil, 400, "TOO_MANY_ROWS", ""},
		{"too large", "", csv, strings.Repeat(" ", 8<<20+1), nil, 413, "BODY_TOO_LARGE", "8 MiB"},
		{"a parent that is none", "", csv, file, apperr.Invalid("INVALID_PARENT", "parent", "m"), 400, "INVALID_PARENT", ""},
		{"the store is away", "", csv, file, apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "m"), 503, "STORE_UNAVAILABLE", ""},
	} {
		resp := do(t, kept(t, &keeper{err: c.err}), "POST", importTarget+c.query, c.body, "Content-Type", c.contentType)
		if resp.status != c.http || resp.reason() != c.reason || !strings.Contains(resp.Message, c.words) {
			t.Errorf("%s: %+v", c.name, resp)
		}
	}
	if resp := do(t, kept(t, &keeper{}), "GET", importTarget, ""); resp.status != 405 || resp.header.Get("Allow") != "POST" {
		t.Errorf("a GET: %+v", resp)
	}
	if resp := do(t, kept(t, &keeper{}), "POST", importTarget, file, "Authorization", "-", "Content-Type", csv); resp.status != 401 {
		t.Errorf("without a key: %+v", resp)
	}
}

// Files may be longer than other bodies, which keep their limit.
func TestLengthOfFiles(t *testing.T) {
	t.Parallel()
	file := "code,publisher,note\n" + strings.Repeat("ABC,22,"+strings.Repeat("x", 2000)+"\n", 3000)
	k := &keeper{}
	// Without a length that is known beforehand.
	w := request(t, kept(t, k), "POST", importTarget, "text/csv", io.MultiReader(strings.NewReader(file)))
	if w.Code != 200 || len(k.batches) < 6 {
		t.Errorf("%d: %d batches", w.Code, len(k.batches))
	}
	w = request(t, kept(t, k), "POST", importTarget, "text/csv", io.MultiReader(strings.NewReader(strings.Repeat(" ", 8<<20+1))))
	if w.Code != 413 {
		t.Errorf("too large: %d %s", w.Code, w.Body)
	}
	for path, mebibytes := range map[string]int{"/v1/offers/10/coupons": 1, "/v1/offers/10/coupons:batchCreate": 16} {
		body := strings.NewReader(strings.Repeat(" ", mebibytes<<20+1))
		if w := request(t, kept(t, k), "POST", path, "application/json", io.MultiReader(body)); w.Code != 413 || !strings.Contains(w.Body.String(), fmt.Sprintf("over %d MiB", mebibytes)) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// The caller must learn that a part of the file is stored.
func TestImportThatBreaksOff(t *testing.T) {
	t.Parallel()
	file := "code,publisher\n" + strings.Repeat("ABC,22\n", 1500)
	for _, err := range []error{apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "the store is away"), status.Error(codes.Unavailable, "secret")} {
		for query, told := range map[string]bool{"": true, "?validate_only=true": false} {
			resp := do(t, kept(t, &keeper{err: err, errAfter: 1}), "POST", importTarget+query, file, "Content-Type", "text/csv")
			if resp.status != 503 || strings.Contains(resp.Message, "1000 coupons of the file were stored") != told || strings.Contains(resp.Message, "secret") || resp.reason() == "" {
				t.Errorf("%s: %+v", query, resp)
			}
		}
	}
}

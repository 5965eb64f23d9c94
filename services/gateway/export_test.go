package gateway_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const exportPath = "/v1/reports/conversions:export"

// reporter is a fake tracking service. It sends parts, then ends with err.
type reporter struct {
	trackingv1.UnimplementedReportServiceServer
	parts [][]*trackingv1.Conversion
	err   error
	// pause is how long each part takes to come.
	pause time.Duration
	// endless says that the parts come again and again; gone is closed when the caller has left.
	endless bool
	gone    chan struct{}
	last    *trackingv1.ExportConversionsRequest
}

func (r *reporter) ExportConversions(req *trackingv1.ExportConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.ExportConversionsResponse]) error {
	r.last = req
	for again := true; again; again = r.endless {
		for _, part := range r.parts {
			select {
			case <-stream.Context().Done():
				close(r.gone)
				return stream.Context().Err()
			case <-time.After(r.pause):
			}
			if err := stream.Send(&trackingv1.ExportConversionsResponse{Conversions: part}); err != nil {
				close(r.gone)
				return err
			}
		}
	}
	return r.err
}

// reports returns a gateway in front of a reporter.
func reports(t *testing.T, r *reporter) http.Handler {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log})
	trackingv1.RegisterReportServiceServer(server, r)
	handler, err := gateway.New(gateway.Backends{Coupon: server.Local(), Tracking: server.Local(), Partner: http.NotFoundHandler()}, gateway.Options{AdminKey: key, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// fetch asks a server of its own, as exports break off by their connection.
func fetch(t *testing.T, h http.Handler, query url.Values) (header http.Header, body string, err error) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout = 2 * time.Second
	server.Start()
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+exportPath+"?"+query.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := server.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", query, resp.Status)
	}
	read, err := io.ReadAll(resp.Body)
	return resp.Header, string(read), err
}

func fullSale() *trackingv1.Conversion {
	at := timestamppb.New(time.Date(2026, time.November, 1, 12, 0, 0, 5_000_000, time.UTC))
	return &trackingv1.Conversion{
		Name: "conversions/9f86", Offer: "offers/10", Publisher: "publishers/22", Coupon: "offers/10/coupons/22.SALEXYZ20",
		CouponCode: "SALEXYZ20", Codes: []string{"SALEXYZ20", "SPRING"}, Click: "0193", TransactionId: "A-1", Event: "sale",
		Amount: &couponv1.Money{CurrencyCode: "USD", Units: 1234567, Nanos: 900_000_000}, RefundedAmount: &couponv1.Money{CurrencyCode: "USD", Units: 1},
		Payout: &couponv1.Money{CurrencyCode: "EUR", Nanos: 5_000_000}, Revenue: &couponv1.Money{CurrencyCode: "JPY", Units: 0},
		Status: trackingv1.Conversion_APPROVED, StatusReason: "returned", Outcome: trackingv1.Conversion_ATTRIBUTED, Method: trackingv1.Conversion_COUPON_CODE,
		PubUnique1: "eins", PubUnique2: "zwei", PubUnique3: "SALEXYZ20", PubUnique4: "vier", PubUnique5: "fünf", PubClickId: "pc", PubSubId: "ps",
		ConversionTime: at, CreateTime: at, UpdateTime: at, Conflicted: true,
	}
}

const allColumns = "name,offer,publisher,coupon,coupon_code,codes,click,transaction_id,event,amount,currency,refunded_amount,payout,payout_currency," +
	"revenue,revenue_currency,status,status_reason,outcome,method,reason,pub_unique1,pub_unique2,pub_unique3,pub_unique4,pub_unique5,pub_click_id,pub_sub_id," +
	"conversion_time,create_time,update_time,conflicted,undeduplicated"

func TestExportCSV(t *testing.T) {
	t.Parallel()
	const defaults = "conversion_time,name,offer,publisher,coupon_code,transaction_id,event,amount,currency," +
		"payout,payout_currency,revenue,revenue_currency,status,outcome,method,reason"
	const at = "2026-11-01T12:00:00.005Z"
	awkward := fullSale()
	awkward.TransactionId, awkward.PubSubId, awkward.CouponCode = `a "b", c`, "one\ntwo", ""
	for name, c := range map[string]struct {
		columns string
		sale    *trackingv1.Conversion
		want    string
	}{
		"default": {"", fullSale(), quoted(defaults) + "\r\n" + at + `,"conversions/9f86","offers/10","publishers/22","SALEXYZ20","A-1","sale",1234567.9,"USD",0.005,"EUR",0,"JPY","APPROVED","ATTRIBUTED","COUPON_CODE",""` + "\r\n"},
		"all": {allColumns, fullSale(), quoted(allColumns) + "\r\n" + `"conversions/9f86","offers/10","publishers/22","offers/10/coupons/22.SALEXYZ20","SALEXYZ20","SALEXYZ20, SPRING","0193","A-1","sale",` +
			`1234567.9,"USD",1,0.005,"EUR",0,"JPY","APPROVED","returned","ATTRIBUTED","COUPON_CODE","","eins","zwei","SALEXYZ20","vier","fünf","pc","ps",` + at + "," + at + "," + at + ",true,false\r\n"},
		"chosen, in order":     {"pub_unique3, amount,name", fullSale(), quoted("pub_unique3,amount,name") + "\r\n\"SALEXYZ20\",1234567.9,\"conversions/9f86\"\r\n"},
		"awkward texts":        {"transaction_id,pub_sub_id", awkward, quoted("transaction_id,pub_sub_id") + "\r\n\"a \"\"b\"\", c\",\"one\r\ntwo\"\r\n"},
		"one empty cell":       {"coupon_code", awkward, "\"coupon_code\"\r\n\"\"\r\n"},
		"one empty amount":     {"amount", &trackingv1.Conversion{}, "\"amount\"\r\n\"\"\r\n"},
		"what is not there":    {"amount,currency,conversion_time,status", &trackingv1.Conversion{}, quoted("amount,currency,conversion_time,status") + "\r\n,\"\",,\"\"\r\n"},
		"nothing that matches": {"name", nil, "\"name\"\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &reporter{}
			if c.sale != nil {
				r.parts = [][]*trackingv1.Conversion{{c.sale}}
			}
			query := url.Values{"filter": {`pub_unique3 = "SALEXYZ20"`}, "order_by": {"offer"}}
			if c.columns != "" {
				query.Set("columns", c.columns)
			}
			header, body, err := fetch(t, reports(t, r), query)
			if err != nil || body != c.want {
				t.Errorf("%v\ngot  %q\nwant %q", err, body, c.want)
			}
			if r.last.GetFilter() != `pub_unique3 = "SALEXYZ20"` || r.last.GetOrderBy() != "offer" {
				t.Errorf("asked for %v", r.last)
			}
			for name, want := range map[string]string{
				"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": `attachment; filename="conversions.csv"`,
				"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			} {
				if got := header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestExportsAreSafeInSpreadsheets(t *testing.T) {
	t.Parallel()
	texts := []string{"=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "＝1", "'=1", "a=1", "", "ü", "-1001", "-1,001.5", "'"}
	var sales []*trackingv1.Conversion
	for _, text := range texts {
		sales = append(sales, &trackingv1.Conversion{TransactionId: text, PubUnique1: text, PubSubId: text, Event: "sale", Amount: &couponv1.Money{CurrencyCode: "USD", Units: -5, Nanos: -500_000_000}})
	}
	_, body, err := fetch(t, reports(t, &reporter{parts: [][]*trackingv1.Conversion{sales}}), url.Values{"columns": {"transaction_id,pub_unique1,pub_sub_id,amount"}})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(lines) != len(texts)+1 {
		t.Fatalf("%v, %d lines of\n%s", err, len(lines), body)
	}
	for i, text := range texts {
		want := text
		if i < 7 {
			want = "'" + text
		}
		if got := lines[i+1]; !slices.Equal(got, []string{want, want, want, "-5.5"}) {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Text after a semicolon, a tab or a line break may become a cell of its own.
func TestExportsAreSafeBeyondCommas(t *testing.T) {
	t.Parallel()
	sale := &trackingv1.Conversion{PubSubId: "x;=cmd|' /C calc'!A0", TransactionId: "a\n@b\t+c;-1"}
	_, body, err := fetch(t, reports(t, &reporter{parts: [][]*trackingv1.Conversion{{sale}}}), url.Values{"columns": {"pub_sub_id,transaction_id"}})
	const want = "\"pub_sub_id\",\"transaction_id\"\r\n\"x;'=cmd|' /C calc'!A0\",\"a\r\n'@b\t'+c;-1\"\r\n"
	if err != nil || body != want {
		t.Errorf("%v: %q, want %q", err, body, want)
	}
}

func TestExportWithMark(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{"bom=true": "\uFEFF\"name\"\r\n", "bom=false": "\"name\"\r\n"} {
		values, err := url.ParseQuery(query + "&columns=name")
		if err != nil {
			t.Fatal(err)
		}
		if _, body, err := fetch(t, reports(t, &reporter{}), values); err != nil || body != want {
			t.Errorf("%s: %v, %q", query, err, body)
		}
	}
}

// quoted returns a list of names as the first line of a file.
func quoted(names string) string {
	return `"` + strings.ReplaceAll(names, ",", `","`) + `"`
}

func TestExportNDJSON(t *testing.T) {
	t.Parallel()
	second := fullSale()
	second.PubSubId = "one\ntwo"
	r := &reporter{parts: [][]*trackingv1.Conversion{{fullSale()}, {second}}}
	header, body, err := fetch(t, reports(t, r), url.Values{"format": {"ndjson"}, "orderBy": {"offer"}})
	if err != nil || header.Get("Content-Type") != "application/x-ndjson" || r.last.GetOrderBy() != "offer" {
		t.Fatalf("%v %v %v", err, header, r.last)
	}
	lines := strings.Split(body, "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("%q", lines)
	}
	var got struct {
		PubUnique3, PubSubID, ConversionTime, Explanation string
		Amount                                            struct{ CurrencyCode, Units string }
	}
	if err := json.Unmarshal([]byte(lines[1]), &got); err != nil {
		t.Fatal(err)
	}
	if got.PubUnique3 != "SALEXYZ20" || got.Amount.Units != "1234567" || got.ConversionTime != "2026-11-01T12:00:00.005Z" || !strings.Contains(lines[1], `"explanation"`) {
		t.Errorf("%+v of %s", got, lines[1])
	}
}

func TestExportErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query         string
		err           error
		http          int
		reason, field string
		words         string
	}{
		{"format=xlsx", nil, 400, "INVALID_FORMAT", "format", `"xlsx" is no format; the formats are csv, ndjson`},
		{"columns=name,nonsense", nil, 400, "UNKNOWN_COLUMN", "columns", `there is no column "nonsense"; the columns are name, offer,`},
		{"columns=name,,offer", nil, 400, "UNKNOWN_COLUMN", "columns", `there is no column ""`},
		{"columns=name,offer,name", nil, 400, "INVALID_COLUMNS", "columns", `"name" stands there twice`},
		{"columns=name&format=ndjson", nil, 400, "INVALID_COLUMNS", "columns", "all fields"},
		{"bom=yes", nil, 400, "INVALID_BOM", "bom", `"yes" is neither true nor false`},
		{"bom=", nil, 400, "INVALID_BOM", "bom", `"" is neither`},
		{"bom=true&format=ndjson", nil, 400, "INVALID_BOM", "bom", "format=csv"},
		{"column=name", nil, 400, "UNKNOWN_PARAMETER", "column", ""},
		{"page_size=3", nil, 400, "UNKNOWN_PARAMETER", "page_size", ""},
		{"format=csv&format=csv", nil, 400, "DUPLICATE_PARAMETER", "format", ""},
		{"order_by=offer&orderBy=offer", nil, 400, "DUPLICATE_PARAMETER", "order_by", ""},
		{"filter=%ff", nil, 400, "MALFORMED_QUERY", "filter", ""},
		{"filter=x", apperr.Invalid("INVALID_FILTER", "filter", "at character 1"), 400, "INVALID_FILTER", "filter", "at character 1"},
		{"", apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "m"), 503, "STORE_UNAVAILABLE", "", ""},
		{"", errors.New("secret"), 500, "INTERNAL", "", ""},
	} {
		r := &reporter{err: c.err}
		resp := do(t, reports(t, r), "GET", exportPath+"?"+c.query, "")
		if resp.status != c.http || resp.reason() != c.reason || resp.field() != c.field || !strings.Contains(resp.Message, c.words) {
			t.Errorf("%s: %+v", c.query, resp)
		}
		if resp.header.Get("Content-Type") != "application/json" || resp.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: the error's header is %v", c.query, resp.header)
		}
		if c.err == nil && r.last != nil {
			t.Errorf("%s: the service was called", c.query)
		}
	}
	if resp := do(t, reports(t, &reporter{}), "GET", exportPath, "", "Authorization", "-"); resp.status != 401 || resp.reason() != "UNAUTHENTICATED" {
		t.Errorf("without a key: %+v", resp)
	}
	if resp := do(t, reports(t, &reporter{}), "POST", exportPath, ""); resp.status != 405 || resp.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("a POST: %+v", resp)
	}
}

// A caller must not mistake a part for the whole, so the body is cut off.
func TestExportThatBreaksOff(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"csv", "ndjson"} {
		r := &reporter{parts: [][]*trackingv1.Conversion{{fullSale()}}, err: apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "m")}
		if _, body, err := fetch(t, reports(t, r), url.Values{"format": {format}}); err == nil {
			t.Errorf("%s: a whole answer, %q", format, body)
		}
	}
}

// An export may take longer than a request may take to be read.
func TestLongExport(t *testing.T) {
	t.Parallel()
	r := &reporter{parts: slices.Repeat([][]*trackingv1.Conversion{{fullSale()}}, 4), pause: 600 * time.Millisecond}
	_, body, err := fetch(t, reports(t, r), url.Values{"columns": {"name"}})
	if err != nil || strings.Count(body, "\r\n") != 5 {
		t.Errorf("%v, %q", err, body)
	}
}

// When the caller goes the query ends.
func TestExportWhoseCallerGoes(t *testing.T) {
	t.Parallel()
	r := &reporter{parts: [][]*trackingv1.Conversion{slices.Repeat([]*trackingv1.Conversion{fullSale()}, 500)}, endless: true, gone: make(chan struct{})}
	server := httptest.NewServer(reports(t, r))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+exportPath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	select {
	case <-r.gone:
	case <-time.After(10 * time.Second):
		t.Error("the query goes on")
	}
}

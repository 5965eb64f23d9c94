package partner_test

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestReadBody(t *testing.T) {
	const (
		form = "application/x-www-form-urlencoded"
		js   = "application/json"
	)
	one := url.Values{"coupon_code": {"SALEXYZ20"}, "amount": {"49.90"}}
	for _, tt := range []struct {
		kind, body string
		want       url.Values
	}{
		{"", "", nil},
		{js, " ", nil},
		{form, "coupon_code=SALEXYZ20&amount=49.90", one},
		{form + "; charset=UTF-8", "coupon_code=SALEXYZ20&amount=49.90", one},
		{"", "coupon_code=SALEXYZ20&amount=49.90\r\n", one},
		{"text/plain;charset=UTF-8", "coupon_code=SALEXYZ20&amount=49.90", one},
		{form, "a=b;c&d=50%off", url.Values{"a": {"b;c"}, "d": {"50%off"}}},
		{js, `{"coupon_code": "SALEXYZ20", "amount": 49.90}`, one},
		{"Application/JSON; charset=utf-8", `{"coupon_code": "SALEXYZ20", "amount": "49.90"}`, one},
		{"application/vnd.shop+json", "\xef\xbb\xbf{\"coupon_code\": \"SALEXYZ20\", \"amount\": 49.90}\n", one},
		{form, `{"coupon_code": "SALEXYZ20", "amount": 49.90}`, one},
		{"", `{"coupon_code": "SALEXYZ20", "amount": 49.90}`, one},
		{js, `{"a": true, "b": false, "c": null, "d": 12345678901234567890, "e": 1.2345E7, "f": 5e-3, "g": "", "h": 1e999, "i": -1E+2}`, url.Values{
			"a": {"true"}, "b": {"false"}, "c": {""}, "d": {"12345678901234567890"}, "e": {"12345000"}, "f": {"0.005"}, "g": {""}, "h": {"1e999"}, "i": {"-100"},
		}},
		{js, `{"a": "1", "a": "1", "codes": ["A10", 5], "x": [], "customer": {"land": "DE"}}`, url.Values{
			"a": {"1", "1"}, "codes": {"A10", "5"}, "customer": {`{"land":"DE"}`},
		}},
		{js, `{}`, url.Values{}},
		{js, `{"id": "\ud83d\ude00", "half": "a\ud83d", "other": "\uDE00", "wrong": ["\ud83d\u0041", "A", "\ud83dx"], "plain": "\\ud83d \ufffd", "n\t\"": "\\\ud83d"}`, url.Values{
			"id": {"😀"}, "half": {"a\xff"}, "other": {"\xff"}, "wrong": {"\xffA", "A", "\xffx"}, "plain": {"\\ud83d \uFFFD"}, "n\t\"": {"\\\xff"},
		}},
	} {
		if got, err := partner.ReadBody(tt.kind, []byte(tt.body)); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s, %s: got %v, %v, want %v", tt.kind, tt.body, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ kind, body, reason, field string }{
		{js, "coupon_code=SALEXYZ20", "MALFORMED_BODY", "body"},
		{js, `{"coupon_code": "SALE`, "MALFORMED_BODY", "body"},
		{js, `{"coupon_code": "A"} {}`, "MALFORMED_BODY", "body"},
		{js, `{"coupon_code": "A"`, "MALFORMED_BODY", "body"},
		{js, `[{"coupon_code": "A"}]`, "MALFORMED_BODY", "body"},
		{js, `"A"`, "MALFORMED_BODY", "body"},
		{js, `{"amount": {"value": 5}}`, "MALFORMED_BODY", "amount"},
		{js, `{"orderId": [["A"]]}`, "MALFORMED_BODY", "orderId"},
		{js, "{\"a\": \"\xff\"}", "BODY_NOT_UTF8", "body"},
		{form, `{"coupon_code"`, "MALFORMED_BODY", "body"},
		{"", "<sale/>", "MALFORMED_BODY", "body"},
		{"text/plain", "hello", "MALFORMED_BODY", "body"},
		{"text/xml", "<a>b=c</a>", "UNSUPPORTED_CONTENT_TYPE", "Content-Type"},
		{"multipart/form-data; boundary=x", "--x", "UNSUPPORTED_CONTENT_TYPE", "Content-Type"},
		{js + "; charset=utf-16", `{}`, "UNSUPPORTED_CONTENT_TYPE", "Content-Type"},
		{form + "; charset=UTF-16LE", "coupon_code=A", "UNSUPPORTED_CONTENT_TYPE", "Content-Type"},
	} {
		_, err := partner.ReadBody(tt.kind, []byte(tt.body))
		if e := apperr.As(err); e == nil || e.Reason != tt.reason || len(e.Violations) != 1 || e.Violations[0].Field != tt.field {
			t.Errorf("%s, %s: got %v, want %s on %s", tt.kind, tt.body, err, tt.reason, tt.field)
		}
	}
}

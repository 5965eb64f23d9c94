package partner_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestUnfilled(t *testing.T) {
	for _, value := range []string{
		"{click_id}", "{{order.id}}", "{{ order.id }}", "{{{order_id}}}", "${order.id}", "#{order_id}", "%{order_id}", "[order_id]", "[[order_id]]", "[ORDER ID]",
		"%%ORDER_ID%%", "%ORDER_ID%", "<order_id>", "<%= order.id %>", "{% order %}", "__CLICKID__", "*|ORDER_ID|*", "$order_id", "$order->id", "$_GET['id']",
		"{{ order.name | default: 'x' }}", "{aff_sub2}", "{transaction-id}", "{click:id}",
		"A-{order_id}", "order-${order.id}-1", "{shop}-{order}", "x%%ORDER_ID%%y",
		"%7Bclick_id%7D", "%257Bclick_id%257D", "%5Border_id%5D", "%25%25ORDER_ID%25%25", "%3Corder_id%3E", "%24%7Border.id%7D", "A-%7Border%7D",
		"{номер}", "{{注文番号}}", "[número]", "A-{größe}", "%D0%BD{%D0%BD}", "##ORDER_ID##", "#order_id#", "@@ORDER_ID@@", "@order_id@", "!!!order!!!", "~Order.Id~",
		"$$ORDER_ID$$", "$ORDER_ID$", "$(order_id)", "$[order_id]", "%23%23ORDER_ID%23%23",
		"undefined", "Undefined", "null", "NULL", "NaN", "nil", "None", "(not set)", "(not+set)", "%28not%20set%29", "%28not%2Bset%29", "(null)", "(none)", "(not provided)",
		"N/A", "#N/A", "[object Object]", "<nil>", "[null]", "<undefined>", "%s", "ORDER_ID", "click_id", "COUPON_CODE",
	} {
		if !partner.Unfilled(value) {
			t.Errorf("%q is taken for a value", value)
		}
	}
	for _, value := range []string{
		"", "A-1001", "#1001", "1001", "{1001}", "[1001]", "<1>", "{}", "[]", "%", "%%", "100%", "50%off", "A_1", "_a_", "__", "$5", "$", "$1,000", "A*B", "(A-1)",
		"{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "%7B3f2504e0-4f89-11d3-9a0c-0305e82c3301%7D", "{DEADBEEF01}", "a{1}b", "a{b", "b}a{", "}{", "NULLIFY", "NANA", "NONE10",
		`["SALEXYZ20"]`, `{"id":"5"}`, "[A10,B20]", "order <5>", "A[1]", "#A1001#", "##", "#", "@", "~~", "#1001#", "#order", "$(5)", "[٣]", "ORDER-ID-7", "sale", "SALEXYZ20", "49.90", "2026-11-22T12:00:00Z", "%41-1",
	} {
		if partner.Unfilled(value) {
			t.Errorf("%q is taken for no value", value)
		}
	}
}

// TestCheckKey: true and false are what PHP sends for an id that it does not have, and no sale's own id.
func TestCheckKey(t *testing.T) {
	for value, ok := range map[string]bool{"A-1": true, "": true, "falsework": true, "false": false, "TRUE": false, "{order_id}": false} {
		if err := partner.CheckKey("transaction_id", value); (err == nil) != ok {
			t.Errorf("CheckKey(%q) returned %v", value, err)
		}
		_, err := partner.ParsePostback(map[string][]string{"transaction_id": {value}, "test": {"true"}}, time.Now())
		if (err == nil) != ok {
			t.Errorf("transaction_id=%s: %v", value, err)
		}
	}
}

func FuzzUnfilled(f *testing.F) {
	f.Add("{click_id}")
	f.Add("%257B%%x%%")
	f.Add("{ A}c")
	f.Add("not set")
	f.Fuzz(func(t *testing.T, value string) {
		if partner.Unfilled(value) && !partner.Unfilled(url.QueryEscape(value)) && !strings.ContainsAny(value, "%+") {
			t.Errorf("%q is none, but is one when it is encoded", value)
		}
	})
}

// TestUnfilledParameters: each parameter that a template left unfilled is as if it had not been sent, with a
// warning that names it. TestParsePostbackRefuses has those that cannot be left out.
func TestUnfilledParameters(t *testing.T) {
	for _, tt := range []struct {
		query string
		held  bool
	}{
		{"coupon_code={coupon}", false},
		{"click_id=%7Bclick_id%7D", false},
		{"offer_id=[offer_id]", false},
		{"offer_id=NULL", false},
		{"pub_id=<pub>", false},
		{"token={token}", false},
		{"event=%%EVENT%%", false},
		{"timestamp={{ now }}", false},
		{"test=(not set)", false},
		{"status_reason=undefined", false},
		{"sig={sig}", false},
		{"ts=null", false},
		{"amount={amount}", true},
		{"amount=NaN", true},
		{"sale_amount=AMOUNT", true},
		{"currency=CURRENCY", true},
		{"status=${status}", true},
	} {
		got, err := parse(t, tt.query)
		name, _, _ := strings.Cut(tt.query, "=")
		if err != nil || len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], name+": ") || !strings.Contains(got.Warnings[0], "not filled in") || got.Held != tt.held {
			t.Errorf("%s: warnings %q, held %v, error %v", tt.query, got.Warnings, got.Held, err)
		}
		if got.Code+got.ClickID+got.Offer+got.Publisher+got.Token+got.StatusReason+string(got.Status)+got.Amount.Currency+got.Proof.Time != "" ||
			got.Event != domain.DefaultEvent || !got.Time.IsZero() || got.HasAmount || got.Test || got.Proof.Sent {
			t.Errorf("%s: got %+v", tt.query, got)
		}
	}
	if got, err := parse(t, "amount={amount}&sale_amount=5"); err != nil || got.Held || got.Amount.Units != 5 || len(got.Warnings) != 1 {
		t.Errorf("an amount under another name: %+v, %v", got, err)
	}
	if got, err := parse(t, "click_id={click_id}&cid=abc&offer_id=null&coupon_code=NULL"); err != nil || got.ClickID != "abc" || got.Offer != "null" || got.Code != "NULL" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseQuery(t *testing.T) {
	for raw, want := range map[string]url.Values{
		"a=b&a=c":                  {"a": {"b", "c"}},
		"a=b;c&d=50%off&e=%%X%%":   {"a": {"b;c"}, "d": {"50%off"}, "e": {"%%X%%"}},
		"a=1+2%2B3%&b;=%41%4":      {"a": {"1 2+3%"}, "b;": {"A%4"}},
		"&&a;b&=c&d=e=f;":          {"a;b": {""}, "": {"c"}, "d": {"e=f;"}},
		"a=1&amp;coupon_code=SALE": {"a": {"1"}, "amp;coupon_code": {"SALE"}},
	} {
		got := partner.ParseQuery(raw)
		if len(got) != len(want) {
			t.Errorf("%s: got %v", raw, got)
		}
		for name, values := range want {
			if !slices.Equal(got[name], values) {
				t.Errorf("%s: %s is %q, want %q", raw, name, got[name], values)
			}
		}
	}
}

func TestParameterName(t *testing.T) {
	for sent, want := range map[string]string{
		"transaction_id": "transaction_id", "Transaction_Id": "transaction_id", "COUPON_CODE[]": "coupon_code", "coupon_code[0]": "coupon_code",
		"coupon_code[1][2]": "coupon_code", "amp;coupon_code": "coupon_code", "amp;amp;a[]": "a", " a ": "a", "a[b]": "a[b]", "[]": "[]", "[": "[",
	} {
		if got := partner.ParameterName(sent); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}

func TestHideProof(t *testing.T) {
	got := partner.HideProof(url.Values{
		"Token": {"s"}, "SECURE": {"s"}, "securityToken[]": {"s", "t"}, "verification_token": {"s"}, "Sig": {"s"}, "coupon_code": {"A"}, "Click_Id": {"c"},
	}, nil)
	if want := "Click_Id=c&SECURE=%2A%2A%2A&Sig=%2A%2A%2A&Token=%2A%2A%2A&coupon_code=A&securityToken%5B%5D=%2A%2A%2A&verification_token=%2A%2A%2A"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

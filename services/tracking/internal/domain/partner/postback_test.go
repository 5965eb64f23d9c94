package partner_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func parse(t testing.TB, query string) (domain.Report, error) {
	t.Helper()
	return partner.ParsePostback(partner.ParseQuery(query), sale)
}

func TestParsePostback(t *testing.T) {
	full := domain.Report{
		Code: "SALEXYZ20", ClickID: "c1", Offer: "10", Publisher: "22", TransactionID: "A-1", HasAmount: true,
		Amount: money.Money{Currency: "EUR", Units: 49, Nanos: 900_000_000}, Event: "lead", Time: sale, Token: "s", Test: true,
	}
	bare := domain.Report{Code: "SALEXYZ20", Event: "sale"}
	tests := map[string]domain.Report{
		"coupon_code=SALEXYZ20&click_id=c1&offer_id=10&pub_id=22&transaction_id=A-1&amount=49.90&currency=eur&event=lead&timestamp=2026-11-22T12:00:00Z&token=s&test=1":           full,
		"code=SALEXYZ20&cid=c1&oid=10&pub_id=22&order_id=A-1&sale_amount=49.9&currency=EUR&event=lead&timestamp=1795348800&secure=s&test=true":                                    full,
		"promo_code=SALEXYZ20&clickid=c1&oid=10&pub_id=22&txn_id=A-1&sale_amount=49.9&currency=EUR&event=lead&timestamp=2026-11-22T13:00:00.0009%2B01:00&security_token=s&test=1": full,
		"coupon_code=SALEXYZ20":                                                                      bare,
		"coupon=+SALEXYZ20+&click_id=&amount=&test=0":                                                bare,
		"coupon_code=SALEXYZ20&code=SALEXYZ20":                                                       bare,
		"coupon_code=SALEXYZ20&coupon_code=SALEXYZ20&coupon_code=":                                   bare,
		"Coupon_Code[]=SALEXYZ20&COUPON=SALEXYZ20&couponCode[0]=SALEXYZ20&amp;coupon-code=SALEXYZ20": bare,
		"coupon_code=&code=SALEXYZ20":                                                                bare,
		"coupon_code=SALEXYZ20&event=Sale&event=SALE&test=NO&test=no":                                bare,
		"coupon_code=SALEXYZ20&amount=0&currency=usd&currency=USD":                                   {Code: "SALEXYZ20", Event: "sale", HasAmount: true, Amount: money.Money{Currency: "USD"}},
		"coupon_code=SALEXYZ20&amount=0&currency=USD":                                                {Code: "SALEXYZ20", Event: "sale", HasAmount: true, Amount: money.Money{Currency: "USD"}},
		"coupon_code=SALEXYZ20&amount=5":                                                             {Code: "SALEXYZ20", Event: "sale", HasAmount: true, Amount: money.Money{Units: 5}},
	}
	for query, want := range tests {
		got, err := parse(t, query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got.Warnings != nil {
			t.Errorf("%s: warnings %q", query, got.Warnings)
		}
		if !got.Time.Equal(want.Time) {
			t.Errorf("%s: time %v, want %v", query, got.Time, want.Time)
		}
		got.Time = want.Time
		if got.Code != want.Code || got.Amount != want.Amount || got.HasAmount != want.HasAmount || got.Token != want.Token ||
			got.TransactionID != want.TransactionID || got.Offer != want.Offer || got.Publisher != want.Publisher ||
			got.ClickID != want.ClickID || got.Event != want.Event || got.Test != want.Test {
			t.Errorf("%s:\n got %+v\nwant %+v", query, got, want)
		}
	}
}

func TestParsePostbackRefuses(t *testing.T) {
	tests := []struct{ query, reason, field string }{
		{"amount=12,5", "INVALID_AMOUNT", "amount"},
		{"amount=-1", "INVALID_AMOUNT", "amount"},
		{"amount=1e9999", "INVALID_AMOUNT", "amount"},
		{"amount=1000000000000", "INVALID_AMOUNT", "amount"},
		{"amount=Infinity", "INVALID_AMOUNT", "amount"},
		{"amount=1.", "INVALID_AMOUNT", "amount"},
		{"currency=DOLLARS", "INVALID_CURRENCY", "currency"},
		{"currency=ZZZ", "INVALID_CURRENCY", "currency"},
		{"timestamp=2027-11-22T12:00:00Z", "INVALID_TIMESTAMP", "timestamp"},
		{"timestamp=1795348800000", "INVALID_TIMESTAMP", "timestamp"},
		{"timestamp=yesterday", "INVALID_TIMESTAMP", "timestamp"},
		{"timestamp=1", "INVALID_TIMESTAMP", "timestamp"},
		{"pub_id=22&pub_id=33", "DUPLICATE_PARAMETER", "pub_id"},
		{"code=" + strings.Repeat("A,b;C|d ", 2) + "e+f+g&coupon=h,i,j,k", "INVALID_COUPON_CODE", "code"},
		{"click_id=A&click_id=&Click_Id=A&click_id[]=B", "CONFLICTING_ALIASES", "click_id[]"},
		{"Txn_Id=1&txn_id[]=2", "CONFLICTING_ALIASES", "txn_id[]"},
		{"Status=nonsense", "INVALID_STATUS", "Status"},
		{"order_id=1&transaction_id=2", "CONFLICTING_ALIASES", "order_id"},
		{"offer_id=10&oid=11", "CONFLICTING_ALIASES", "oid"},
		{"offer_id=../10", "INVALID_OFFER_ID", "offer_id"},
		{"pub_id=UP", "INVALID_PUB_ID", "pub_id"},
		{"test=maybe", "INVALID_TEST", "test"},
		{"event=a+b", "INVALID_EVENT", "event"},
		{"transaction_id={order_id}", "INVALID_TRANSACTION_ID", "transaction_id"},
		{"order_id=undefined", "INVALID_TRANSACTION_ID", "order_id"},
		{"transaction_id=ORDER_ID", "INVALID_TRANSACTION_ID", "transaction_id"},
		{"refund_id=%2525%2525REFUND%2525%2525", "INVALID_REFUND_ID", "refund_id"},
		{"status=refunded&amount={amount}", "INVALID_AMOUNT", "amount"},
		{"status=refunded&amount=5&currency=${currency}", "INVALID_CURRENCY", "currency"},
		{"transaction_id=%00", "INVALID_TRANSACTION_ID", "transaction_id"},
		{"transaction_id=" + strings.Repeat("x", 256), "INVALID_TRANSACTION_ID", "transaction_id"},
		{"coupon_code=%ff", "INVALID_UTF8", "coupon_code"},
		{"%ff=1", "INVALID_UTF8", "�"},
	}
	for _, tt := range tests {
		_, err := parse(t, tt.query)
		e := apperr.As(err)
		if e == nil || e.Kind != apperr.InvalidArgument || e.Reason != tt.reason || len(e.Violations) != 1 || e.Violations[0].Field != tt.field {
			t.Errorf("%s: got %#v, want %s on %s", tt.query, err, tt.reason, tt.field)
		}
	}
}

func TestParsePostbackWarnsOfUnknownParameters(t *testing.T) {
	r, err := parse(t, "coupn_code=A&utm_source=x&coupon_code=SALEXYZ20")
	if err != nil || len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0], "coupn_code") {
		t.Errorf("got warnings %q, error %v", r.Warnings, err)
	}
}

func FuzzParsePostback(f *testing.F) {
	f.Add("coupon_code=SALEXYZ20&amount=49.90&currency=USD&transaction_id=1")
	f.Add("a;b=%%X%%&Coupon_Code[]={x}&amount=NaN&click_id=%257Bid%257D")
	f.Add("timestamp=1795348800&test=1&event=lead&%ff=%00")
	f.Fuzz(func(t *testing.T, query string) {
		r, err := partner.ParsePostback(partner.ParseQuery(query), sale)
		if err != nil {
			e := apperr.As(err)
			if e == nil || len(e.Violations) != 1 || !utf8.ValidString(e.Message) {
				t.Fatalf("not a clear error: %#v", err)
			}
			return
		}
		if r.HasAmount && (r.Amount.Units < 0 || r.Amount.Nanos < 0) || r.Time.Sub(sale) > 5*time.Minute || !utf8.ValidString(r.Code) {
			t.Fatalf("accepted %+v", r)
		}
	})
}

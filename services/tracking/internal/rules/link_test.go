package rules_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

func TestParseLink(t *testing.T) {
	got, err := rules.ParseLink("offer_id=10&pub_id=22&coupon_code=SALEXYZ20&pub_click_id=p&pub_sub_id=s&unique1=a&pub_unique2=b&unique3=c&pub_unique3=c&utm=x")
	want := trackinglink.Link{Offer: "10", Publisher: "22", CouponCode: "SALEXYZ20", PubClickID: "p", PubSubID: "s", PubUniques: [5]string{"a", "b", "c"}}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for query, reason := range map[string]string{
		"offer_id=10&offer_id=11":                  "DUPLICATE_PARAMETER",
		"offer_id=10&unique1=a&pub_unique1=b":      "CONFLICTING_ALIASES",
		"offer_id=10&pub_sub_id=%ff":               "INVALID_UTF8",
		"offer_id=10&pub_sub_id=%0a":               "",
		"offer_id=10&pub_sub_id=a%0ab":             "INVALID_PUB_SUB_ID",
		"offer_id=10&pub_id=a/b":                   "INVALID_PUB_ID",
		"offer_id=%zz":                             "MALFORMED_QUERY",
		"unique5=" + strings.Repeat("%C3%A9", 256): "INVALID_UNIQUE5",
	} {
		_, err := rules.ParseLink(query)
		if e := apperr.As(err); (e == nil) != (reason == "") || e != nil && e.Reason != reason {
			t.Errorf("%s: got %v, want %q", query, err, reason)
		}
	}
}

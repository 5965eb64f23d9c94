package partner_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func TestKeptParameters(t *testing.T) {
	short := url.Values{"coupon_code": {"SALEXYZ20"}, "note": {strings.Repeat("z", 16000)}}.Encode()
	if kept, warning := partner.KeptParameters(short); kept != short || warning != "" {
		t.Errorf("parameters of %d bytes are kept as %d bytes, warning %q", len(short), len(kept), warning)
	}
	many := url.Values{"coupon_code": {"SALEXYZ20"}, "Transaction_Id": {"ü" + strings.Repeat("1", 200)}, "pub_id": {strings.Repeat("€", 20000)}}
	for n := range 3000 {
		many.Set("extra"+strings.Repeat("x", n%50), strings.Repeat("y", n))
	}
	for name, params := range map[string]url.Values{
		"a long value": {"coupon_code": {"SALEXYZ20"}, "Transaction_Id": {"ü" + strings.Repeat("1", 200)}, "note": {strings.Repeat("€", 20000)}},
		"many values":  many,
	} {
		kept, warning := partner.KeptParameters(params.Encode())
		if len(kept) > 16<<10 || warning == "" {
			t.Errorf("%s: %d bytes are kept, warning %q", name, len(kept), warning)
		}
		got, err := url.ParseQuery(kept)
		if err != nil || got.Get("coupon_code") != "SALEXYZ20" || got.Get("Transaction_Id") != params.Get("Transaction_Id") {
			t.Errorf("%s: what was read is lost: %v, %v", name, got, err)
		}
		if cut := got.Get("pub_id") + got.Get("note"); !utf8.ValidString(cut) || params.Has("pub_id") && utf8.RuneCountInString(got.Get("pub_id")) <= 200 {
			t.Errorf("%s: a value was cut to %q", name, cut)
		}
	}
}

func TestKeptBody(t *testing.T) {
	short, long := strings.Repeat("x", 16<<10), strings.Repeat("€", 16<<10)
	if kept := partner.KeptBody(short); kept != short || partner.IsCutBody(kept) {
		t.Error("a short body is not kept whole")
	}
	if kept := partner.KeptBody(long); len(kept) > 16<<10+100 || !utf8.ValidString(kept) || !partner.IsCutBody(kept) {
		t.Errorf("%d bytes are kept of a long body", len(kept))
	}
}

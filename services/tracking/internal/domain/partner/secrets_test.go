package partner_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// TestSecretsAreHidden sends an offer's secrets and a proof under random names, in queries and bodies: none is kept, and
// the rest is.
func TestSecretsAreHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := func(label string, n int) []byte {
			return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
		}
		credentials := domain.Credentials{
			Token: hex.EncodeToString(random("token", 16)), PreviousToken: hex.EncodeToString(random("previous token", 16)),
			Secret: "whsec_" + base64.StdEncoding.EncodeToString(random("secret", 32)),
		}
		mac := random("signature", 32)
		report := domain.Report{Token: "another-offer's-token", Proof: domain.Proof{Sent: true, Signatures: [][]byte{mac}}}
		values := []string{
			credentials.Token, credentials.PreviousToken, credentials.Secret, strings.TrimPrefix(credentials.Secret, "whsec_"),
			report.Token, hex.EncodeToString(mac), base64.StdEncoding.EncodeToString(mac), strings.ToUpper(credentials.Token),
			"https://shop.example.com/?" + url.Values{"t": {credentials.Secret}}.Encode(),
		}
		secret := rapid.SampledFrom(values).Draw(t, "value")
		name := rapid.SampledFrom([]string{"Token", "auth_token", "key", "note", "hash", secret, "x[" + secret + "]"}).Draw(t, "name")
		params := url.Values{name: {"before " + secret + " after"}, "coupon_code": {"SALEXYZ20"}}
		body, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		secrets := partner.SecretsOf(report, credentials)
		for _, text := range []string{params.Encode(), string(body), strings.ReplaceAll(string(body), "/", `\/`), secret} {
			shown := secrets.Hide(text)
			plain, err := url.QueryUnescape(shown)
			if err != nil {
				plain = shown
			}
			for _, known := range values[:len(values)-1] {
				if strings.Contains(strings.ToLower(shown+plain), strings.ToLower(known)) {
					t.Fatalf("%s keeps %s", shown, known)
				}
			}
			if text != secret && !strings.Contains(shown, "SALEXYZ20") {
				t.Fatalf("%s lost the code", shown)
			}
		}
	})
}

func TestShortTokensHideNothing(t *testing.T) {
	secrets := partner.SecretsOf(domain.Report{Token: "1"}, domain.Credentials{})
	if got := secrets.Hide("amount=11"); got != "amount=11" {
		t.Errorf("got %s", got)
	}
}

// TestAPIKeysAreHidden sends API keys where a postback token belongs, and under other names.
func TestAPIKeysAreHidden(t *testing.T) {
	first, second := access.NewSecret(), access.NewSecret()
	params := url.Values{"x": {first}, "authorization": {"Bearer " + second + "x"}, "short": {"clk_" + first[4:20]}, "coupon_code": {"SALEXYZ20"}}
	want := "authorization=Bearer+***x&coupon_code=SALEXYZ20&short=clk_" + first[4:20] + "&x=***"
	for _, secrets := range []partner.Secrets{nil, partner.SecretsOf(domain.Report{Token: first}, domain.Credentials{})} {
		if got := secrets.Hide(params.Encode()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := partner.Secrets(nil).Hide(strings.ToUpper(first) + first + "clk_"); got != "******clk_" {
		t.Errorf("got %s", got)
	}
}

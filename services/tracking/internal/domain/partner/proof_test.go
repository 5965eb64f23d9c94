package partner_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

const (
	oldSecret = "whsec_b2xkIHNlY3JldCBvZiAzMiBieXRlcywgb3Igc28gaXQgaXM="
	newSecret = "whsec_bmV3IHNlY3JldCBvZiAzMiBieXRlcywgb3Igc28gaXQgaXM="
)

func mac(secret, content string) []byte {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	h := hmac.New(sha256.New, key)
	h.Write([]byte(content))
	return h.Sum(nil)
}

// message is a signed POST made at a time.
func message(secret string, at time.Time) domain.Proof {
	const body = "a=1"
	ts := strconv.FormatInt(at.Unix(), 10)
	return partner.SignedMessage("msg_1", ts, "v1,"+base64.StdEncoding.EncodeToString(mac(secret, "msg_1."+ts+"."+body)), []byte(body))
}

// query is the proof of a GET as postbacks are parsed.
func query(t *testing.T, raw string) domain.Proof {
	t.Helper()
	params := partner.ParseQuery(raw)
	r, err := partner.ParsePostback(params, sale)
	if err != nil || r.Warnings != nil {
		t.Fatalf("%s: %v, warnings %q", raw, err, r.Warnings)
	}
	return partner.Over(r.Proof, "GET", params)
}

// signed is a GET's query with its signature.
func signed(raw, over string) string {
	return raw + "&sig=" + hex.EncodeToString(mac(newSecret, over))
}

// TestSignedMessageIsThatOfStandardWebhooks checks the example that the specification's libraries test by.
func TestSignedMessageIsThatOfStandardWebhooks(t *testing.T) {
	const (
		secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		body   = `{"test": 2432232314}`
	)
	o := offer()
	o.Credentials.Secret = secret
	p := partner.SignedMessage("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(body))
	if err := partner.CheckProof(p, o, time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

func TestProof(t *testing.T) {
	now := sale
	o := offer()
	o.Credentials = domain.Credentials{Secret: newSecret, PreviousSecret: oldSecret, PreviousExpireTime: now.Add(time.Second)}
	over := o
	over.Credentials.PreviousExpireTime = now
	bare := o
	bare.Credentials = domain.Credentials{}
	ts := strconv.FormatInt(now.Unix(), 10)
	two := message(newSecret, now)
	two.Signatures = append([][]byte{[]byte("another")}, two.Signatures...)
	tampered := message(newSecret, now)
	tampered.Content = strings.Replace(tampered.Content, "a=1", "a=2", 1)
	partial := message(newSecret, now)
	partial.Partial = true
	sorted := "amount=49.9&coupon_code=A+B%26c&ts=" + ts
	tests := []struct {
		says   string
		offer  domain.Offer
		proof  domain.Proof
		reason string
	}{
		{"a POST signed with the secret", o, message(newSecret, now), ""},
		{"a POST signed with the previous secret, while it is taken", o, message(oldSecret, now), ""},
		{"a POST signed with the previous secret, when it no longer is", over, message(oldSecret, now), partner.InvalidSignature},
		{"of several signatures one is enough", o, two, ""},
		{"a body that was changed", o, tampered, partner.InvalidSignature},
		{"another's secret", o, message("whsec_AAAA", now), partner.InvalidSignature},
		{"an empty secret signs nothing", bare, message("", now), partner.InvalidSignature},
		{"five minutes old", o, message(newSecret, now.Add(-5*time.Minute)), ""},
		{"a second more", o, message(newSecret, now.Add(-5*time.Minute-time.Second)), partner.StaleSignature},
		{"five minutes ahead", o, message(newSecret, now.Add(5*time.Minute)), ""},
		{"a second more ahead", o, message(newSecret, now.Add(5*time.Minute+time.Second)), partner.StaleSignature},
		{"old and of another's secret is a guess", o, message("whsec_AAAA", now.Add(-time.Hour)), partner.InvalidSignature},
		{"a POST whose query is not signed", o, partial, "UNSIGNED_PARAMETERS"},
		{"no webhook-id", o, partner.SignedMessage("", ts, "v1,x", nil), partner.MissingSignature},
		{"no webhook-timestamp", o, partner.SignedMessage("m", "", "v1,x", nil), partner.MissingSignature},
		{"no webhook-signature", o, partner.SignedMessage("m", ts, "", nil), partner.MissingSignature},
		{"a signature of no known version", o, partner.SignedMessage("m", ts, "v2,AAAA v1,%%%", nil), partner.InvalidSignature},
		{"a GET in any order of its parameters", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=49.9", sorted)), ""},
		{"a GET whose sig is in upper case", o, query(t, "ts="+ts+"&sig="+strings.ToUpper(hex.EncodeToString(mac(newSecret, "ts="+ts)))), ""},
		{"a GET that was changed", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=59.9", sorted)), partner.InvalidSignature},
		{"a GET with a parameter more", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=49.9&pub_id=33", sorted)), partner.InvalidSignature},
		{"a GET whose ts was changed", o, query(t, signed("ts="+strconv.FormatInt(now.Unix()+1, 10)+"&coupon_code=A%20B%26c&amount=49.9", sorted)), partner.InvalidSignature},
		{"a GET without ts", o, query(t, signed("amount=1", "amount=1")), partner.MissingSignature},
		{"a GET without sig", o, query(t, "ts="+ts), partner.MissingSignature},
		{"a sig that is not hexadecimal", o, query(t, "ts="+ts+"&sig=zz"), partner.InvalidSignature},
		{"a ts that is no number", o, query(t, signed("ts=now", "ts=now")), partner.InvalidSignature},
		{"a ts in milliseconds", o, query(t, signed("ts="+ts+"000", "ts="+ts+"000")), partner.StaleSignature},
		{"v1 by its name", o, query(t, strings.Replace(signed("ts="+ts+"&coupon_code=A%20B%26c&amount=49.9", sorted), "&sig=", "&sig=v1,", 1)), ""},
		{"a query as the id of a message", o, partner.SignedMessage("a=b", ts, "v1,"+base64.StdEncoding.EncodeToString(mac(newSecret, "a=b."+ts+".x")), []byte("x")), partner.InvalidSignature},
		{"base64 as the id of a message", o, partner.SignedMessage("YWI=", ts, "v1,"+base64.StdEncoding.EncodeToString(mac(newSecret, "YWI=."+ts+".x")), []byte("x")), ""},
		{"a ts beyond all time", o, query(t, signed("ts=9223372036854775807", "ts=9223372036854775807")), partner.StaleSignature},
	}
	for _, tt := range tests {
		err := partner.CheckProof(tt.proof, tt.offer, now)
		if e := apperr.As(err); (e == nil) != (tt.reason == "") || e != nil && e.Reason != tt.reason {
			t.Errorf("%s: got %v, want %q", tt.says, err, tt.reason)
		}
	}
}

// TestSignedRequest: any encoding of the same values verifies, and no other method and no other values.
func TestSignedRequest(t *testing.T) {
	o := offer()
	o.Credentials = domain.Credentials{Secret: newSecret}
	ts := strconv.FormatInt(sale.Unix(), 10)
	canonical := "coupon_code=A%20B%2Bc~%2A%27%28%29%21&transaction_id=%C3%BC%2F1-2._&ts=" + ts
	sig := "&sig=v1a," + hex.EncodeToString(mac(newSecret, "v1a\nGET\n"+canonical))
	for _, raw := range []string{
		canonical + sig,
		"transaction_id=%c3%bc/1-2._&ts=" + ts + "&coupon_code=A+B%2bc%7E*'()!" + strings.Replace(sig, "v1a,", "v1a%2C", 1),
		"ts=" + ts + sig + "&coupon_code=%41%20B%2Bc%7e%2a%27()%21&transaction_id=ü/1-2%2E%5F",
	} {
		if err := partner.CheckProof(query(t, raw), o, sale); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{
		strings.Replace(canonical, "A%20B", "A%20C", 1) + sig,
		canonical + "&pub_id=33" + sig,
		canonical + "&PUB_ID=33" + sig,
		canonical + strings.Replace(sig, "v1a,", "", 1),
		canonical + strings.Replace(sig, "v1a,", "v1,", 1),
		canonical + "&sig=v1a," + hex.EncodeToString(mac(newSecret, canonical)),
		canonical + "&sig=v1a," + hex.EncodeToString(mac(newSecret, "v1a\nPOST\n"+canonical)),
	} {
		if e := apperr.As(partner.CheckProof(query(t, raw), o, sale)); e == nil || e.Reason != partner.InvalidSignature {
			t.Errorf("%s: got %v", raw, e)
		}
	}
}

// TestTheDocumentedSignature computes the worked example of docs/postbacks.md from its text.
func TestTheDocumentedSignature(t *testing.T) {
	text, err := os.ReadFile("../../../../../docs/postbacks.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string) string {
		_, rest, found := strings.Cut(string(text), "<!-- "+name+" -->\n```\n")
		block, _, closed := strings.Cut(rest, "\n```")
		if !found || !closed {
			t.Fatalf("the docs have no %s", name)
		}
		return block
	}
	params := partner.ParseQuery(block("signature:query"))
	base := partner.SignedRequest("GET", params)
	if got := block("signature:base"); got != base {
		t.Errorf("the docs sign\n%s\nwant\n%s", got, base)
	}
	sig := "v1a," + hex.EncodeToString(mac(block("signature:secret"), base))
	if got := block("signature:sig"); got != sig {
		t.Errorf("the docs have %s, want %s", got, sig)
	}
	called, err := url.Parse(block("signature:call"))
	if err != nil {
		t.Fatal(err)
	}
	sent := partner.ParseQuery(called.RawQuery)
	r, err := partner.ParsePostback(sent, sale)
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseInt(r.Proof.Time, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	o := offer()
	o.Credentials.Secret = block("signature:secret")
	if err := partner.CheckProof(partner.Over(r.Proof, "GET", sent), o, time.Unix(seconds, 0)); err != nil {
		t.Errorf("the call in the docs: %v", err)
	}
}

func TestCredentialsTake(t *testing.T) {
	now := sale
	c := domain.Credentials{Token: "new", PreviousToken: "old", PreviousExpireTime: now}
	for _, tt := range []struct {
		token string
		at    time.Time
		want  bool
	}{
		{"new", now, true},
		{"new", now.AddDate(10, 0, 0), true},
		{"old", now.Add(-time.Millisecond), true},
		{"old", now, false},
		{"other", now, false},
		{"", now.Add(-time.Hour), false},
	} {
		if got := c.Takes(tt.token, tt.at); got != tt.want {
			t.Errorf("%q at %s: got %v", tt.token, tt.at, got)
		}
	}
	if (domain.Credentials{}).Takes("", now) {
		t.Error("an empty token is taken")
	}
}

func ExampleSignedQuery() {
	fmt.Println(partner.SignedQuery(url.Values{"ts": {"1795348800"}, "sig": {"00"}, "coupon_code": {"SALEXYZ20"}, "amount": {"49.90"}}))
	// Output: amount=49.90&coupon_code=SALEXYZ20&ts=1795348800
}

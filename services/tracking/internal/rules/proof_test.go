package rules_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
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
func message(secret string, at time.Time) rules.Proof {
	const body = "a=1"
	ts := strconv.FormatInt(at.Unix(), 10)
	return rules.SignedMessage("msg_1", ts, "v1,"+base64.StdEncoding.EncodeToString(mac(secret, "msg_1."+ts+"."+body)), []byte(body))
}

// query is the proof of a GET as postbacks are parsed.
func query(t *testing.T, raw string) rules.Proof {
	t.Helper()
	params, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rules.ParsePostback(params, sale)
	if err != nil || r.Warnings != nil {
		t.Fatalf("%s: %v, warnings %q", raw, err, r.Warnings)
	}
	r.Proof.Content = rules.SignedQuery(params)
	return r.Proof
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
	p := rules.SignedMessage("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(body))
	if err := p.Check(o, time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

func TestProof(t *testing.T) {
	now := sale
	o := offer()
	o.Credentials = rules.Credentials{Secret: newSecret, PreviousSecret: oldSecret, PreviousExpireTime: now.Add(time.Second)}
	over := o
	over.Credentials.PreviousExpireTime = now
	bare := o
	bare.Credentials = rules.Credentials{}
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
		offer  rules.Offer
		proof  rules.Proof
		reason string
	}{
		{"a POST signed with the secret", o, message(newSecret, now), ""},
		{"a POST signed with the previous secret, while it is taken", o, message(oldSecret, now), ""},
		{"a POST signed with the previous secret, when it no longer is", over, message(oldSecret, now), rules.InvalidSignature},
		{"of several signatures one is enough", o, two, ""},
		{"a body that was changed", o, tampered, rules.InvalidSignature},
		{"another's secret", o, message("whsec_AAAA", now), rules.InvalidSignature},
		{"an empty secret signs nothing", bare, message("", now), rules.InvalidSignature},
		{"five minutes old", o, message(newSecret, now.Add(-5*time.Minute)), ""},
		{"a second more", o, message(newSecret, now.Add(-5*time.Minute-time.Second)), rules.StaleSignature},
		{"five minutes ahead", o, message(newSecret, now.Add(5*time.Minute)), ""},
		{"a second more ahead", o, message(newSecret, now.Add(5*time.Minute+time.Second)), rules.StaleSignature},
		{"old and of another's secret is a guess", o, message("whsec_AAAA", now.Add(-time.Hour)), rules.InvalidSignature},
		{"a POST whose query is not signed", o, partial, "UNSIGNED_PARAMETERS"},
		{"no webhook-id", o, rules.SignedMessage("", ts, "v1,x", nil), rules.MissingSignature},
		{"no webhook-timestamp", o, rules.SignedMessage("m", "", "v1,x", nil), rules.MissingSignature},
		{"no webhook-signature", o, rules.SignedMessage("m", ts, "", nil), rules.MissingSignature},
		{"a signature of no known version", o, rules.SignedMessage("m", ts, "v2,AAAA v1,%%%", nil), rules.InvalidSignature},
		{"a GET in any order of its parameters", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=49.9", sorted)), ""},
		{"a GET whose sig is in upper case", o, query(t, "ts="+ts+"&sig="+strings.ToUpper(hex.EncodeToString(mac(newSecret, "ts="+ts)))), ""},
		{"a GET that was changed", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=59.9", sorted)), rules.InvalidSignature},
		{"a GET with a parameter more", o, query(t, signed("ts="+ts+"&coupon_code=A%20B%26c&amount=49.9&pub_id=33", sorted)), rules.InvalidSignature},
		{"a GET whose ts was changed", o, query(t, signed("ts="+strconv.FormatInt(now.Unix()+1, 10)+"&coupon_code=A%20B%26c&amount=49.9", sorted)), rules.InvalidSignature},
		{"a GET without ts", o, query(t, signed("amount=1", "amount=1")), rules.MissingSignature},
		{"a GET without sig", o, query(t, "ts="+ts), rules.MissingSignature},
		{"a sig that is not hexadecimal", o, query(t, "ts="+ts+"&sig=zz"), rules.InvalidSignature},
		{"a ts that is no number", o, query(t, signed("ts=now", "ts=now")), rules.InvalidSignature},
		{"a ts beyond all time", o, query(t, signed("ts=9223372036854775807", "ts=9223372036854775807")), rules.StaleSignature},
	}
	for _, tt := range tests {
		err := tt.proof.Check(tt.offer, now)
		if e := apperr.As(err); (e == nil) != (tt.reason == "") || e != nil && e.Reason != tt.reason {
			t.Errorf("%s: got %v, want %q", tt.says, err, tt.reason)
		}
	}
}

func TestCredentialsTake(t *testing.T) {
	now := sale
	c := rules.Credentials{Token: "new", PreviousToken: "old", PreviousExpireTime: now}
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
	if (rules.Credentials{}).Takes("", now) {
		t.Error("an empty token is taken")
	}
}

func ExampleSignedQuery() {
	fmt.Println(rules.SignedQuery(url.Values{"ts": {"1795348800"}, "sig": {"00"}, "coupon_code": {"SALEXYZ20"}, "amount": {"49.90"}}))
	// Output: amount=49.90&coupon_code=SALEXYZ20&ts=1795348800
}

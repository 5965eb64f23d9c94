package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signer signs postbacks as an advertiser's system does.
type signer struct{ key []byte }

// newSigner returns a signer with a secret in the form of Standard Webhooks.
func newSigner(t *testing.T, secret string) signer {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) != 32 {
		t.Fatalf("the secret stands for %d bytes, %v", len(key), err)
	}
	return signer{key: key}
}

func (s signer) sum(content string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(content))
	return mac.Sum(nil)
}

// get returns a signed GET.
func (s signer) get(at time.Time, params url.Values) step {
	params.Set("ts", strconv.FormatInt(at.Unix(), 10))
	params.Set("sig", hex.EncodeToString(s.sum(params.Encode())))
	return step{HTTP: "GET /postback?" + params.Encode()}
}

// getV1a returns a GET signed under v1a, with its query encoded as some senders do.
func (s signer) getV1a(at time.Time, params url.Values) step {
	params.Set("ts", strconv.FormatInt(at.Unix(), 10))
	sig := "v1a," + hex.EncodeToString(s.sum("v1a\nGET\n"+strings.ReplaceAll(params.Encode(), "+", "%20")))
	return step{HTTP: "GET /postback?" + strings.NewReplacer("~", "%7E", "%2A", "*").Replace(params.Encode()) + "&sig=" + sig}
}

// post returns a signed POST.
func (s signer) post(at time.Time, id string, params url.Values) step {
	ts, body := strconv.FormatInt(at.Unix(), 10), params.Encode()
	return step{HTTP: "POST /postback", Body: body, Headers: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "webhook-id": id, "webhook-timestamp": ts,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(s.sum(id+"."+ts+"."+body)),
	}}
}

// expecting adds an expected result to a step.
func expecting(st step, why string, status int, response map[string]any) step {
	st.Why, st.expectation = why, expectation{Status: status, Response: response}
	return st
}

// TestSignedPostbacks reports sales on an offer with HMAC, by GET and POST, also with the secret from before a
// rotation. It also sends whatever an eavesdropper could.
func TestSignedPostbacks(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), nil)
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	secrets := step{
		Call: "coupon.v1.OfferService/GetOffer", Request: map[string]any{"name": "offers/${offer}"},
		Save: map[string]string{"secret": "postbackSecret"},
	}
	v := p.prepare(t, []step{
		{Use: "campaign", But: map[string]any{"offer": map[string]any{"postbackAuth": "HMAC", "defaultConversionStatus": "APPROVED"}}},
		secrets,
	})
	old, now := newSigner(t, v["secret"]), time.Now()
	sale := func(transaction string) url.Values {
		return url.Values{"coupon_code": {v["code"]}, "amount": {"49.90"}, "transaction_id": {transaction}}
	}
	attributed := map[string]any{"outcome": "ATTRIBUTED", "publisher": "publishers/" + v["pub"], "warnings": "!absent"}
	refused := func(reason string) map[string]any { return map[string]any{"outcome": "REJECTED", "reason": reason} }
	more := old.get(now, sale("A-0"))
	more.HTTP += "&pub_id=" + v["pub"]
	p.mustPlay(t, v, []step{
		expecting(old.get(now, sale("A 1/ü")), "a GET", http.StatusOK, attributed),
		expecting(old.getV1a(now, sale("A *~/ü+1")), "a GET under v1a, encoded in another way", http.StatusOK, attributed),
		expecting(old.post(now, "msg_1", sale("A-2")), "a POST", http.StatusOK, attributed),
		expecting(old.post(now, "msg_2", url.Values{"coupon_code": {v["code"]}}), "a message is one sale", http.StatusOK, attributed),
		expecting(old.post(now, "msg_2", url.Values{"coupon_code": {v["code"]}}), "and its repeat", http.StatusOK, map[string]any{"outcome": "DUPLICATE"}),
		expecting(more, "a parameter more", http.StatusUnauthorized, refused("INVALID_SIGNATURE")),
		expecting(old.get(now.Add(-6*time.Minute), sale("A-0")), "too old", http.StatusUnauthorized, refused("STALE_SIGNATURE")),
		expecting(old.post(now.Add(6*time.Minute), "msg_3", sale("A-0")), "too far ahead", http.StatusUnauthorized, refused("STALE_SIGNATURE")),
		{HTTP: "GET /postback?coupon_code=${code}&token=${token}&transaction_id=A-0", Why: "a token does not help", expectation: expectation{
			Status: http.StatusUnauthorized, Response: refused("MISSING_SIGNATURE"),
		}},
		{Call: "coupon.v1.OfferService/RotatePostbackCredentials", Request: map[string]any{"name": "offers/${offer}", "overlap": "3600s"}},
		secrets,
	})
	rotated := newSigner(t, v["secret"])
	p.mustPlay(t, v, []step{
		expecting(rotated.post(now, "msg_4", sale("A-4")), "the new secret, at once", http.StatusOK, attributed),
		expecting(old.post(now, "msg_5", sale("A-5")), "the old secret, during the overlap", http.StatusOK, attributed),
		{Call: "coupon.v1.OfferService/RotatePostbackCredentials", Request: map[string]any{"name": "offers/${offer}", "overlap": "0s"}},
		{Pause: "3s", Why: "a change takes effect within that"},
		expecting(rotated.post(now, "msg_6", sale("A-0")), "the secret before the last, without an overlap", http.StatusUnauthorized, refused("INVALID_SIGNATURE")),
		{
			Call: "tracking.v1.ConversionService/ListConversions", Request: map[string]any{"filter": `offer = "offers/${offer}"`},
			expectation: expectation{Response: map[string]any{"conversions": map[string]any{"!len": 6}}},
		},
	})
}

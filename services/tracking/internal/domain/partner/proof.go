package partner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// The reasons why a proof is refused.
const (
	MissingSignature = "MISSING_SIGNATURE"
	InvalidSignature = "INVALID_SIGNATURE"
	StaleSignature   = "STALE_SIGNATURE"
)

const (
	// signatureTolerance is how far a signature's time may be from ours, either way.
	signatureTolerance = 5 * time.Minute
	// secretPrefix begins a secret in the form of Standard Webhooks; base64 follows.
	secretPrefix = "whsec_"
)

// Over returns the proof p for a request without a body. Its signature covers the parameters of the query, as
// sent, and under v1a also the method.
func Over(p domain.Proof, method string, params url.Values) domain.Proof {
	switch {
	case !p.Sent:
	case p.IsV1a:
		p.Content = SignedRequest(method, params)
	default:
		p.Content = SignedQuery(params)
	}
	return p
}

// SignedRequest returns the text that a v1a signature covers: v1a, the method and the query, one per line. The
// query has all parameters except sig, sorted by the bytes of their decoded names; values of one name stay in
// the order sent. Names and values are encoded as in RFC 3986: everything but A-Z a-z 0-9 - . _ ~ is %XX.
//
// Headers cannot hold a line feed, so this text cannot pass as a message (SignedMessage).
func SignedRequest(method string, params url.Values) string {
	return "v1a\n" + method + "\n" + strings.ReplaceAll(SignedQuery(params), "+", "%20")
}

// SignedQuery returns the text that a v1 signature covers: the query as in SignedRequest, but a space is a +.
func SignedQuery(params url.Values) string {
	rest := make(url.Values, len(params))
	for name, values := range params {
		if ParameterName(name) != "sig" {
			rest[name] = values
		}
	}
	return rest.Encode()
}

// SignedMessage returns the proof of a POST from the headers of Standard Webhooks: webhook-id,
// webhook-timestamp and webhook-signature, which holds signatures such as "v1,<base64>", separated by one
// space. If any of them is empty, it returns the zero Proof.
func SignedMessage(id, timestamp, signatures string, body []byte) domain.Proof {
	if id == "" || timestamp == "" || signatures == "" {
		return domain.Proof{}
	}
	p := domain.Proof{Sent: true, ID: id, Time: timestamp, Content: id + "." + timestamp + "." + string(body)}
	if strings.Contains(strings.TrimRight(id, "="), "=") {
		return p // such an id looks like a query, so the v1 signature of a GET could pass as a POST's
	}
	for signature := range strings.SplitSeq(signatures, " ") {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if mac, err := base64.StdEncoding.DecodeString(encoded); ok && err == nil {
			p.Signatures = append(p.Signatures, mac)
		}
	}
	return p
}

// CheckProof refuses a proof that was not made with one of the offer's secrets, whose time is not close to
// now, or that does not cover all parameters, so that anyone on the path could change them. Errors are
// Unauthenticated (MISSING_SIGNATURE, INVALID_SIGNATURE, STALE_SIGNATURE) and InvalidArgument
// (UNSIGNED_PARAMETERS on query).
func CheckProof(p domain.Proof, offer domain.Offer, now time.Time) error {
	if !p.Sent || p.Time == "" {
		return apperr.New(apperr.Unauthenticated, MissingSignature,
			"offer %s takes postbacks only with a signature: send webhook-id, webhook-timestamp and webhook-signature as headers of a POST, or ts and sig as parameters of a GET", offer.ID)
	}
	if !madeWithOneOf(p, offer.Credentials.Secrets(now)) {
		return apperr.New(apperr.Unauthenticated, InvalidSignature,
			"the signature is not made with the postback secret of offer %s, or not over what was sent; sign the body of a POST byte for byte, and all parameters of a GET but sig", offer.ID)
	}
	if err := checkTime(p, now); err != nil {
		return err
	}
	if p.Partial {
		return apperr.Invalid("UNSIGNED_PARAMETERS", "query", "has parameters that the signature does not cover; send those of a POST in its body, and the preset as a parameter, not in the path")
	}
	return CheckKey("webhook-id", p.ID)
}

// IsStrangers reports whether CheckProof's error is that of a caller who did not show that it knows a secret.
func IsStrangers(err error) bool {
	e := apperr.As(err)
	return e != nil && (e.Reason == MissingSignature || e.Reason == InvalidSignature)
}

// checkTime refuses a signature whose time is not close to now.
func checkTime(p domain.Proof, now time.Time) error {
	name := "ts"
	if p.ID != "" {
		name = "webhook-timestamp"
	}
	seconds, err := strconv.ParseInt(p.Time, 10, 64)
	if err != nil {
		return apperr.New(apperr.Unauthenticated, InvalidSignature, "%s: %.40q is not in unix seconds", name, p.Time)
	}
	if err := CheckUnixSeconds(seconds); err != nil {
		return apperr.New(apperr.Unauthenticated, StaleSignature, "%s: %s", name, err)
	}
	if at := time.Unix(seconds, 0).UTC(); now.Sub(at).Abs() > signatureTolerance {
		return apperr.New(apperr.Unauthenticated, StaleSignature,
			"%s: the signature was made at %s, and here it is %s: it may be 5 minutes off; sign each try again, and check the sender's clock",
			name, at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// madeWithOneOf reports whether one of the secrets made a signature. It compares in constant time.
func madeWithOneOf(p domain.Proof, secrets []string) bool {
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) == 0 {
			continue // not a usable secret
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(p.Content))
		want := mac.Sum(nil)
		for _, signature := range p.Signatures {
			if hmac.Equal(signature, want) {
				return true
			}
		}
	}
	return false
}

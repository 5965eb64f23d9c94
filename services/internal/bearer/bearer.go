// Package bearer reads `Authorization: Bearer KEY` and checks it against the admin key.
//
// The packages that serve requests may import it; it imports none of ours.
package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// Reason is the ErrorInfo reason of a refusal. Message tells the caller what to send.
const (
	Reason  = "UNAUTHENTICATED"
	Message = "this call needs a valid key: send the admin key or an API key as `Authorization: Bearer KEY` (gRPC: the same in metadata)"
)

const scheme = "Bearer "

// Verifier checks keys.
type Verifier struct {
	// sum is a hash rather than the key, because comparing hashes takes the same time for any input, of any length. So
	// timing reveals neither the key nor its length.
	sum [sha256.Size]byte
}

// NewVerifier returns a Verifier for the admin key.
func NewVerifier(key string) Verifier { return Verifier{sum: sha256.Sum256([]byte(key))} }

// OK reports whether a call has exactly one Authorization value, with the right key.
func (v Verifier) OK(authorization []string) bool {
	key, ok := KeyOf(authorization)
	sum := sha256.Sum256([]byte(key))
	return ok && subtle.ConstantTimeCompare(sum[:], v.sum[:]) == 1
}

// KeyOf returns the key of exactly one Authorization value. Two values are refused, because a proxy in between might
// have checked the other one.
func KeyOf(authorization []string) (key string, ok bool) {
	if len(authorization) != 1 {
		return "", false
	}
	value := authorization[0]
	if len(value) <= len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	return value[len(scheme):], true
}

// Header returns the Authorization value for a key.
func Header(key string) string { return scheme + key }

// Package bearer checks `Authorization: Bearer KEY` against the one admin key.
//
// Any edge may import it; it imports none of ours.
package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// Reason is the ErrorInfo reason of a refusal, and Message tells the caller how to do it right.
const (
	Reason  = "UNAUTHENTICATED"
	Message = "this call needs the admin key: send it as `Authorization: Bearer KEY` (gRPC: the same in metadata)"
)

const scheme = "Bearer "

// Verifier knows the admin key.
type Verifier struct {
	// sum, not the key itself: comparing hashes takes the same time whatever was sent, also where
	// its length differs, so that neither the key nor its length can be found out by timing.
	sum [sha256.Size]byte
}

// NewVerifier returns a Verifier of a key.
func NewVerifier(key string) Verifier { return Verifier{sum: sha256.Sum256([]byte(key))} }

// OK says whether the Authorization values of a call are exactly one, with the right key. Two are
// refused: a proxy on the way might have judged the other.
func (v Verifier) OK(authorization []string) bool {
	if len(authorization) != 1 {
		return false
	}
	value := authorization[0]
	if len(value) <= len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return false
	}
	sum := sha256.Sum256([]byte(value[len(scheme):]))
	return subtle.ConstantTimeCompare(sum[:], v.sum[:]) == 1
}

// Header returns the Authorization value that carries a key.
func Header(key string) string { return scheme + key }

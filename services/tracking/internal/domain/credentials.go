package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Secrets returns the secrets that are accepted at a time.
func (c Credentials) Secrets(now time.Time) []string {
	if c.PreviousSecret != "" && now.Before(c.PreviousExpireTime) {
		return []string{c.Secret, c.PreviousSecret}
	}
	return []string{c.Secret}
}

// Takes reports whether a token is the offer's at a time. It compares in constant time.
func (c Credentials) Takes(token string, now time.Time) bool {
	current := c.Token != "" && hmac.Equal([]byte(token), []byte(c.Token))
	previous := c.PreviousToken != "" && hmac.Equal([]byte(token), []byte(c.PreviousToken)) && now.Before(c.PreviousExpireTime)
	return current || previous || c.NamedBy(token) != ""
}

// NamedBy returns the hash of a token if it is one of the offer's named tokens, else "". The tokens are random, so
// comparing hashes tells nothing of them, however long it takes.
func (c Credentials) NamedBy(token string) string {
	if len(c.Named) == 0 || token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	if hash := hex.EncodeToString(sum[:]); slices.Contains(c.Named, hash) {
		return hash
	}
	return ""
}

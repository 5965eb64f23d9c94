package domain

import (
	"crypto/hmac"
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
	return current || previous
}

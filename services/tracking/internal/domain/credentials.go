package domain

import (
	"crypto/hmac"
	"strings"
	"time"
)

// Secrets returns the secrets that are accepted at a time.
func (c Credentials) Secrets(now time.Time) []string {
	if c.PreviousSecret != "" && now.Before(c.PreviousExpireTime) {
		return []string{c.Secret, c.PreviousSecret}
	}
	return []string{c.Secret}
}

// Hide returns a text without the tokens in it.
func (c Credentials) Hide(text string) string {
	for _, token := range []string{c.Token, c.PreviousToken} {
		if token != "" && text != "" {
			text = strings.ReplaceAll(text, token, "***")
		}
	}
	return text
}

// Takes reports whether a token is the offer's at a time. It compares in constant time.
func (c Credentials) Takes(token string, now time.Time) bool {
	current := c.Token != "" && hmac.Equal([]byte(token), []byte(c.Token))
	previous := c.PreviousToken != "" && hmac.Equal([]byte(token), []byte(c.PreviousToken)) && now.Before(c.PreviousExpireTime)
	return current || previous
}

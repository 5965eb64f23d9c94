package domain

import (
	"strings"
	"time"
)

const (
	// TokenChars is the length of a postback token, in hexadecimal digits.
	TokenChars = 32
	// SecretPrefix begins a secret. The base64 of SecretBytes random bytes follows.
	SecretPrefix = "whsec_"
	// SecretBytes is the number of random bytes in a secret.
	SecretBytes = 32
	// DefaultOverlap is how long credentials remain valid after their rotation by default.
	DefaultOverlap = day
	// MaxOverlap is the longest that credentials can remain valid after their rotation.
	MaxOverlap = 30 * day
)

// IsToken reports whether a text has the form of a postback token.
func IsToken(text string) bool {
	return len(text) == TokenChars && strings.Trim(text, "0123456789abcdef") == ""
}

// CheckOverlap refuses an overlap outside 0 to MaxOverlap or with fractions of a second: INVALID_OVERLAP on
// `overlap`.
func CheckOverlap(overlap time.Duration) error {
	return checkDuration("overlap", overlap, 0, MaxOverlap, "from 0 to 30 days")
}

// Rotate returns an offer with new credentials. Its current ones remain valid for an overlap, which must
// satisfy CheckOverlap. Older ones become invalid.
func Rotate(o Offer, next Credentials, overlap time.Duration, now time.Time) Offer {
	o.Previous, o.PreviousExpireTime = Credentials{}, time.Time{}
	if overlap > 0 {
		o.Previous, o.PreviousExpireTime = o.Credentials, now.Add(overlap)
	}
	o.Credentials = next
	o.UpdateTime = now
	return o
}

// PreviousAt returns an offer's credentials from before the last rotation and when they become invalid. Both
// are zero if the credentials are not valid at a moment.
func (o Offer) PreviousAt(now time.Time) (Credentials, time.Time) {
	if !now.Before(o.PreviousExpireTime) {
		return Credentials{}, time.Time{}
	}
	return o.Previous, o.PreviousExpireTime
}

// HasToken reports whether an offer accepts a postback token at a moment, as its current or its previous one.
func (o Offer) HasToken(token string, now time.Time) bool {
	previous, _ := o.PreviousAt(now)
	return token != "" && (token == o.PostbackToken || token == previous.PostbackToken)
}

package domain

import (
	"strings"
	"time"
)

const (
	// TokenChars is the length of a postback token, in hexadecimal digits.
	TokenChars = 32
	// SecretPrefix begins a secret; the base64 of SecretBytes random bytes follows.
	SecretPrefix = "whsec_"
	// SecretBytes is the number of random bytes in a secret.
	SecretBytes = 32
	// DefaultOverlap is how long credentials are good after their rotation, unless something else is said.
	DefaultOverlap = day
	// MaxOverlap is the longest that credentials can be good after their rotation.
	MaxOverlap = 30 * day
)

// IsToken says whether a text has the form of a postback token.
func IsToken(text string) bool {
	return len(text) == TokenChars && strings.Trim(text, "0123456789abcdef") == ""
}

// CheckOverlap says what is wrong with the time for which credentials are good after their rotation:
// INVALID_OVERLAP.
func CheckOverlap(overlap time.Duration) error {
	return checkDuration("overlap", overlap, 0, MaxOverlap, "from 0 to 30 days")
}

// Rotate returns an offer with new credentials. Those that it had are taken for an overlap yet; those
// before them, if there are any, no more. The overlap is one that CheckOverlap takes.
func Rotate(o Offer, next Credentials, overlap time.Duration, now time.Time) Offer {
	o.Previous, o.PreviousExpireTime = Credentials{}, time.Time{}
	if overlap > 0 {
		o.Previous, o.PreviousExpireTime = o.Credentials, now.Add(overlap)
	}
	o.Credentials = next
	o.UpdateTime = now
	return o
}

// PreviousAt returns an offer's credentials before the last rotation and until when they are taken,
// as far as they are taken at a moment; all empty where they are not.
func (o Offer) PreviousAt(now time.Time) (Credentials, time.Time) {
	if !now.Before(o.PreviousExpireTime) {
		return Credentials{}, time.Time{}
	}
	return o.Previous, o.PreviousExpireTime
}

// HasToken says whether a postback token is the offer's at a moment: its present one, or the one
// before while that is taken.
func (o Offer) HasToken(token string, now time.Time) bool {
	previous, _ := o.PreviousAt(now)
	return token != "" && (token == o.PostbackToken || token == previous.PostbackToken)
}

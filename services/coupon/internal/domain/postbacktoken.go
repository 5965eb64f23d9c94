package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// MaxPostbackTokens bounds the named postback tokens of an offer. Every lookup of the offer returns their hashes.
const MaxPostbackTokens = 20

// PostbackToken is a named postback token of an offer. The token itself is not stored.
type PostbackToken struct {
	ID          string
	Offer       string
	DisplayName string
	// Hash is the token's SHA-256, in hexadecimal.
	Hash string `audit:"masked"`
	// Prefix is the beginning of the token, so that people recognize it.
	Prefix     string
	CreateTime time.Time `audit:"-"`
	// LastUseTime is when a postback last had the token, to the minute; zero if none had it.
	LastUseTime time.Time `audit:"-"`
}

// Name returns the token's resource name.
func (t PostbackToken) Name() string { return resource.PostbackToken(t.Offer, t.ID) }

// HashToken returns the hash by which a postback token is stored.
func HashToken(token string) string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}

// NewPostbackToken returns a named token of an offer, or INVALID_ARGUMENT on `display_name`.
func NewPostbackToken(offer, id, displayName, token string, now time.Time) (PostbackToken, error) {
	const shown = 6
	t := PostbackToken{
		ID: id, Offer: offer, DisplayName: pasted.Trim(displayName), Hash: HashToken(token), Prefix: token[:shown], CreateTime: now,
	}
	return t, checkDisplayName(t.DisplayName)
}

// NoPostbackToken returns the error for a token that does not exist.
func NoPostbackToken(offer, id string) *apperr.Error {
	return apperr.New(apperr.NotFound, "POSTBACK_TOKEN_NOT_FOUND", "offer %s has no postback token %s", offer, id)
}

// TooManyPostbackTokens returns the error for one token too many.
func TooManyPostbackTokens(offer string) *apperr.Error {
	return apperr.New(apperr.FailedPrecondition, "TOO_MANY_POSTBACK_TOKENS", "offer %s has %d postback tokens, and no more are allowed; delete one that is not used", offer, MaxPostbackTokens)
}

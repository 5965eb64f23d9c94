package conversions

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// sealedForm begins the tokens for callers with limits. A position counts the events of all publishers, so they get it
// encrypted.
const sealedForm = "3:"

// seal encrypts positions of a feed for callers with the same rows and filter.
type seal struct{ cipher cipher.AEAD }

// newSeal returns the seal for what a token belongs to. The feed's id is random and not told to anyone.
func newSeal(feedID string, belongsTo ...string) (*seal, error) {
	key := sha256.New()
	for _, part := range append([]string{feedID}, belongsTo...) {
		_, _ = fmt.Fprintf(key, "%d:%s", len(part), part) // a hash takes every write
	}
	block, err := aes.NewCipher(key.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sealing resume tokens: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sealing resume tokens: %w", err)
	}
	return &seal{cipher: gcm}, nil
}

// token returns a position's token. It is another one each time, so that its holder does not see whether the position
// has moved.
func (s *seal) token(at domain.Position) string {
	text := fmt.Sprintf("%016x-%016x", at.Major, at.Minor)                                               // always as long
	return sealedForm + base64.RawURLEncoding.EncodeToString(s.cipher.Seal(nil, nil, []byte(text), nil)) //nolint:gosec // the cipher draws the nonce
}

// position is the inverse of token.
func (s *seal) position(token string) (domain.Position, bool) {
	text, sealed := strings.CutPrefix(token, sealedForm)
	content, err := base64.RawURLEncoding.DecodeString(text)
	if !sealed || err != nil {
		return domain.Position{}, false
	}
	opened, err := s.cipher.Open(nil, nil, content, nil)
	if err != nil {
		return domain.Position{}, false
	}
	first, second, _ := strings.Cut(string(opened), "-")
	major, majorErr := strconv.ParseInt(first, 16, 64)
	minor, minorErr := strconv.ParseInt(second, 16, 64)
	return domain.Position{Major: major, Minor: minor}, majorErr == nil && minorErr == nil
}

package idempotency

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Seal encrypts a secret of the response to a call with an id, so that it can be stored. Only Open with the same id and
// the same password can read it. The password is the secret that the call carries, which is stored nowhere.
func Seal(secret, id, password string) (string, error) {
	if password == "" {
		return "", errors.New("a call whose response has a secret carries none itself")
	}
	box, err := boxOf(id, password)
	if err != nil {
		return "", fmt.Errorf("sealing a secret: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, []byte(secret), nil)), nil //nolint:gosec // the box makes a random nonce
}

// Open returns what Seal encrypted, or "" if the id or the password is another one.
func Open(sealed, id, password string) string {
	box, err := boxOf(id, password)
	if err != nil {
		return ""
	}
	content, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return ""
	}
	secret, err := box.Open(nil, nil, content, nil)
	if err != nil {
		return ""
	}
	return string(secret)
}

// boxOf returns AES-256-GCM with a key that is derived from an id and a password.
func boxOf(id, password string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(password), nil, "couponlink response "+strings.ToLower(id), sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"strings"
)

// A secret is the prefix, 32 random letters and digits (190 bits), and a checksum of them. The checksum and the prefix
// let scanners of repositories find secrets, and services refuse typing errors without a lookup.
const (
	secretPrefix   = "clk_"
	randomChars    = 32
	checksumChars  = 6
	secretAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// shownChars is how much of a secret is kept to tell keys apart.
	shownChars = 8
)

// NewSecret returns a new secret.
func NewSecret() string {
	var b strings.Builder
	b.WriteString(secretPrefix)
	for range randomChars {
		i, _ := rand.Int(rand.Reader, big.NewInt(int64(len(secretAlphabet)))) // crypto/rand never fails
		b.WriteByte(secretAlphabet[i.Int64()])
	}
	return b.String() + checksum(b.String())
}

// IsSecret reports whether a text has the form of a secret, with its checksum.
func IsSecret(s string) bool {
	body := len(s) - checksumChars
	return body == len(secretPrefix)+randomChars && strings.HasPrefix(s, secretPrefix) && checksum(s[:body]) == s[body:]
}

// Shown returns the first characters of a secret, so that people can tell keys apart.
func Shown(secret string) string { return secret[:min(shownChars, len(secret))] }

// Hash is a secret as it is stored and looked up. A secret has so much entropy that it needs no salt and
// no slow hash.
type Hash [sha256.Size]byte

// HashOf returns the hash of a secret.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// checksum returns the CRC-32 of a text in base 62.
func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	var digits [checksumChars]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = secretAlphabet[sum%uint32(len(secretAlphabet))]
		sum /= uint32(len(secretAlphabet))
	}
	return string(digits[:])
}

// HashFrom returns the hash that bytes are. ok is false if they have another length.
func HashFrom(b []byte) (h Hash, ok bool) {
	copy(h[:], b)
	return h, len(b) == len(h)
}

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

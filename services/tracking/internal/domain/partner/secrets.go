package partner

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// mask stands where a secret was.
	mask = "***"
	// minSentChars is the length from which a sent token is taken for a secret wherever it occurs. A shorter one is no
	// token of ours, and could be part of anything.
	minSentChars = 8
	// An API key is this and as many letters and digits. Callers confuse it with a postback token.
	keyPrefix = "clk_"
	keyChars  = len(keyPrefix) + 38
)

// Secrets are values that must be neither stored nor logged, in all their spellings. The zero value is empty.
type Secrets []string

// SecretsOf returns the secrets in a report: the offer's tokens and secrets, and what the report sent as proof, right or
// wrong.
func SecretsOf(r domain.Report, c domain.Credentials) Secrets {
	var s Secrets
	for _, value := range [...]string{c.Token, c.PreviousToken, c.Secret, c.PreviousSecret} {
		s = s.with(strings.TrimPrefix(value, secretPrefix))
	}
	if len(r.Token) >= minSentChars {
		s = s.with(r.Token)
	}
	for _, mac := range r.Proof.Signatures {
		if len(mac) > 0 {
			s = s.with(hex.EncodeToString(mac)).with(base64.StdEncoding.EncodeToString(mac))
		}
	}
	return s
}

// with adds a value, as it is sent plainly, in a query, in a query that is itself a parameter, in JSON, and in the
// alphabet of URLs.
func (s Secrets) with(value string) Secrets {
	if value == "" {
		return s
	}
	value = lowered(value)
	escaped := lowered(url.QueryEscape(value))
	for _, spelling := range [...]string{
		value, escaped, lowered(url.QueryEscape(escaped)), strings.ReplaceAll(value, "/", `\/`),
		strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(value), "="),
	} {
		if !slices.Contains(s, spelling) {
			s = append(s, spelling)
		}
	}
	return s
}

// Hide returns a text with each of the secrets and every API key masked, in any case. The text may be plain, JSON or a query as
// url.Values.Encode writes it.
func (s Secrets) Hide(text string) string {
	folded := lowered(text)
	for _, secret := range append(slices.Clip(s), keysIn(folded)...) {
		if !strings.Contains(folded, secret) {
			continue
		}
		var shown strings.Builder
		rest := text
		for {
			at := strings.Index(folded, secret)
			if at < 0 {
				break
			}
			shown.WriteString(rest[:at])
			shown.WriteString(mask)
			rest, folded = rest[at+len(secret):], folded[at+len(secret):]
		}
		shown.WriteString(rest)
		text = shown.String()
		folded = lowered(text)
	}
	return text
}

// keysIn returns what has the form of an API key in a text in lower case.
func keysIn(text string) []string {
	var found []string
	for {
		at := strings.Index(text, keyPrefix)
		if at < 0 || len(text) < at+keyChars {
			return found
		}
		if key := text[at : at+keyChars]; strings.IndexFunc(key[len(keyPrefix):], isNoKeyChar) < 0 {
			found = append(found, key)
		}
		text = text[at+len(keyPrefix):]
	}
}

func isNoKeyChar(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// HideAll returns texts with the secrets masked.
func (s Secrets) HideAll(texts []string) []string {
	shown := slices.Clone(texts)
	for i, text := range shown {
		shown[i] = s.Hide(text)
	}
	return shown
}

// lowered returns a text with its ASCII letters in lower case. Unlike strings.ToLower it keeps each byte's place.
func lowered(text string) string {
	if strings.IndexFunc(text, isUpper) < 0 {
		return text
	}
	bytes := []byte(text)
	for i, b := range bytes {
		if isUpper(rune(b)) {
			bytes[i] = b + ('a' - 'A')
		}
	}
	return string(bytes)
}

func isUpper(r rune) bool { return 'A' <= r && r <= 'Z' }

package partner

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// The reasons for refusing a postback whose body was lost. The journal does not have the body, so the
// postback cannot be replayed.
const (
	BodyTooLarge   = "BODY_TOO_LARGE"
	BodyIncomplete = "BODY_INCOMPLETE"
	bodyNotUTF8    = "BODY_NOT_UTF8"
)

// BodyLost reports whether a postback that was refused for reason lost its body.
func BodyLost(reason string) bool {
	return reason == BodyTooLarge || reason == BodyIncomplete || reason == bodyNotUTF8
}

// maxExponent bounds the exponent, positive or negative, of a JSON number that is written out in full.
const maxExponent = 99

// ReadBody reads the parameters in a postback's body: a form, or a flat JSON object whose values are strings,
// numbers, true, false, or lists of them. null counts as not sent. A nested value is kept as JSON if its name
// is not a parameter's.
//
// Errors: InvalidArgument on Content-Type (UNSUPPORTED_CONTENT_TYPE, also for UTF-16), on body (MALFORMED_BODY,
// BODY_NOT_UTF8) or on the parameter (MALFORMED_BODY).
func ReadBody(contentType string, body []byte) (url.Values, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if len(body) == 0 {
		return nil, nil
	}
	kind, _, _ := mime.ParseMediaType(strings.TrimSpace(strings.Split(contentType, ";")[0]))
	switch {
	case isWide(contentType):
		return nil, apperr.Invalid("UNSUPPORTED_CONTENT_TYPE", "Content-Type", "%.100q has a charset that is not read; send UTF-8", contentType)
	case strings.HasSuffix(kind, "/json"), strings.HasSuffix(kind, "+json"):
		return readJSON(body)
	case kind != "" && kind != "application/x-www-form-urlencoded" && kind != "text/plain":
		return nil, apperr.Invalid("UNSUPPORTED_CONTENT_TYPE", "Content-Type",
			"%.100q is neither application/x-www-form-urlencoded nor application/json; send a form, JSON, or parameters in the query", contentType)
	case body[0] == '{': // under any Content-Type
		return readJSON(body)
	case kind != "application/x-www-form-urlencoded" && (body[0] == '<' || !bytes.ContainsRune(body, '=')):
		return nil, apperr.Invalid("MALFORMED_BODY", "body", "is neither a form nor JSON; send one of them, with its Content-Type")
	}
	return ParseQuery(string(body)), nil
}

// isWide reports whether a Content-Type names a charset that encodes ASCII in more than a byte. The parameters of a form
// are ASCII in all others.
func isWide(contentType string) bool {
	_, parameters, _ := mime.ParseMediaType(contentType) // a type that cannot be read has no charset
	charset := strings.ToLower(parameters["charset"])
	return strings.HasPrefix(charset, "utf-16") || strings.HasPrefix(charset, "utf-32") || strings.HasPrefix(charset, "ucs-")
}

func readJSON(body []byte) (url.Values, error) {
	if !utf8.Valid(body) {
		return nil, apperr.Invalid(bodyNotUTF8, "body", "is not valid UTF-8, as JSON must be")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, apperr.Invalid("MALFORMED_BODY", "body", `is not a JSON object, such as {"coupon_code": "SALEXYZ20", "amount": 49.90}`)
	}
	params := url.Values{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, malformedJSON(err)
		}
		var value any
		begin := decoder.InputOffset()
		if err := decoder.Decode(&value); err != nil {
			return nil, malformedJSON(err)
		}
		if err := addJSON(params, name.(string), value); err != nil { // the name of a member is a string
			return nil, err
		}
		if hasHalfCharacter(body[begin:decoder.InputOffset()]) {
			markHalves(params[name.(string)])
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, malformedJSON(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, apperr.Invalid("MALFORMED_BODY", "body", "has more after the JSON object; send one object")
	}
	return params, nil
}

func malformedJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return apperr.Invalid("MALFORMED_BODY", "body", "is not valid JSON: it ends too early")
	}
	return apperr.Invalid("MALFORMED_BODY", "body", "is not valid JSON: %s", strings.ToValidUTF8(err.Error(), "�"))
}

// addJSON adds a member of the object to the parameters.
func addJSON(params url.Values, name string, value any) error {
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, one := range values {
		text := ""
		switch v := one.(type) {
		case nil:
		case string:
			text = v
		case json.Number:
			text = plainNumber(v.String())
		case bool:
			text = "false"
			if v {
				text = "true"
			}
		default:
			if _, isKnown := ours.word(name); isKnown {
				return apperr.Invalid("MALFORMED_BODY", name, "is nested; send a flat object, whose values are strings or numbers")
			}
			nested, err := json.Marshal(v)
			if err != nil {
				return malformedJSON(err)
			}
			text = string(nested)
		}
		params[name] = append(params[name], text)
	}
	return nil
}

// hasHalfCharacter reports whether valid JSON escapes one half of a character without the other, as \ud83d. Senders
// write that if they cut a text within a character.
func hasHalfCharacter(text []byte) bool {
	for {
		_, escape, ok := bytes.Cut(text, []byte{'\\'})
		if !ok {
			return false
		}
		text = escape[1:]
		half := codeUnit(escape)
		if !utf16.IsSurrogate(half) {
			continue
		}
		var other rune
		if next, ok := bytes.CutPrefix(escape[5:], []byte{'\\'}); ok {
			other, text = codeUnit(next), next[1:]
		}
		if utf16.DecodeRune(half, other) == utf8.RuneError {
			return true
		}
	}
}

// codeUnit returns the code unit of an escape such as \ud83d, without its backslash; 0 for other escapes.
func codeUnit(escape []byte) rune {
	if escape[0] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(escape[1:5]), 16, 16)
	if err != nil {
		return 0 // cannot be: the JSON is valid
	}
	return rune(unit)
}

// markHalves makes values with half a character invalid UTF-8, as they are in a form. The JSON decoder has made them
// U+FFFD, and so ids that differ would be the same sale.
func markHalves(values []string) {
	for i, value := range values {
		values[i] = strings.ReplaceAll(value, string(utf8.RuneError), "\xff")
	}
}

// plainNumber writes out a number that has an exponent, as some systems write large amounts: 1.5E7.
func plainNumber(text string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(text), "e")
	if !ok || len(strings.TrimLeft(exponent, "+-0")) > 2 {
		return text
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(number.FloatString(len(mantissa)+maxExponent), "0"), ".")
}

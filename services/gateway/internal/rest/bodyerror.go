package rest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/fieldname"
)

// bodyError says what is wrong with a request's body, and names the field. It passes through grpc-gateway,
// which keeps only an error's text, so parseBodyError can read the text back.
type bodyError struct {
	field, description string
}

// The prefix and the separator in the text of a bodyError.
const (
	bodyErrorPrefix    = "malformed body at "
	bodyErrorSeparator = ": "
)

func (e bodyError) Error() string {
	return bodyErrorPrefix + e.field + bodyErrorSeparator + e.description
}

// parseBodyError reads a bodyError's text.
func parseBodyError(text string) (field, description string, ok bool) {
	rest, ok := strings.CutPrefix(text, bodyErrorPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, bodyErrorSeparator)
}

// protojson's errors look like `proto: (line 1:10): invalid value for ...`, with varying kinds of space after
// the colon.
var (
	protoPrefix = regexp.MustCompile(`^proto:[\s\x{a0}]*`)
	position    = regexp.MustCompile(`\(line (\d+):(\d+)\)`)
)

// escape is an escape in a JSON string: of a UTF-16 surrogate pair, of a surrogate, or any other.
var escape = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.`)

// halfCharacter returns the error for a surrogate without its other half, which no text has, and whether there is one.
// protojson takes it for the end of the body.
func halfCharacter(body []byte) (bodyError, bool) {
	for _, at := range escape.FindAllSubmatchIndex(body, -1) {
		if at[2] >= 0 {
			return bodyError{fieldAt(body, at[2]), string(body[at[2]:at[3]]) + " is half of a character; write both halves, or the character itself in UTF-8"}, true
		}
	}
	return bodyError{}, false
}

// newBodyError rewrites an error from protojson for a caller who knows the API but not protobuf.
func newBodyError(body []byte, err error) bodyError {
	if half, ok := halfCharacter(body); ok {
		return half
	}
	text := protoPrefix.ReplaceAllString(err.Error(), "")
	field := ""
	if match := position.FindStringSubmatch(text); match != nil {
		field = fieldAt(body, offsetOf(body, match[1], match[2]))
	}
	text = strings.TrimPrefix(position.ReplaceAllString(text, ""), bodyErrorSeparator)
	text = strings.ReplaceAll(text, "  ", " ")
	text = strings.Replace(text, " :", ":", 1)
	switch {
	case strings.Contains(text, "google.protobuf.Timestamp"):
		text = strings.ReplaceAll(text, "google.protobuf.Timestamp", "time") + `; write RFC 3339, like "2026-11-01T00:00:00Z"`
	case strings.Contains(text, "google.protobuf.Duration"):
		text = strings.ReplaceAll(text, "google.protobuf.Duration", "duration") + `; write seconds, like "2592000s"`
	}
	return bodyError{field, strings.ToValidUTF8(text, "\uFFFD")}
}

// offsetOf returns the byte offset of a line and column, both counted from 1, columns in characters.
func offsetOf(body []byte, line, column string) int {
	lines, _ := strconv.Atoi(line)
	columns, _ := strconv.Atoi(column)
	offset := 0
	for ; lines > 1; lines-- {
		offset += bytes.IndexByte(body[offset:], '\n') + 1
	}
	for ; columns > 1 && offset < len(body); columns-- {
		_, size := utf8.DecodeRune(body[offset:])
		offset += size
	}
	return offset
}

// fieldAt returns the path, in snake case, of the field or the element of a list whose name or value is at an offset in
// a JSON object, such as "requests[2].coupon.code". It returns "" if the JSON is malformed before the offset.
func fieldAt(body []byte, offset int) string {
	// A level is an object or a list that has begun. In an object, name is that of the value that comes next or has
	// begun, if isNamed. In a list, index counts the values that have ended.
	type level struct {
		isObject, isNamed bool
		name              string
		index             int
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var levels []level
	path := func() string {
		var path strings.Builder
		for i, l := range levels {
			switch {
			case !l.isObject:
				path.WriteString("[" + strconv.Itoa(l.index) + "]")
			case l.isNamed && i > 0:
				path.WriteString("." + l.name)
			case l.isNamed:
				path.WriteString(l.name)
			}
		}
		return path.String()
	}
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		delim, isDelim := token.(json.Delim)
		isClosing := delim == '}' || delim == ']'
		var in *level
		if len(levels) > 0 {
			in = &levels[len(levels)-1]
		}
		isName := !isDelim && in != nil && in.isObject && !in.isNamed
		if isName {
			in.isNamed = true
			in.name = fieldname.Snake(token.(string)) //nolint:forcetypeassert // An object's names are strings.
		}
		if int(decoder.InputOffset()) > offset && !isClosing {
			return path()
		}
		switch {
		case isName:
			continue
		case isDelim && !isClosing:
			levels = append(levels, level{isObject: delim == '{'})
			continue
		case isClosing:
			levels = levels[:len(levels)-1]
		}
		// A value has ended.
		if len(levels) > 0 {
			levels[len(levels)-1].isNamed = false
			levels[len(levels)-1].index++
		}
	}
}

package couponcsv

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns a file's text. The file is UTF-8, or UTF-16 if it has a byte order mark for it, as "Unicode text" from
// spreadsheets has. Lines end with LF, also within cells.
func decode(file []byte) (string, error) {
	if len(file) > MaxBytes {
		return "", invalid("INVALID_FILE", "the file is over 8 MiB")
	}
	var text string
	switch {
	case bytes.HasPrefix(file, []byte("PK\x03\x04")):
		return "", invalid("INVALID_FILE", "the file is a workbook or an archive, not CSV; save it as CSV UTF-8")
	case bytes.HasPrefix(file, []byte{0xFF, 0xFE}):
		text = fromUTF16(file[2:], binary.LittleEndian)
	case bytes.HasPrefix(file, []byte{0xFE, 0xFF}):
		text = fromUTF16(file[2:], binary.BigEndian)
	default:
		text = strings.TrimPrefix(string(file), "\uFEFF")
		if !utf8.ValidString(text) {
			return "", notUTF8(oneLineEnd(text))
		}
	}
	if strings.ContainsRune(text, 0) {
		return "", invalid("INVALID_FILE", "the file has bytes that are not text; save it as CSV UTF-8")
	}
	return oneLineEnd(text), nil
}

// fromUTF16 decodes UTF-16 without a byte order mark. Invalid characters, also half a character at the end, become
// U+FFFD.
func fromUTF16(file []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(file)/2, len(file)/2+1)
	for i := range units {
		units[i] = order.Uint16(file[2*i:])
	}
	if len(file)%2 != 0 {
		units = append(units, utf8.RuneError)
	}
	return string(utf16.Decode(units))
}

// oneLineEnd returns a text with LF for every line end.
func oneLineEnd(text string) string {
	if !strings.Contains(text, "\r") {
		return text
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// notUTF8 returns an error with the position of the first byte that is not UTF-8.
func notUTF8(text string) error {
	bad := 0
	for i, c := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); c == utf8.RuneError && size == 1 {
			bad = i
			break
		}
	}
	lineStart := strings.LastIndexByte(text[:bad], '\n') + 1
	comma := separator(text)
	column, isQuoted := 1, false
	for _, c := range text[lineStart:bad] {
		if c == '"' {
			isQuoted = !isQuoted
		} else if c == comma && !isQuoted {
			column++
		}
	}
	return invalid("INVALID_FILE", "line %d is not UTF-8, in column %d; save the file as CSV UTF-8", 1+strings.Count(text[:bad], "\n"), column)
}

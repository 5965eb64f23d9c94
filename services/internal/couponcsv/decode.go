package couponcsv

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode returns a file's text: it is UTF-8, or, if its byte order mark says so, UTF-16, as
// spreadsheets save "Unicode text".
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
		file = bytes.TrimPrefix(file, []byte("\uFEFF"))
		if line := invalidLine(file); line > 0 {
			return "", invalid("INVALID_FILE", "line %d is not UTF-8; save the file as CSV UTF-8", line)
		}
		text = string(file)
	}
	if strings.ContainsRune(text, 0) {
		return "", invalid("INVALID_FILE", "the file has bytes that no text has; save it as CSV UTF-8")
	}
	return text, nil
}

// fromUTF16 returns the text of UTF-16 without its mark. What is no character becomes U+FFFD, also half
// a one at the end.
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

// invalidLine returns the first line, counted from 1, that is not UTF-8; 0: all are.
func invalidLine(file []byte) int {
	if utf8.Valid(file) {
		return 0
	}
	number := 0
	for line := range bytes.Lines(file) {
		number++
		if !utf8.Valid(line) {
			break
		}
	}
	return number
}

// separator tells from the first row that has text what parts the cells.
func separator(text string) rune {
	const candidates = ",;\t"
	counts := map[rune]int{}
	quoted := false
	for _, c := range strings.TrimLeft(text, "\r\n") {
		if c == '\n' && !quoted {
			break
		}
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range candidates {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

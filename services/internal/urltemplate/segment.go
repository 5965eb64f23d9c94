package urltemplate

import (
	"bytes"
	"net/url"
	"strings"
)

// maxUnescapes bounds how often an escaped dot is looked for in a path: servers in a row may each decode once.
const maxUnescapes = 4

// endSegment ends the path segment that buf has from start, which has values in it. A segment that a browser or server
// would take for . or .., also if it decodes the URL first, gets a _ at its end: a value must not lead to another page.
func endSegment(buf []byte, start int) []byte {
	if bytes.IndexByte(buf[start:], '.') < 0 && bytes.IndexByte(buf[start:], '%') < 0 {
		return buf
	}
	segment := string(buf[start:])
	buf = buf[:start]
	for segment != "" {
		piece, separator, rest := cutSeparator(segment)
		buf = append(buf, piece...)
		if isDots(piece) {
			buf = append(buf, '_')
		}
		buf = append(buf, separator...)
		segment = rest
	}
	return buf
}

// cutSeparator cuts a segment at its first slash or backslash, which may be escaped several times.
func cutSeparator(segment string) (piece, separator, rest string) {
	for at := 0; at < len(segment); at++ {
		if segment[at] != '%' {
			continue
		}
		end := at + 1
		for strings.HasPrefix(segment[end:], "25") {
			end += 2
		}
		if end+2 <= len(segment) && (strings.EqualFold(segment[end:end+2], "2F") || strings.EqualFold(segment[end:end+2], "5C")) {
			return segment[:at], segment[at : end+2], segment[end+2:]
		}
	}
	return segment, "", ""
}

// isDots reports whether a piece of a path is . or .., escaped or not.
func isDots(piece string) bool {
	for range maxUnescapes {
		if piece == "." || piece == ".." {
			return true
		}
		plain, err := url.PathUnescape(piece)
		if err != nil || plain == piece {
			return false
		}
		piece = plain
	}
	return piece == "." || piece == ".."
}

package urltemplate

// AppendEscaped appends a value and percent-encodes everything except letters, digits, - . _ ~. The result is valid in
// a path and in a query.
func AppendEscaped(buf []byte, value string) []byte { return appendEscaped(buf, value, false) }

// AppendEscapedButBraces is AppendEscaped without encoding braces, so that a macro of another platform still works.
func AppendEscapedButBraces(buf []byte, value string) []byte { return appendEscaped(buf, value, true) }

func appendEscaped(buf []byte, value string, keepBraces bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(value) {
		c := value[i]
		if unreserved(c) || keepBraces && (c == '{' || c == '}') {
			buf = append(buf, c)
		} else {
			buf = append(buf, '%', digits[c>>4], digits[c&15])
		}
	}
	return buf
}

// unreserved reports whether RFC 3986 gives a character no special meaning.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

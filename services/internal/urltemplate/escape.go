package urltemplate

// AppendEscaped appends a value with everything percent-encoded but letters, digits, - . _ ~, which
// is right in a path and in a query alike.
func AppendEscaped(buf []byte, value string) []byte { return appendEscaped(buf, value, false) }

// AppendEscapedButBraces is AppendEscaped, but keeps braces, so that a macro of somebody else's in
// the value is still one.
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

// unreserved says whether RFC 3986 has no use for a character but to be itself.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

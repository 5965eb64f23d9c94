package urltemplate

import (
	"slices"
	"strings"
)

// IsParameterName reports whether a text is 1 to 64 letters, digits, '_', '.', '~' and '-': a parameter name
// that needs no encoding in a query.
func IsParameterName(text string) bool {
	ok := len(text) >= 1 && len(text) <= 64
	for i := range len(text) {
		ok = ok && unreserved(text[i])
	}
	return ok
}

// shown returns the macros in the form for messages.
func (m Macros) shown() []string {
	if m.Prefix == "" {
		return m.Names
	}
	return append(slices.Clip(m.Names), m.Prefix+"NAME")
}

// isPrefixed reports whether a macro's name is the prefix followed by a parameter name.
func (m Macros) isPrefixed(name string) bool {
	rest, found := strings.CutPrefix(name, m.Prefix)
	return m.Prefix != "" && found && IsParameterName(rest)
}

// decodeBraces replaces each %7Bname%7D of a known macro with {name}.
func (m Macros) decodeBraces(text string) string {
	var decoded strings.Builder
	for {
		open := indexFold(text, "%7b")
		if open < 0 {
			break
		}
		behind := open + len("%7b")
		length := indexFold(text[behind:], "%7d")
		if length < 0 {
			break
		}
		if name := text[behind : behind+length]; slices.Contains(m.Names, name) || m.isPrefixed(name) {
			decoded.WriteString(text[:open] + "{" + name + "}")
			text = text[behind+length+len("%7d"):]
		} else {
			decoded.WriteString(text[:behind])
			text = text[behind:]
		}
	}
	return decoded.String() + text
}

// indexFold returns the index of short in text, ignoring case, or -1.
func indexFold(text, short string) int {
	for i := range len(text) - len(short) + 1 {
		if strings.EqualFold(text[i:i+len(short)], short) {
			return i
		}
	}
	return -1
}

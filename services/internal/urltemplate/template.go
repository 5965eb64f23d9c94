// Package urltemplate parses URLs of offers and publishers with macros, such as {click_id}, and fills in values. It is
// pure.
//
// The packages that define the macros of a kind of URL import it; of our packages it imports pasted.
package urltemplate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// maxChars is the length that browsers, proxies and logs keep URLs whole up to.
const maxChars = 2048

// Template is a parsed URL with macros.
type Template struct {
	parts []part
	// query is the number of parts before the fragment, where the query ends.
	query int
	// joint is the character that joins more parameters to the URL, ? or &; 0 if the URL already ends with one.
	joint byte
	// named are the names of the macros with a prefix, without the prefix.
	named []string
}

// part is a piece of the URL and the macro after it. The last part has no macro.
type part struct {
	literal string
	macro   int
}

const (
	// noMacro marks a part without a macro.
	noMacro = -1
	// noSegment says that no segment of the path with a value is being written.
	noSegment = -1
)

// Macros are the macros of a kind of URL.
type Macros struct {
	Names []string
	// Prefix is the prefix of macros with free names, such as "query." (see IsParameterName); "" if there are no such
	// macros.
	Prefix string
}

// Compile parses a template for Expand. The text must be an absolute http or https URL of at most 2,048 characters. All
// its macros must be known and come after the host. The braces of a known macro may be percent-encoded, as URL editors
// write them. The error says what is wrong and what would be right.
func Compile(text string, macros Macros) (*Template, error) {
	if err := checkCharacters(text); err != nil {
		return nil, err
	}
	text = macros.decodeBraces(text)
	if err := checkURL(text); err != nil {
		return nil, err
	}
	t := &Template{joint: '?'}
	url, fragment, hasFragment := strings.Cut(text, "#")
	if err := t.compile(url, macros); err != nil {
		return nil, err
	}
	t.query = len(t.parts)
	if strings.Contains(url, "?") {
		t.joint = '&'
	}
	if strings.HasSuffix(url, "?") || strings.HasSuffix(url, "&") {
		t.joint = 0
	}
	if hasFragment {
		return t, t.compile("#"+fragment, macros)
	}
	return t, nil
}

// compile splits a piece of a template into parts.
func (t *Template) compile(text string, macros Macros) error {
	for rest := text; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.add(rest, noMacro)
			return nil
		}
		end := strings.IndexByte(rest, '}')
		if end < open+1 {
			return fmt.Errorf("it has a lone %c; use braces only around a macro such as {%s}, and write others as %%7B and %%7D", rest[open], macros.Names[0])
		}
		macro, known := t.macro(rest[open+1:end], macros)
		if !known {
			return fmt.Errorf("it has the unknown macro {%s}; the macros are {%s}", rest[open+1:end], strings.Join(macros.shown(), "}, {"))
		}
		t.add(rest[:open], macro)
		rest = rest[end+1:]
	}
}

// macro returns the index of a macro by its name; false if the macro is unknown.
func (t *Template) macro(name string, macros Macros) (int, bool) {
	if i := slices.Index(macros.Names, name); i >= 0 {
		return i, true
	}
	if !macros.isPrefixed(name) {
		return noMacro, false
	}
	t.named = append(t.named, strings.TrimPrefix(name, macros.Prefix))
	return len(macros.Names) + len(t.named) - 1, true
}

// Named returns the names of the macros with a prefix, without the prefix. Their indexes follow those of Macros.Names.
func (t *Template) Named() []string { return t.named }

// Expand returns the URL with each macro replaced by its URL-encoded value. value returns a macro's value by its index
// in Compile's macros. No value can change the scheme or host, or lead to another directory. Characters that steer the
// text around them are left out.
func (t *Template) Expand(value func(macro int) string) string {
	buf := make([]byte, 0, 512) // on the stack; most URLs are shorter
	return string(expand(buf, t.parts, value))
}

// ExpandWith is Expand with query added to the URL's own query. query must be encoded already.
func (t *Template) ExpandWith(value func(macro int) string, query []byte) string {
	buf := make([]byte, 0, 1024)
	buf = expand(buf, t.parts[:t.query], value)
	if t.joint != 0 {
		buf = append(buf, t.joint)
	}
	return string(expand(append(buf, query...), t.parts[t.query:], value))
}

func expand(buf []byte, parts []part, value func(macro int) string) []byte {
	inPath := true
	segment := noSegment
	for i := range parts {
		literal := parts[i].literal
		if cut := strings.IndexAny(literal, "/?#"); segment != noSegment && cut >= 0 {
			buf = endSegment(append(buf, literal[:cut]...), segment)
			segment, literal = noSegment, literal[cut:]
		}
		buf = append(buf, literal...)
		macro := parts[i].macro
		if macro == noMacro {
			continue
		}
		if inPath = inPath && !strings.ContainsAny(parts[i].literal, "?#"); inPath && segment == noSegment {
			segment = bytes.LastIndexByte(buf, '/') + 1
		}
		buf = AppendEscaped(buf, pasted.WithoutSteering(value(macro)))
	}
	if segment != noSegment {
		buf = endSegment(buf, segment)
	}
	return buf
}

// add appends a part. It percent-encodes characters beyond ASCII as browsers do, because headers and request lines are
// ASCII.
func (t *Template) add(literal string, macro int) {
	var ascii []byte
	for i := range len(literal) {
		if literal[i] < utf8.RuneSelf {
			ascii = append(ascii, literal[i])
		} else {
			ascii = AppendEscaped(ascii, literal[i:i+1])
		}
	}
	t.parts = append(t.parts, part{literal: string(ascii), macro: macro})
}

// Package urltemplate takes apart the URLs with macros, such as {click_id}, that offers and
// publishers name, and fills them in. It is pure.
//
// The packages that know the macros of a kind of URL import it; it imports none of ours.
package urltemplate

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxChars is the length to which browsers, proxies and logs keep URLs whole.
const maxChars = 2048

// Template is a URL with macros, checked and taken apart.
type Template struct {
	parts []part
}

// part is a piece of URL and the macro behind it, of which the last part has none.
type part struct {
	literal string
	macro   int
}

// noMacro stands for no macro in a part.
const noMacro = -1

// Compile takes a template apart, so that Expand need not. The text must be an absolute http or https
// URL of at most 2,048 characters whose macros are all among those named, and stand behind the host.
// The error says what is wrong and what would be right.
func Compile(text string, macros []string) (*Template, error) {
	if err := checkCharacters(text); err != nil {
		return nil, err
	}
	if err := checkURL(text); err != nil {
		return nil, err
	}
	t := &Template{}
	for rest := text; ; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.add(rest, noMacro)
			return t, nil
		}
		end := strings.IndexByte(rest, '}')
		if end < open+1 {
			return nil, fmt.Errorf("it has a lone %c; braces stand around macros only, as in {%s}, and else are written %%7B and %%7D", rest[open], macros[0])
		}
		name := rest[open+1 : end]
		macro := slices.Index(macros, name)
		if macro < 0 {
			return nil, fmt.Errorf("it has the unknown macro {%s}; the macros are {%s}", name, strings.Join(macros, "}, {"))
		}
		t.add(rest[:open], macro)
		rest = rest[end+1:]
	}
}

// Expand returns the URL with each macro filled in, URL-encoded; value gives a macro's value by its
// index in Compile's macros. Whatever the values, scheme and host are the template's.
func (t *Template) Expand(value func(macro int) string) string {
	buf := make([]byte, 0, 512) // on the stack; most URLs are shorter
	for i := range t.parts {
		buf = append(buf, t.parts[i].literal...)
		if macro := t.parts[i].macro; macro != noMacro {
			buf = AppendEscaped(buf, value(macro))
		}
	}
	return string(buf)
}

// add appends a part. Characters beyond ASCII become percent-encoded, as browsers would do it: what
// is sent in a header or a request line is ASCII.
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

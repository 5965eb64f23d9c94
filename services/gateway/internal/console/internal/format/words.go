package format

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// CountOf writes how many there are of something.
func CountOf(n int, one, several string) string {
	return Number(int64(n)) + " " + Plural(int64(n), one, several)
}

// Shortened returns a text's first characters.
func Shortened(text string, chars int) string {
	if runes := []rune(text); len(runes) > chars {
		return string(runes[:chars])
	}
	return text
}

// Sentence writes a service's message, which begins small and has no end, as a sentence.
func Sentence(message string) string {
	message = strings.TrimSpace(message)
	if message == "" {
		return ""
	}
	if !strings.HasSuffix(message, ".") && !strings.HasSuffix(message, "?") {
		message += "."
	}
	return Capital(message)
}

// Capital writes the first letter as a capital.
func Capital(s string) string {
	_, first := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:first]) + s[first:]
}

// HostOf returns a URL's host, which says enough in a table.
func HostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// OrElse returns text, or other if text is empty.
func OrElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Plural returns the word for one thing or the word for several.
func Plural(n int64, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// EnumWords says a value of an enum in words; empty for the unspecified one.
func EnumWords(value protoreflect.Enum) string {
	named := value.Descriptor().Values().ByNumber(value.Number())
	if value.Number() == 0 || named == nil {
		return ""
	}
	return Words(string(named.Name()))
}

// Words makes words of an API's name: COUPON_CODE is Coupon code.
func Words(name string) string {
	if name == "MANUAL" {
		return "By hand"
	}
	return Capital(strings.ToLower(strings.ReplaceAll(name, "_", " ")))
}

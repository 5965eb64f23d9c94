package pasted

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestTrim(t *testing.T) {
	unseen := []string{
		" ", "\t", "\r\n", "\v", "\f", "\u0085", "\u00A0", "\u00AD", "\u034F", "\u061C", "\u115F", "\u1160", "\u1680", "\u180E",
		"\u2000", "\u2003", "\u2009", "\u200A", "\u200B", "\u200C", "\u200D", "\u200E", "\u200F", "\u2028", "\u2029", "\u202A", "\u202C",
		"\u202F", "\u205F", "\u2060", "\u2061", "\u2064", "\u2066", "\u2069", "\u206F", "\u2800", "\u3000", "\u3164", "\uFEFF", "\uFFA0", "\uFFF9",
	}
	for _, c := range append(unseen, strings.Join(unseen, "")) {
		for _, text := range []string{"SALEXYZ20", "a b", "Zoë", "a" + c + "b", "日本"} {
			if got := Trim(c + text + c + c); got != text {
				t.Errorf("Trim(%q) = %q, want %q", c+text+c+c, got, text)
			}
			if got := TrimStart(c + text + c); got != text+c {
				t.Errorf("TrimStart(%q) = %q, want %q", c+text+c, got, text+c)
			}
		}
		if got := Trim(c); got != "" {
			t.Errorf("Trim(%q) = %q", c, got)
		}
	}
}

func TestTrimLeavesWhatIsSeenOrRefused(t *testing.T) {
	for _, text := range []string{
		"", "x", "\x00", "\x1f", "\x7f", "\xff", "a\xff", "\u0301", "❤\uFE0F", "👩\u200D🚀",
		"\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F", // Scotland's flag
		"\u0600123", "\uFFFD",
	} {
		if got := Trim(text); got != text {
			t.Errorf("Trim(%q) = %q", text, got)
		}
	}
}

func TestTrimTwiceIsTrimOnce(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := Trim(text)
		if twice := Trim(once); twice != once || !strings.Contains(text, once) {
			t.Fatalf("%q becomes %q, and that %q", text, once, twice)
		}
		if plain := strings.TrimSpace(text); Trim(plain) != once {
			t.Fatalf("%q is trimmed to %q, without white space to %q", text, once, Trim(plain))
		}
	})
}

func TestTrimOfAPlainValueAllocatesNothing(t *testing.T) {
	value := " SALEXYZ20\u200B"
	if n := testing.AllocsPerRun(100, func() { value = Trim(value) }); n != 0 || value != "SALEXYZ20" {
		t.Errorf("%v allocations for %q", n, value)
	}
}

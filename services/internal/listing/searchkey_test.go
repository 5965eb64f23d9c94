package listing_test

import (
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestSearchKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Shoes 50%": "shoes 50%", "MÜLLER": "müller", "Mu\u0308ller": "müller", "Straße": "strasse", "ÉTÉ": "été", "E\u0301te\u0301": "été",
		"ΣΊΣΥΦΟΣ": "σίσυφοσ", "ЛЕТО": "лето", "Å": "å", "夏": "夏",
	} {
		if got := listing.SearchKey(text); got != want {
			t.Errorf("SearchKey(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestSearchKeyOfEachLetter checks that both cases of a letter have the same key, and that the key is its own key.
func TestSearchKeyOfEachLetter(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		key := listing.SearchKey(string(r))
		if again := listing.SearchKey(key); again != key {
			t.Errorf("%q (%U) has the key %q, and that has %q", r, r, key, again)
		}
		for _, other := range []rune{unicode.ToLower(r), unicode.ToUpper(r)} {
			if unicode.SimpleFold(r) == other && listing.SearchKey(string(other)) != key {
				t.Errorf("%q (%U) has the key %q, and %q has %q", r, r, key, other, listing.SearchKey(string(other)))
			}
		}
	}
}

// TestSearchKeyDisregardsComposition checks that a text has the same key however its letters are composed, and that the
// key is its own key.
func TestSearchKeyDisregardsComposition(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		key := listing.SearchKey(text)
		for _, other := range []string{norm.NFC.String(text), norm.NFD.String(text), key} {
			if got := listing.SearchKey(other); got != key {
				t.Fatalf("%q has the key %q, and %q has %q", text, key, other, got)
			}
		}
	})
}

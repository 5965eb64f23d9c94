package couponcode

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"saleXYZ20": "SALEXYZ20", " abc ": "ABC", "ABC": "ABC", "": "", "straße": "STRAßE", "ıi": "ıI",
		"ſALE20": "ſALE20", "\u212Aing20": "\u212AING20", "ｓale": "ｓALE", "ÿ": "ÿ", "ǆ20": "ǆ20",
		"\u200Bsale20\uFEFF": "SALE20", "\u00A0sale20\u2060": "SALE20", "\u200Esale20\u200F": "SALE20", "sale\u200B20": "SALE\u200B20",
	} {
		if got := Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFoldTwiceIsFoldOnce(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := Fold(text)
		if twice := Fold(once); twice != once || !Equal(text, once) {
			t.Fatalf("%q folds to %q, which folds to %q", text, once, twice)
		}
		if strings.ContainsAny(once, "abcdefghijklmnopqrstuvwxyz") {
			t.Fatalf("%q has lower case left", once)
		}
	})
}

// TestOnlyCodesFoldToCodes checks that a text that is not a code never folds to one.
func TestOnlyCodesFoldToCodes(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("sSkKiIſKıİßａÿ2")), 3, 12, -1).Draw(t, "text")
		if Is(Fold(text)) != Is(text) {
			t.Fatalf("%q folds to %q", text, Fold(text))
		}
	})
}

func TestCodesThatDifferByCaseOnlyFoldAlike(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[A-Za-z0-9]{3,64}`).Draw(t, "code")
		if !Equal(strings.ToLower(code), strings.ToUpper(code)) {
			t.Fatalf("%q", code)
		}
	})
}

func TestIs(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z0-9]{3,64}$`)
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_é -]{0,70}`)).Draw(t, "text")
		if got := Is(text); got != pattern.MatchString(text) {
			t.Fatalf("Is(%q) = %v", text, got)
		}
	})
}

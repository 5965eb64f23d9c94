package pasted_test

import (
	"testing"
	"unicode"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// TestWithoutSteering goes through all characters: those that steer are removed, and all others are kept.
func TestWithoutSteering(t *testing.T) {
	t.Parallel()
	removed := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xD800 && r <= 0xDFFF {
			continue // halves of surrogate pairs are no characters
		}
		steers := r >= 0x80 && r <= 0x9F || unicode.Is(unicode.Bidi_Control, r)
		want := "a" + string(r) + "é"
		if steers {
			want = "aé"
			removed++
		}
		if got := pasted.WithoutSteering("a" + string(r) + "é"); got != want || pasted.HasSteering("a"+string(r)) != steers {
			t.Fatalf("%U: %q, want %q", r, got, want)
		}
	}
	if removed != 32+12 {
		t.Errorf("%d characters are removed", removed)
	}
}

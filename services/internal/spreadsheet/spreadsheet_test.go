package spreadsheet_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

func TestDefuse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a=1": "a=1", "ü": "ü", "it's": "it's", "'quoted'": "'quoted'", "'": "'",
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "＝1": "'＝1",
		"'=1": "''=1", "''=1": "'''=1",
	} {
		if got := spreadsheet.Defuse(text); got != want {
			t.Errorf("Defuse(%q) = %q, want %q", text, got, want)
		}
	}
}

// A text comes back whatever it is, and never begins like a formula in between.
func TestRestore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`['=+\-@a＝]{0,5}`), rapid.String()).Draw(t, "text")
		defused := spreadsheet.Defuse(text)
		if got := spreadsheet.Restore(defused); got != text {
			t.Fatalf("%q became %q and then %q", text, defused, got)
		}
		if again := spreadsheet.Defuse(defused); defused != text && again == defused {
			t.Fatalf("%q became %q, which is not known for a formula with an apostrophe", text, defused)
		}
	})
}

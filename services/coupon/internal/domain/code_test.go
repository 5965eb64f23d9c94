package domain

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestParseCode(t *testing.T) {
	for _, tc := range []struct {
		text, code, suggestion, says string
	}{
		{text: "SALEXYZ20", code: "SALEXYZ20"},
		{text: " SaleXyz20\t", code: "SaleXyz20"},
		{text: "abc", code: "abc"},
		{text: "\uFEFFSale20\u200B", code: "Sale20"},
		{text: "\u00A0Sale20\u2060\u200E", code: "Sale20"},
		{text: "SALE\u200B20", suggestion: "SALE20", says: `has '\u200b'`},
		{text: strings.Repeat("A", 64), code: strings.Repeat("A", 64)},
		{text: "SALE_XYZ20", suggestion: "SALEXYZ20", says: "has '_'; only letters A-Z and digits are allowed, no special characters; did you mean SALEXYZ20?"},
		{text: "SALE XYZ20", suggestion: "SALEXYZ20", says: "has ' '"},
		{text: "10%-OFF!", suggestion: "10OFF", says: "has '%'"},
		{text: "SÄLE20", suggestion: "SALE20", says: "has 'Ä', which is not a letter A-Z"},
		{text: "ＳＡＬＥ２０", suggestion: "SALE20", says: "other scripts are not allowed"},
		{text: "СКИДКА20", says: "has 'С', which is not a letter A-Z"},
		{text: "A-B", says: "has '-'"},
		{text: "", says: "is empty"},
		{text: "  ", says: "is empty"},
		{text: "AB", says: "too short"},
		{text: strings.Repeat("A", 65), says: "too long"},
		{text: strings.Repeat("_", 300), says: "has '_'"},
		{text: "SALE\xff20", says: "not valid UTF-8"},
		{text: "SALE\x0020", suggestion: "SALE20", says: `has '\x00'`},
	} {
		t.Run(tc.text, func(t *testing.T) {
			code, err := ParseCode(tc.text)
			if tc.says == "" {
				if err != nil || code != tc.code {
					t.Fatalf("got %q, %v; want %q", code, err, tc.code)
				}
				return
			}
			refused(t, err, apperr.InvalidArgument, "INVALID_CODE", "code")
			if got := apperr.As(err).Metadata["suggestion"]; got != tc.suggestion {
				t.Errorf("suggestion: got %q, want %q", got, tc.suggestion)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q; want it to say %q", err, tc.says)
			}
		})
	}
}

func TestParseCodeAcceptsExactlyThePattern(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z0-9]{3,64}$`)
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ ]?[A-Za-z0-9_é-]{0,70}[ ]?`)).Draw(t, "text")
		code, err := ParseCode(text)
		if want := pattern.MatchString(pasted.Trim(text)); want != (err == nil) {
			t.Fatalf("%q: accepted %v, the pattern says %v", text, err == nil, want)
		}
		if err == nil && code != pasted.Trim(text) {
			t.Fatalf("%q became %q", text, code)
		}
	})
}

func TestSuggestionsAreCodes(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		_, err := ParseCode(rapid.StringMatching(`[A-Za-z0-9_ é!-]{0,80}`).Draw(t, "text"))
		if err == nil {
			return
		}
		if suggestion, ok := apperr.As(err).Metadata["suggestion"]; ok {
			if code, err := ParseCode(suggestion); err != nil || code != suggestion {
				t.Fatalf("suggested %q, which is refused: %v", suggestion, err)
			}
		}
	})
}

func FuzzParseCode(f *testing.F) {
	for _, seed := range []string{"SALEXYZ20", "SALE_XYZ20", "", " a ", "Ä\xff", strings.Repeat("x", 65)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := ParseCode(text)
		if err == nil {
			if again, err := ParseCode(code); err != nil || again != code {
				t.Fatalf("%q gave %q, which gives %q, %v", text, code, again, err)
			}
			return
		}
		e := apperr.As(err)
		if e == nil || e.Reason != "INVALID_CODE" {
			t.Fatalf("%q: %v", text, err)
		}
		if s := e.Metadata["suggestion"]; s != "" {
			if _, err := ParseCode(s); err != nil {
				t.Fatalf("%q: suggested %q: %v", text, s, err)
			}
		}
	})
}

// refused checks that an error is an *apperr.Error of a kind, with a reason and, if not empty, the
// field of its first violation.
func refused(t *testing.T, err error, kind apperr.Kind, reason, field string) {
	t.Helper()
	e := apperr.As(err)
	if e == nil {
		t.Fatalf("got %v, want a refusal with %s", err, reason)
	}
	if e.Kind != kind || e.Reason != reason {
		t.Fatalf("got kind %d %s (%v), want kind %d %s", e.Kind, e.Reason, err, kind, reason)
	}
	if field != "" && (len(e.Violations) == 0 || e.Violations[0].Field != field) {
		t.Fatalf("got violations %v, want one on %s", e.Violations, field)
	}
}

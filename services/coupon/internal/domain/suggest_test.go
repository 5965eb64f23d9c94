package domain

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestSuggestionsKeepEveryLetter(t *testing.T) {
	for text, want := range map[string]string{
		"STRAßE10": "STRASSE10", "straße10": "strasse10", "Straße10": "Strasse10", "STRAẞE10": "STRASSE10", "GRUß": "GRUSS",
		"SŁOŃCE": "SLONCE", "słońce": "slonce", "ØRSTED": "ORSTED", "Ørsted": "Orsted", "ÆBLE20": "AEBLE20", "œuvre": "oeuvre", "ŒUVRE": "OEUVRE",
		"ĐURĐEVAK": "DURDEVAK", "ÞÓR10": "THOR10", "ISTANBUL İ": "ISTANBULI", "ışık10": "isik10", "ĦAL": "HAL", "Ǿre": "Ore", "ǣon": "aeon",
		"MALMÖ": "MALMO", "AÑO20": "ANO20", "A\u0308BC": "ABC", "e\u0301te\u0301": "ete", "NGUYỄN": "NGUYEN", "ＳＡＬＥ２０": "SALE20", "𝐒𝐀𝐋𝐄": "SALE",
		"ⓈALE": "SALE", "ﬁnale": "finale", "SALE²": "SALE2", "SALE™20": "SALE20", "SALE🎉20": "SALE20", "10%-OFF!": "10OFF", "SALE\u200B20": "SALE20",
		"ſALE20": "sALE20", "№100": "100", "Ĳsland": "IJsland", "SALE–20": "SALE20", "x\u00ADy1": "xy1",

		"СКИДКА20": "", "СALE20": "", "ΕΚΠΤΩΣΗ20": "", "SALE20Ω": "", "割引20": "", "セール20": "", "خصم20": "", "٢٠SALE": "", "מבצע20": "", "할인20": "",
		"SALE½": "", "µSALE": "", "🅢ALE": "", "สวัสดี20": "", "A": "", "ø": "", "---": "", "SALE20": "",
	} {
		if got := suggestCode(text); got != want {
			t.Errorf("suggestCode(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSuggestionsOfNumbersAndDates(t *testing.T) {
	for text, says := range map[string]string{
		"1E+05": "number", "1.2E+05": "number", "1,23457E+11": "number", "5E-03": "number", "-1e+9": "number",
		"1234.0": "number", "12.50": "number", "1,000": "number", "1.234.567": "number", "1 000 000": "number", "1\u202F000": "number", "20.00%": "number",
		"1-Mar": "date", "01-Mar-26": "date", "10-Oct": "date", "Mar-01": "date", "1. Mar": "", "#NAME?": "error", "#REF!": "error", "#N/A": "error", "########": "error",
		"1E05": "", "100000": "", "SALE-20": "", "10-OFF": "", "MAR1": "", "2026-SALE": "", "MAY": "",
	} {
		cause := spreadsheetCause(text)
		if says == "" {
			if cause != "" {
				t.Errorf("%q: %s", text, cause)
			}
			continue
		}
		_, err := ParseCode(text)
		if err == nil || !strings.Contains(cause, says) || !strings.Contains(err.Error(), cause) || suggestCode(text) != "" {
			t.Errorf("%q: cause %q, error %v, suggestion %q", text, cause, err, suggestCode(text))
		}
	}
}

// A suggestion keeps every ASCII letter and digit of its text, in order, and its text is in the Latin script.
func TestSuggestionsLoseNothing(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ19 -_ßŁøÆéñИΩ中½²Ⓢ🎉ĳ\u0301"), unicode.Latin, unicode.Greek), 3, 20, -1).Draw(t, "text")
		code := suggestCode(text)
		if code == "" {
			return
		}
		rest := code
		for _, c := range text {
			if couponcode.IsChar(c) {
				at := strings.IndexRune(rest, c)
				if at < 0 {
					t.Fatalf("%q became %q without its %q", text, code, c)
				}
				rest = rest[at+1:]
			}
			if unicode.IsLetter(c) && !unicode.Is(unicode.Latin, c) {
				t.Fatalf("%q, with %q, became %q", text, c, code)
			}
		}
		letters := 0
		for _, c := range norm.NFC.String(text) {
			if unicode.IsLetter(c) || unicode.IsDigit(c) {
				letters++
			}
		}
		if len(code) < letters {
			t.Fatalf("%q has %d letters and digits, %q has fewer", text, letters, code)
		}
	})
}

package domain

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestCheckSeriesOf(t *testing.T) {
	draft := Coupon{StartTime: noon}
	for name, tc := range map[string]struct {
		code   string
		series Series
		want   Series
		fields string
	}{
		"defaults":                 {"", Series{Count: 10_000}, Series{Count: 10_000, Length: 8}, ""},
		"all":                      {" ", Series{1, " Sale ", 32}, Series{1, "Sale", 32}, ""},
		"longest":                  {"", Series{1, strings.Repeat("A", 32), 32}, Series{1, strings.Repeat("A", 32), 32}, ""},
		"a code":                   {"SALE20", Series{Count: 1}, Series{}, "code"},
		"none":                     {"", Series{}, Series{}, "count"},
		"too many":                 {"", Series{Count: 10_001}, Series{}, "count"},
		"special prefix":           {"", Series{1, "SALE_", 0}, Series{}, "prefix"},
		"accented prefix":          {"", Series{1, "ÉTÉ", 0}, Series{}, "prefix"},
		"long prefix":              {"", Series{1, strings.Repeat("A", 33), 0}, Series{}, "prefix"},
		"short":                    {"", Series{1, "", 3}, Series{}, "length"},
		"negative":                 {"", Series{1, "", -1}, Series{}, "length"},
		"long":                     {"", Series{1, "", 33}, Series{}, "length"},
		"the most of four":         {"", Series{923, "", 4}, Series{923, "", 4}, ""},
		"one more is guessed":      {"", Series{924, "", 4}, Series{}, "length"},
		"the most of five":         {"", Series{10_000, "", 5}, Series{10_000, "", 5}, ""},
		"everything wrong at once": {"X", Series{-1, "_", 1}, Series{}, "code count prefix length"},
	} {
		t.Run(name, func(t *testing.T) {
			draft.Code = tc.code
			c, got, err := CheckSeriesOf(draft, tc.series)
			var fields []string
			if e := apperr.As(err); e != nil {
				for _, v := range e.Violations {
					fields = append(fields, v.Field)
				}
			}
			if strings.Join(fields, " ") != tc.fields || c.Code != "" {
				t.Fatalf("got faults in %q, want %q; the code is %q: %v", fields, tc.fields, c.Code, err)
			}
			if err == nil && got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
	draft.ExpireTime, draft.Code = noon, ""
	if _, _, err := CheckSeriesOf(draft, Series{Count: 1}); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_TIME_RANGE" {
		t.Errorf("a coupon that expires as it starts: %v", err)
	}
}

// chance is an endless source of random bytes.
type chance struct{ *rand.ChaCha8 }

func TestFilledCodes(t *testing.T) {
	propertytest.Check(t, func(t *rapid.T) {
		series := Series{
			Count:  rapid.IntRange(1, 300).Draw(t, "count"),
			Prefix: rapid.StringMatching(`[A-Za-z0-9]{0,32}`).Draw(t, "prefix"),
			Length: rapid.IntRange(MinRandomChars, MaxRandomChars).Draw(t, "length"),
		}
		random := chance{rand.NewChaCha8([32]byte{byte(rapid.IntRange(0, 255).Draw(t, "seed"))})}
		taken := map[string]bool{}
		codes, err := FillCodes(nil, series, taken, random)
		if err != nil || len(codes) != series.Count || len(taken) != series.Count {
			t.Fatalf("%d codes and %d taken of %d: %v", len(codes), len(taken), series.Count, err)
		}
		for _, code := range codes {
			rest, ok := strings.CutPrefix(code, series.Prefix)
			if !ok || len(rest) != series.Length || strings.ContainsAny(rest, "0O1IL") || rest != strings.ToUpper(rest) {
				t.Fatalf("code %q of %+v", code, series)
			}
			if kept, err := ParseCode(code); err != nil || kept != code {
				t.Fatalf("code %q is kept as %q: %v", code, kept, err)
			}
		}
		more, err := FillCodes(codes[:len(codes)/2], series, taken, random)
		if err != nil || len(more) != series.Count || len(taken) != 2*series.Count-series.Count/2 {
			t.Fatalf("filled up to %d, %d taken: %v", len(more), len(taken), err)
		}
	})
}

// Given every byte once, each character comes equally often. Bytes that would favor some are skipped.
func TestNoCharacterIsFavoured(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	counts := map[rune]int{}
	random := bytes.NewReader(every)
	for random.Len() > 0 {
		code, err := makeCode(Series{Length: 4}, random)
		if errors.Is(err, io.EOF) {
			break // The last bytes make no code.
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range code {
			counts[c]++
		}
	}
	for _, c := range codeAlphabet {
		if counts[c] != 8 {
			t.Errorf("%q came %d times, want 8", c, counts[c])
		}
	}
}

func TestFillCodesPassesOnThatChanceFailed(t *testing.T) {
	if _, err := FillCodes(nil, Series{Count: 1, Length: 4}, map[string]bool{}, strings.NewReader("abc")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

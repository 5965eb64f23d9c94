package spreadsheet_test

import (
	"encoding/csv"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/spreadsheet"
)

func TestDefuse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a=1": "a=1", "ü": "ü", "it's": "it's", "'quoted'": "'quoted'", "'": "'", "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "＝1": "'＝1",
		"'=1": "''=1", "''=1": "'''=1",
		// Cells as seen by a spreadsheet that splits at other separators, or ignores quotes.
		"\tx": "'\tx", "x;=cmd": "x;'=cmd", "x\t=cmd": "x\t'=cmd", "x\n=cmd": "x\n'=cmd", "x\r\n@a;b;+c": "x\r\n'@a;b;'+c", ";;=1": ";;'=1",
		"\t=1": "'\t'=1", "x;'=1": "x;''=1", "x;＠a": "x;'＠a", "a,=1": "a,=1",
		// Characters before it that are dropped or invisible.
		" =1": "' =1", `"=1"`: `'"=1"`, `x;"=1`: `x;'"=1`, "\u200B=1": "'\u200B=1", "x; \u00A0=1": "x;' \u00A0=1",
		// Plain numbers are not formulas.
		"-1001": "-1001", "+1": "+1", "-1,001.5": "-1,001.5", "-1.001,5": "-1.001,5", "x;-1001": "x;-1001", "-5\n+7;-1": "-5\n+7;-1", " -5 ": " -5 ", "'-5": "'-5",
		"-": "'-", "-1-1": "'-1-1", "-1.": "'-1.", "-.5": "'-.5", "--1": "'--1", "-1+A1": "'-1+A1", "-1e5": "'-1e5", "=1": "'=1", "-1;=1": "-1;'=1", "+49 30 1": "'+49 30 1",
	} {
		if got := spreadsheet.Defuse(text); got != want {
			t.Errorf("Defuse(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestRestore checks that Restore returns the original of any text, even one that looks defused.
func TestRestore(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		text := awkward().Draw(t, "text")
		defused := spreadsheet.Defuse(text)
		if got := spreadsheet.Restore(defused); got != text {
			t.Fatalf("%q became %q and then %q", text, defused, got)
		}
		if again := spreadsheet.Defuse(defused); defused != text && again == defused {
			t.Fatalf("%q became %q, which is not known for a formula with an apostrophe", text, defused)
		}
	})
}

// awkward generates texts that a spreadsheet could take for something else.
func awkward() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`(['=+\-@a＝;" 1.,]|\t|\n|\r|\r\n|\x{200B}){0,8}`), rapid.String())
}

func TestWriter(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	w := spreadsheet.NewWriter(&file)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.Mark())
	w.Text("note")
	w.Text("amount")
	check(w.EndLine())
	w.Text(`say "hi", Mia`)
	w.Plain("-5.50")
	check(w.EndLine())
	w.Text("")
	w.Plain("")
	check(w.EndLine())
	w.Plain("")
	check(w.EndLine())
	w.Text("a\nb\rc\r\n=1")
	w.Text("-1001")
	check(w.EndLine())
	check(w.Flush())
	const want = "\uFEFF\"note\",\"amount\"\r\n\"say \"\"hi\"\", Mia\",-5.50\r\n\"\",\r\n\"\"\r\n\"a\r\nb\r\nc\r\n'=1\",\"-1001\"\r\n"
	if file.String() != want {
		t.Errorf("%q\nwant %q", file.String(), want)
	}
}

// TestWriterRoundTrip checks that a reader finds as many cells as were written, each with its text except for line
// ends.
func TestWriterRoundTrip(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(awkward(), 1, 5).Draw(t, "cells")
		var file strings.Builder
		w := spreadsheet.NewWriter(&file)
		want := make([]string, len(cells))
		for i, cell := range cells {
			w.Text(cell)
			want[i] = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(pasted.WithoutSteering(cell))
		}
		if err := w.EndLine(); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(file.String())).ReadAll()
		if err != nil || len(lines) != 1 {
			t.Fatalf("%q: %v, %d lines", file.String(), err, len(lines))
		}
		for i, cell := range lines[0] {
			lines[0][i] = spreadsheet.Restore(cell)
		}
		if !reflect.DeepEqual(lines[0], want) {
			t.Fatalf("%q: %q, want %q", file.String(), lines[0], want)
		}
	})
}

// TestWriterLeavesSteeringOut writes a name that would look like that of another file.
func TestWriterLeavesSteeringOut(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	w := spreadsheet.NewWriter(&file)
	w.Text("shoes\u202Efdp.exe\u0085=1")
	if err := errors.Join(w.EndLine(), w.Flush()); err != nil {
		t.Fatal(err)
	}
	if got := file.String(); got != "\"shoesfdp.exe=1\"\r\n" {
		t.Errorf("%q", got)
	}
}

// TestNoPieceIsAFormula checks that no piece looks like a formula, whatever separator a spreadsheet uses.
func TestNoPieceIsAFormula(t *testing.T) {
	t.Parallel()
	propertytest.Check(t, func(t *rapid.T) {
		defused := spreadsheet.Defuse(awkward().Draw(t, "text"))
		for _, piece := range strings.FieldsFunc(defused, func(r rune) bool { return strings.ContainsRune(";\t\r\n", r) }) {
			if strings.HasPrefix(piece, "=") || strings.HasPrefix(piece, "@") || strings.HasPrefix(piece, "＝") {
				t.Fatalf("%q has the cell %q", defused, piece)
			}
		}
	})
}

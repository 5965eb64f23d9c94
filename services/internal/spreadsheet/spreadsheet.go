// Package spreadsheet writes CSV that spreadsheets read correctly, and makes texts safe to open there: a
// spreadsheet would run a cell that looks like a formula. It also restores such texts.
//
// Any package may import it; of our packages it imports pasted.
package spreadsheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// BOM is the byte order mark. At the beginning of a file, it tells spreadsheets to read UTF-8.
const BOM = "\uFEFF"

// Defuse returns a text that a spreadsheet does not run. Spreadsheets that split at semicolons or tabs, or
// ignore quotes, make several cells of one, so each piece of the text counts as a cell. A piece that looks
// like a formula gets an apostrophe in front, which makes it text. A piece that has apostrophes already gets
// one more, so that Restore knows which to remove. Plain numbers, such as -1001 and +1,001.5, stay unchanged.
func Defuse(text string) string {
	if !mayHaveFormula(text) {
		return text
	}
	var b strings.Builder
	forPieces(text, func(piece string, isFormula bool) {
		if isFormula {
			b.WriteByte('\'')
		}
		b.WriteString(piece)
	})
	return b.String()
}

// Restore returns the text that Defuse was given.
func Restore(text string) string {
	if !mayHaveFormula(text) {
		return text
	}
	var b strings.Builder
	forPieces(text, func(piece string, isFormula bool) {
		if isFormula {
			piece = strings.TrimPrefix(piece, "'")
		}
		b.WriteString(piece)
	})
	return b.String()
}

// formulaStarts are the characters that start a formula: those that OWASP names, and their full-width forms.
const formulaStarts = "=+-@＝＋－＠"

// mayHaveFormula reports whether a text has a character that starts a formula; most don't.
func mayHaveFormula(text string) bool {
	for i := range len(text) {
		switch text[i] {
		case '=', '+', '-', '@', '\t', '\r', '\n', 0xEF: // 0xEF: the first byte of all full-width forms
			return true
		}
	}
	return false
}

// forPieces calls do with each piece of a text, in order. A piece is a possible cell and the separators after
// it.
func forPieces(text string, do func(piece string, isFormula bool)) {
	const separators = ";\t\r\n"
	// OWASP: a cell that begins with a tab or a line break may become a formula, too.
	first := strings.TrimLeft(text, "'")
	startsBlank := first != "" && strings.IndexByte("\t\r\n", first[0]) >= 0
	for text != "" {
		end := strings.IndexAny(text, separators)
		if end < 0 {
			end = len(text)
		}
		next := len(text) - len(strings.TrimLeft(text[end:], separators))
		do(text[:next], startsBlank || isFormula(text[:end]))
		text, startsBlank = text[next:], false
	}
}

// isFormula reports whether a spreadsheet could take a piece for a formula without its leading apostrophes.
// Spaces and quotes before it don't matter.
func isFormula(piece string) bool {
	piece = strings.TrimLeft(piece, "'")
	bare := strings.TrimLeftFunc(piece, func(r rune) bool {
		return r == '"' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) // Cf: format characters, which are invisible
	})
	first, _ := utf8.DecodeRuneInString(bare)
	return bare != "" && strings.ContainsRune(formulaStarts, first) && !isNumber(piece)
}

// isNumber reports whether a piece is only a number with a sign: digits, with points or commas between them.
func isNumber(piece string) bool {
	piece = strings.TrimSpace(piece)
	if piece == "" || piece[0] != '-' && piece[0] != '+' {
		return false
	}
	wasDigit := false
	for _, c := range []byte(piece[1:]) {
		isDigit := c >= '0' && c <= '9'
		if !isDigit && (!wasDigit || c != '.' && c != ',') {
			return false
		}
		wasDigit = isDigit
	}
	return wasDigit
}

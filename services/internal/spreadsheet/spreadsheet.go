// Package spreadsheet writes CSV that spreadsheets read as it was meant, and makes texts safe to be
// opened there: a cell that looks like a formula would be run. It also gets the texts back.
//
// Any package may import it; it imports none of ours.
package spreadsheet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// BOM is the byte order mark. A spreadsheet that finds it at the beginning of a file reads UTF-8.
const BOM = "\uFEFF"

// Defuse returns a text that a spreadsheet does not run. Spreadsheets that split at semicolons or tabs,
// or know no quotes, make several cells of one, so that each piece of the text counts as a cell. A piece
// that looks like a formula gets an apostrophe in front, which makes a text of it. One that has
// apostrophes already gets one more, so that Restore knows which to take off. Plain numbers, such as
// -1001 and +1,001.5, stay as they are.
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

// formulaStarts are the characters that make a formula of a cell: those that OWASP names, with their
// full-width forms.
const formulaStarts = "=+-@＝＋－＠"

// mayHaveFormula says whether a text has what a formula begins with; most have not.
func mayHaveFormula(text string) bool {
	for i := range len(text) {
		switch text[i] {
		case '=', '+', '-', '@', '\t', '\r', '\n', 0xEF: // 0xEF: the first byte of all full-width forms
			return true
		}
	}
	return false
}

// forPieces calls do with each piece of a text, in order: what may become a cell, with the separators
// that follow it.
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

// isFormula says whether a spreadsheet could take a piece for a formula once the apostrophes in front of
// it are gone. Spaces and quotes before it are as good as nothing.
func isFormula(piece string) bool {
	piece = strings.TrimLeft(piece, "'")
	bare := strings.TrimLeftFunc(piece, func(r rune) bool {
		return r == '"' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) // Cf: format characters, which are not seen
	})
	first, _ := utf8.DecodeRuneInString(bare)
	return bare != "" && strings.ContainsRune(formulaStarts, first) && !isNumber(piece)
}

// isNumber says whether a piece is a number with a sign and nothing else: digits, with points or commas
// between them.
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

package couponcsv

import (
	"encoding/csv"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// records reads the records of a CSV text with their row numbers. The numbers count the blank rows that
// encoding/csv skips.
type records struct {
	text   string
	reader *csv.Reader
	comma  rune
	// above is the number of lines before text in the file.
	above int
	// line is the number of the line after the last record, and row is the last record's number.
	line, row int
	offset    int64
}

// newRecords returns the records of a file's text. Its lines end with LF.
func newRecords(text string) (*records, error) {
	comma, rest, err := statedSeparator(text)
	if err != nil {
		return nil, err
	}
	r := &records{text: rest, comma: comma, line: 1}
	if len(rest) < len(text) {
		r.above = 1
	} else {
		r.comma = separator(text)
	}
	r.reader = csv.NewReader(strings.NewReader(rest))
	r.reader.Comma = r.comma
	r.reader.FieldsPerRecord = -1
	r.reader.ReuseRecord = true
	return r, nil
}

// next returns the next record and its row number, or io.EOF after the last. The record is valid until the next call.
func (r *records) next() ([]string, int, error) {
	if err := r.checkWidth(); err != nil {
		return nil, 0, err
	}
	cells, err := r.reader.Read()
	if malformed := (*csv.ParseError)(nil); errors.As(err, &malformed) {
		return nil, 0, r.malformed(malformed)
	}
	if err != nil {
		return nil, 0, err
	}
	begin, _ := r.reader.FieldPos(0)
	r.row += 1 + begin - r.line
	end := r.reader.InputOffset()
	r.line += strings.Count(r.text[r.offset:end], "\n")
	r.offset = end
	return cells, r.row, nil
}

// checkWidth refuses the next record if it has too many cells, before the reader allocates them: a file of separators
// only would take many times its size in memory.
func (r *records) checkWidth() error {
	rest := r.text[r.offset:]
	blank := len(rest) - len(strings.TrimLeft(rest, "\n"))
	n, isQuoted := 1, false
	for _, c := range rest[blank:] {
		switch {
		case c == '"':
			isQuoted = !isQuoted
		case isQuoted:
		case c == r.comma:
			n++
		case c == '\n':
			return r.widthFault(blank, n)
		}
	}
	return r.widthFault(blank, n)
}

// widthFault returns the error for a record of n cells after blank rows.
func (r *records) widthFault(blank, n int) error {
	if n <= MaxColumns {
		return nil
	}
	return invalid("TOO_MANY_COLUMNS", "row %d has %d columns; at most %d are taken. Delete those that no coupon needs, the empty ones too",
		r.row+blank+1, n, MaxColumns)
}

// malformed returns the error for a record that cannot be parsed, with its position, for users.
func (r *records) malformed(err *csv.ParseError) error {
	fault := "a quote is not closed, or something follows the closing one"
	if errors.Is(err, csv.ErrBareQuote) {
		fault = "a quote is in the middle of a cell"
	}
	record := r.text[r.offset:]
	blank := len(record) - len(strings.TrimLeft(record, "\n"))
	return invalid("INVALID_FILE", "row %d, column %d (line %d of the file) cannot be read: %s. A cell with a quote in it must be quoted, with each quote in it doubled",
		r.row+blank+1, r.columnAt(record[blank:], err), err.Line+r.above, fault)
}

// columnAt returns the number of the cell with the error.
func (r *records) columnAt(record string, err *csv.ParseError) int {
	n, isQuoted := 1, false
	line, column := err.StartLine, 1
	for _, c := range record {
		if line > err.Line || line == err.Line && column >= err.Column {
			break
		}
		column += utf8.RuneLen(c)
		switch {
		case c == '\n':
			line, column = line+1, 1
		case c == '"':
			isQuoted = !isQuoted
		case c == r.comma && !isQuoted:
			n++
		}
	}
	return n
}

// statedSeparator returns the separator that a first line such as `sep=;` names, and the text after that line.
// Spreadsheets write that line for each other and don't show it.
func statedSeparator(text string) (comma rune, rest string, err error) {
	line, rest, _ := strings.Cut(text, "\n")
	const key = "sep="
	stated := strings.Trim(line, `" `)
	if len(stated) < len(key) || !strings.EqualFold(stated[:len(key)], key) {
		return 0, text, nil
	}
	comma, size := utf8.DecodeRuneInString(stated[len(key):])
	if size == 0 || size < len(stated)-len(key) || unicode.IsLetter(comma) || unicode.IsDigit(comma) || comma == '"' || comma == utf8.RuneError {
		return 0, "", invalid("INVALID_FILE", "row 1: %.60q names no separator; write sep=; or sep=, or leave the line out", line)
	}
	return comma, rest, nil
}

// separator guesses the separator from the first row that has text.
func separator(text string) rune {
	const candidates = ",;\t"
	counts := map[rune]int{}
	isQuoted := false
	for _, c := range strings.TrimLeft(text, "\n") {
		if c == '\n' && !isQuoted {
			break
		}
		if c == '"' {
			isQuoted = !isQuoted
		} else if !isQuoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range candidates {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

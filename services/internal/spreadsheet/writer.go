package spreadsheet

import (
	"bufio"
	"io"

	"github.com/couponlink/couponlink/services/internal/pasted"
)

// Writer writes CSV, cell by cell. It is RFC 4180 in UTF-8: commas, and lines that end with CRLF. All texts
// are defused and quoted, so that no reader splits them or takes them for numbers; other values are written
// plainly. It keeps the first error, which EndLine and Flush return.
type Writer struct {
	out *bufio.Writer
	// line is the current line. Its memory is reused.
	line []byte
	// hasCell means that the line has a cell, which may be empty.
	hasCell bool
}

// NewWriter returns a Writer to out, which it buffers.
func NewWriter(out io.Writer) *Writer {
	const size = 64 << 10
	return &Writer{out: bufio.NewWriterSize(out, size)}
}

// Mark writes the byte order mark. It must come before the first line.
func (w *Writer) Mark() error {
	_, err := w.out.WriteString(BOM)
	return err
}

// Text adds a cell with a text. Line ends of any kind become CRLF, and characters that steer the text around them are
// left out.
func (w *Writer) Text(text string) {
	w.begin()
	w.line = append(w.line, '"')
	text = pasted.WithoutSteering(text)
	if isAwkward(text) {
		w.quoted(Defuse(text))
	} else {
		w.line = append(w.line, text...)
	}
	w.line = append(w.line, '"')
}

// isAwkward reports whether a text may need changes within quotes; most don't.
func isAwkward(text string) bool {
	for i := range len(text) {
		// 0xEF: the first byte of all full-width forms.
		if c := text[i]; c < '0' && (c == '"' || c == '+' || c == '-' || c < ' ') || c == '=' || c == '@' || c == 0xEF {
			return true
		}
	}
	return false
}

// quoted adds a text, escaped for quotes.
func (w *Writer) quoted(text string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			w.line = append(w.line, `""`...)
		case c == '\n' && i > 0 && text[i-1] == '\r': // written with its \r
		case c == '\r' || c == '\n':
			w.line = append(w.line, "\r\n"...)
		default:
			w.line = append(w.line, c)
		}
	}
}

// Plain adds a cell with a number, a time or one of our own words: a value without separators or quotes that
// never looks like a formula. "" is an empty cell.
func (w *Writer) Plain(value string) {
	w.begin()
	w.line = append(w.line, value...)
}

// begin starts a cell.
func (w *Writer) begin() {
	if w.hasCell {
		w.line = append(w.line, ',')
	}
	w.hasCell = true
}

// EndLine ends the line.
func (w *Writer) EndLine() error {
	if len(w.line) == 0 {
		w.line = append(w.line, `""`...) // Readers skip an empty line.
	}
	w.line = append(w.line, "\r\n"...)
	_, err := w.out.Write(w.line)
	const keep = 64 << 10 // A line of long notes must not keep its memory to the end.
	if cap(w.line) > keep {
		w.line = nil
	}
	w.line, w.hasCell = w.line[:0], false
	return err
}

// Flush writes buffered lines to the underlying writer.
func (w *Writer) Flush() error { return w.out.Flush() }

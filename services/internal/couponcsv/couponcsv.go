// Package couponcsv reads coupons from CSV files, as people's spreadsheets and our own export write
// them. It is pure: bytes in, rows and what is wrong with them out.
//
// The gateway and the console may import it; of ours it imports apperr and spreadsheet.
package couponcsv

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// The bounds of a file.
const (
	// MaxRows is how many coupons a file may have.
	MaxRows = 10_000
	// MaxBytes is how long a file may be.
	MaxBytes = 8 << 20
	// MaxCellBytes is how long a cell may be: an internal note of 2,000 characters fits, of whatever script.
	MaxCellBytes = 10_000
)

// Coupon is what a row says of a coupon. What it does not say is empty: for whoever creates the coupon to
// fill in or to refuse.
type Coupon struct {
	// Code is without spaces around it, and else as it stands there.
	Code string
	// Offer and Publisher are resource names, `offers/10`, `publishers/22`, whether or not the row has
	// them with their prefix.
	Offer, Publisher string
	// StartTime and ExpireTime are in UTC; zero: none.
	StartTime, ExpireTime time.Time
	InternalNote          string
	// Disabled says that the coupon is to be switched off.
	Disabled bool
	// UsageLimit and DailyUsageLimit are zero for any number.
	UsageLimit, DailyUsageLimit int64
}

// Row is one coupon of a file.
type Row struct {
	// Number is the row's number as a spreadsheet shows it: the header is row 1.
	Number int
	Coupon Coupon
	// Fault is why the row cannot be read, with every field at fault; nil: it can be.
	Fault *apperr.Error
}

// Read returns the coupons of a CSV file, in its order: UTF-8, or UTF-16 with a byte order mark; parted by
// commas, semicolons or tabs; the first row names the columns, in whatever order. Rows without any
// content are left out. A date without a time is a day of zone: a coupon starts when it begins, and
// expires when it ends. The offer must have a column only if offerNeeded.
//
// Errors, InvalidArgument: INVALID_FILE, UNKNOWN_COLUMN, DUPLICATE_COLUMN, MISSING_COLUMN, TOO_MANY_ROWS.
func Read(file []byte, zone *time.Location, offerNeeded bool) ([]Row, error) {
	text, err := decode(file)
	if err != nil {
		return nil, err
	}
	records := newRecords(text)
	titles, _, err := records.next()
	if errors.Is(err, io.EOF) {
		return nil, invalid("INVALID_FILE", "the file is empty; its first row must name the columns: %s", knownColumns())
	}
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(titles, offerNeeded)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for {
		cells, number, err := records.next()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, err
		case isBlank(cells):
			continue
		case len(rows) == MaxRows:
			return nil, invalid("TOO_MANY_ROWS", "the file has more than 10,000 coupons; send it in parts")
		}
		row := Row{Number: number}
		row.Coupon, row.Fault = header.coupon(cells, zone)
		rows = append(rows, row)
	}
}

// records are the records of a CSV text with their numbers, which the rows without any text count in
// that encoding/csv leaves out.
type records struct {
	text   string
	reader *csv.Reader
	// line is the line that follows the last record, and row that record's number.
	line, row int
	offset    int64
}

func newRecords(text string) *records {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = separator(text)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	return &records{text: text, reader: reader, line: 1}
}

// next returns the next record, which is valid until the one after, and its number; io.EOF after the
// last.
func (r *records) next() ([]string, int, error) {
	cells, err := r.reader.Read()
	if malformed := (*csv.ParseError)(nil); errors.As(err, &malformed) {
		return nil, 0, invalid("INVALID_FILE", "line %d cannot be read: %s. A cell with a quote in it must stand in quotes, and each quote in it twice",
			malformed.Line, quoteFault(malformed))
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

// quoteFault says in a user's words what is wrong with a record.
func quoteFault(err *csv.ParseError) string {
	if errors.Is(err, csv.ErrBareQuote) {
		return "a quote stands in the middle of a cell"
	}
	return "a quote is not closed, or something follows the closing one"
}

func isBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return pasted.Trim(cell) != "" })
}

// invalid returns the refusal of a file.
func invalid(reason, format string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, reason, format, args...)
}

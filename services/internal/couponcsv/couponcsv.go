// Package couponcsv reads coupons from CSV files as spreadsheets and our own export write them. It is pure: it takes
// bytes and returns rows and errors.
//
// The gateway and the console may import it; of our packages it imports apperr, civilday, discount,
// pasted and spreadsheet.
package couponcsv

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// The bounds of a file.
const (
	// MaxRows is the maximum number of coupons in a file.
	MaxRows = 10_000
	// MaxBytes is the maximum size of a file.
	MaxBytes = 8 << 20
	// MaxColumns is the maximum number of cells in a row.
	MaxColumns = 200
	// MaxCellBytes is the maximum size of a cell. An internal note of 2,000 characters fits, in any script.
	MaxCellBytes = 10_000
	// MaxDiscountBytes is the maximum size of a discount's cell. A discount with the most and longest ids fits, in any
	// script.
	MaxDiscountBytes = 100_000
)

// Coupon is a row's coupon. Fields that the row does not have are empty; the caller fills them in or refuses the row.
type Coupon struct {
	// Code has no spaces around it, and is otherwise unchanged.
	Code string
	// Offer and Publisher are resource names, `offers/10` and `publishers/22`, even if the row has ids only.
	Offer, Publisher string
	// StartTime and ExpireTime are in UTC; zero if unset.
	StartTime, ExpireTime time.Time
	InternalNote          string
	// Disabled switches the coupon off.
	Disabled bool
	// UsageLimit and DailyUsageLimit are 0 for no limit.
	UsageLimit, DailyUsageLimit int64
	// Discount is what the code gives the shopper. In files it is the text that its String returns.
	Discount discount.Discount
}

// Row is one coupon of a file.
type Row struct {
	// Number is the row's number as a spreadsheet shows it: the header is row 1.
	Number int
	Coupon Coupon
	// Fault says why the row cannot be read, with every wrong field; nil if it can.
	Fault *apperr.Error
}

// Read returns the coupons of a CSV file, in its order: UTF-8, or UTF-16 with a byte order mark; lines that
// end with LF, CRLF or CR; cells separated by commas, semicolons or tabs, or by the separator that a first
// line such as `sep=;` names. The first row names the columns, in any order. Rows without any content are
// left out. A date without a time is a day of zone: a coupon starts when it begins, and expires when it ends.
// The offer must have a column only if offerNeeded.
//
// Errors are InvalidArgument and name the row and, except for TOO_MANY_ROWS, the column: INVALID_FILE,
// UNKNOWN_COLUMN, DUPLICATE_COLUMN, MISSING_COLUMN, TOO_MANY_COLUMNS, TOO_MANY_ROWS.
func Read(file []byte, zone *time.Location, offerNeeded bool) ([]Row, error) {
	text, err := decode(file)
	if err != nil {
		return nil, err
	}
	records, err := newRecords(text)
	if err != nil {
		return nil, err
	}
	titles, number, err := records.next()
	if errors.Is(err, io.EOF) {
		return nil, invalid("INVALID_FILE", "the file is empty; its first row must name the columns: %s", knownColumns())
	}
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(titles, number, offerNeeded)
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
			return nil, invalid("TOO_MANY_ROWS", "row %d is one too many: a file may have 10,000 coupons; send it in parts", number)
		}
		row := Row{Number: number}
		row.Coupon, row.Fault = header.coupon(cells, zone)
		rows = append(rows, row)
	}
}

func isBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return pasted.Trim(cell) != "" })
}

// invalid returns an error about the whole file.
func invalid(reason, format string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, reason, format, args...)
}

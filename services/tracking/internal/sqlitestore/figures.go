package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	selectCounted = `SELECT ready, count_time, click, conversion, clicks_since FROM counted`
	inSpan        = ` WHERE cube = ? AND period BETWEEN ? AND ? AND `

	// The first and the last times of clicks, conversions and kept months; NULL for none. Click ids that are not
	// UUIDs are left out.
	selectEnds = `SELECT
		(SELECT time FROM clicks WHERE id >= x'' ORDER BY id LIMIT 1), (SELECT time FROM clicks WHERE id >= x'' ORDER BY id DESC LIMIT 1),
		(SELECT min(conversion_time) FROM conversions), (SELECT max(conversion_time) FROM conversions),
		(SELECT period FROM figures WHERE cube = ? ORDER BY period LIMIT 1), (SELECT period FROM figures WHERE cube = ? ORDER BY period DESC LIMIT 1)`

	// Grouping conversions by all their currencies at once takes one pass.
	selectTotals = `SELECT amount_currency, refunded_amount_currency, payout_currency, revenue_currency, discount_currency, count(*), sum(click = ''),
		sum(amount_units), sum(amount_nanos), sum(refunded_amount_units), sum(refunded_amount_nanos),
		sum(payout_units), sum(payout_nanos), sum(revenue_units), sum(revenue_nanos),
		sum(discount_units), sum(discount_nanos)
		FROM conversions WHERE `
	byCurrencies = ` GROUP BY amount_currency, refunded_amount_currency, payout_currency, revenue_currency, discount_currency`
)

// counted is the time and the position that everything is counted up to.
type counted struct {
	until time.Time
	cursor
	// clicksSince is the time since which all clicks are kept.
	clicksSince time.Time
}

// view runs do in a read transaction with one consistent view, and passes what is counted in that view.
func (s *Store) view(ctx context.Context, do func(*sql.Tx, counted) error) error {
	// Read before the transaction begins, so the transaction sees all that is counted up to then.
	until := s.countMillis.Load()
	tx, err := s.db.Reports().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	at, ready, err := readCounted(ctx, tx)
	if err != nil {
		return err
	}
	if !ready {
		return domain.ErrNotCounted
	}
	if until != 0 {
		at.until = sqlrow.Time(until)
	}
	return do(tx, at)
}

// readCounted returns the stored cursor and its time, and whether the figures are ready.
func readCounted(ctx context.Context, tx *sql.Tx) (at counted, ready bool, err error) {
	var until, since int64
	err = tx.QueryRowContext(ctx, selectCounted).Scan(&ready, &until, &at.click, &at.conversion, &since)
	at.until, at.clicksSince = sqlrow.Time(until), sqlrow.Time(since)
	return at, ready, err
}

// viewFailure turns an error of view into the one that callers know.
func viewFailure(doing string, err error) error {
	if errors.Is(err, domain.ErrNotCounted) {
		return err
	}
	return sqlrow.ReadFailure(doing, err)
}

// Cells implements reporting.Store. If the store never had anything to count, until is the beginning of 1970.
func (s *Store) Cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, until time.Time, err error) {
	err = s.view(ctx, func(tx *sql.Tx, at counted) error {
		until = at.until
		for _, span := range spans {
			found, err := cellsOf(ctx, tx, span, where)
			if err != nil {
				return err
			}
			cells = append(cells, found...)
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, viewFailure("reading figures", err)
	}
	return cells, until, nil
}

func cellsOf(ctx context.Context, tx *sql.Tx, span rollup.Span, where listing.Expr) ([]rollup.Cell, error) {
	query, args := cellQuery(span, where)
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return table.ReadAll(rows, cellColumns.Read)
}

// cellQuery returns the cells of a span that satisfy a condition as SQL with its arguments.
func cellQuery(span rollup.Span, where listing.Expr) (query string, args []any) {
	query = cellColumns.From("figures")
	for _, field := range []string{"coupon_code", "publisher", "offer"} {
		if ofOne(where, field) {
			// SQLite does not know how many rows there are, and would read the whole span.
			query += " INDEXED BY figures_" + field
			break
		}
	}
	condition, values, _ := sqlquery.Build(listing.Query{Where: where})
	return query + inSpan + condition, append([]any{span.Cube, span.From, span.To}, values...)
}

// ofOne says whether a condition allows only one value of a field.
func ofOne(where listing.Expr, field string) bool {
	switch e := where.(type) {
	case listing.And:
		return slices.ContainsFunc(e, func(e listing.Expr) bool { return ofOne(e, field) })
	case listing.Compare:
		return e.Field == field && e.Op == listing.Equal
	default:
		return false
	}
}

// CountedMonths implements reporting.Store. It looks at clicks and conversions too, so that a month whose
// figures were lost is recounted.
func (s *Store) CountedMonths(ctx context.Context) (first, last rollup.Month, err error) {
	first, last = 1, 0
	err = s.view(ctx, func(tx *sql.Tx, _ counted) (err error) {
		first, last, err = endsOf(ctx, tx, s.calendar)
		return err
	})
	return first, last, viewFailure("reading which months have figures", err)
}

// endsOf returns the first and the last month with any data; with no data the first is after the last.
func endsOf(ctx context.Context, tx *sql.Tx, calendar rollup.Calendar) (first, last rollup.Month, err error) {
	var ends [6]sql.NullInt64
	e := &ends
	if err := tx.QueryRowContext(ctx, selectEnds, rollup.StatusMonths, rollup.StatusMonths).Scan(&e[0], &e[1], &e[2], &e[3], &e[4], &e[5]); err != nil {
		return 1, 0, err
	}
	none := true
	first, last = 1, 0
	for i, end := range ends {
		month := rollup.Month(end.Int64) //nolint:gosec // a period is of 32 bits
		if i < 4 {
			month = calendar.Day(sqlrow.Time(end.Int64)).Month()
		}
		switch {
		case !end.Valid:
		case none:
			first, last, none = month, month, false
		default:
			first, last = min(first, month), max(last, month)
		}
	}
	return first, last, nil
}

func (s *Store) Totals(ctx context.Context, where listing.Expr) ([]rollup.Cell, error) {
	query, args := totalsQuery(where)
	groups, err := sqlrow.Report(ctx, s.db, scanTotals, query, args...)
	if err != nil {
		return nil, sqlrow.ReadFailure("adding up conversions", err)
	}
	sums := rollup.New(s.calendar)
	for _, cells := range groups {
		sums.Add(cells...)
	}
	return sums.Cells(), nil
}

func totalsQuery(where listing.Expr) (query string, args []any) {
	condition, args, _ := sqlquery.Build(listing.Query{Where: where}, sqlquery.Encode(encodeConversion))
	return selectTotals + condition + byCurrencies, args
}

// scanTotals reads the sums of the conversions that have the same currencies.
func scanTotals(row scanner) ([]rollup.Cell, error) {
	cells := make([]rollup.Cell, 6)
	counts, amount, refunded, payout, revenue, discount := &cells[0], &cells[1], &cells[2], &cells[3], &cells[4], &cells[5]
	err := row.Scan(&amount.Key.Currency, &refunded.Key.Currency, &payout.Key.Currency, &revenue.Key.Currency, &discount.Key.Currency,
		&counts.Conversions, &counts.Clickless,
		&amount.Amount.Units, &amount.Amount.Nanos, &refunded.Refunded.Units, &refunded.Refunded.Nanos,
		&payout.Payout.Units, &payout.Payout.Nanos, &revenue.Revenue.Units, &revenue.Revenue.Nanos,
		&discount.Discount.Units, &discount.Discount.Nanos)
	return cells, err
}

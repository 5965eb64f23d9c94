package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// tx is the transaction of a batch, for its tasks. It prepares each statement on first use and keeps it, so
// there must be few different texts.
type tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt

	calendar rollup.Calendar
	// cursor is the cursor as stored in the transaction so far.
	cursor cursor
	cells  cellWriter
}

func newTx(conn *sql.Conn, calendar rollup.Calendar) *tx {
	return &tx{conn: conn, statements: map[string]*sql.Stmt{}, calendar: calendar}
}

// close releases the statements.
func (t *tx) close() error {
	var errs []error
	for _, statement := range t.statements {
		errs = append(errs, statement.Close())
	}
	return errors.Join(errs...)
}

func (t *tx) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, ok := t.statements[query]; ok {
		return statement, nil
	}
	statement, err := t.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	t.statements[query] = statement
	return statement, nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := statement.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// write runs a statement with a row's values and more, and returns how many rows it changed.
func write[T any](ctx context.Context, t *tx, query string, columns table.Columns[T], row *T, more ...any) (int64, error) {
	values, err := columns.Values(row, more...)
	if err != nil {
		return 0, err
	}
	return t.exec(ctx, query, values...)
}

// one reads one row; sql.ErrNoRows if no row matches.
func one[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		var none T
		return none, err
	}
	return scan(statement.QueryRowContext(ctx, args...))
}

// all reads all rows.
func all[T any](ctx context.Context, t *tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return scanAll(rows, scan)
}

// number reads a row of one number.
func number(row scanner) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// pageOf returns the query for the rows of a table that q selects, with its arguments.
func pageOf[T any](columns table.Columns[T], name string, q listing.Query, options ...sqlquery.Option) (query string, args []any) {
	where, args, orderBy := sqlquery.Build(q, options...)
	return columns.From(name) + " WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?", append(args, q.Limit)
}

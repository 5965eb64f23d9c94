// Package sqlrow reads and writes rows of the tracking service's SQLite file. It has the transaction that tasks run in,
// the queries of lists, and the stored form of ids.
//
// Only the SQLite store and its parts import it.
package sqlrow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// Tasks runs a task in a transaction of the only writer, together with other writes. If the task fails, only its own
// writes are undone. While it runs, all other writes wait. With a context of Tx.Join, it is a part of another task.
type Tasks func(ctx context.Context, task func(context.Context, *Tx) error) error

// Tx is the transaction of a batch, as its tasks see it. It prepares each statement on first use and keeps it, so use only
// a few different texts.
type Tx struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// NewTx returns a Tx for the transactions of a connection, one after another.
func NewTx(conn *sql.Conn) *Tx { return &Tx{conn: conn, statements: map[string]*sql.Stmt{}} }

// Close releases the statements.
func (t *Tx) Close() error {
	var errs []error
	for _, statement := range t.statements {
		errs = append(errs, statement.Close())
	}
	return errors.Join(errs...)
}

// Join returns a context with which Tasks run in the transaction itself, as parts of its task. If one fails, the task must
// fail too, since what the part wrote is not undone alone.
func (t *Tx) Join(ctx context.Context) context.Context { return context.WithValue(ctx, joinKey{}, t) }

// Joined returns the transaction that a context joins, or nil.
func Joined(ctx context.Context) *Tx {
	t, _ := ctx.Value(joinKey{}).(*Tx)
	return t
}

type joinKey struct{}

func (t *Tx) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
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

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
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

// Write runs a statement with a row's values, then more, as arguments. It returns how many rows it changed.
func Write[T any](ctx context.Context, t *Tx, query string, columns table.Columns[T], row *T, more ...any) (int64, error) {
	values, err := columns.Values(row, more...)
	if err != nil {
		return 0, err
	}
	return t.Exec(ctx, query, values...)
}

// One reads one row; sql.ErrNoRows if no row matches.
func One[T any](ctx context.Context, t *Tx, scan func(table.Row) (T, error), query string, args ...any) (T, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		var none T
		return none, err
	}
	return scan(statement.QueryRowContext(ctx, args...))
}

// All reads all rows.
func All[T any](ctx context.Context, t *Tx, scan func(table.Row) (T, error), query string, args ...any) ([]T, error) {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return table.ReadAll(rows, scan)
}

// Each calls row for each row until it returns false or an error.
func (t *Tx) Each(ctx context.Context, row func(table.Row) (wanted bool, err error), query string, args ...any) error {
	statement, err := t.prepared(ctx, query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return EachRow(rows, row)
}

// Number reads a row of one number.
func Number(row table.Row) (n int64, err error) {
	err = row.Scan(&n)
	return n, err
}

// PageOf returns the query for the rows of a table that q selects, with its arguments.
func PageOf[T any](columns table.Columns[T], name string, q listing.Query, options ...sqlquery.Option) (query string, args []any) {
	where, args, orderBy := sqlquery.Build(q, options...)
	return columns.From(name) + " WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?", append(args, q.Limit)
}

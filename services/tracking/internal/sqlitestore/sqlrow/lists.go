package sqlrow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// ReadFailure maps the error of a read to one that callers know. It maps nil to nil.
func ReadFailure(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return domain.ErrNotFound
	default:
		return sqlitedb.Failure(fmt.Errorf("%s: %w", doing, err))
	}
}

// List runs a query on the reading connections.
func List[T any](ctx context.Context, db *sqlitedb.DB, scan func(table.Row) (T, error), query string, args ...any) ([]T, error) {
	return queryAll(ctx, db.Read(), scan, query, args...)
}

// Report is List for queries that callers compose. They may read every row, so they have their own connections.
func Report[T any](ctx context.Context, db *sqlitedb.DB, scan func(table.Row) (T, error), query string, args ...any) ([]T, error) {
	return queryAll(ctx, db.Reports(), scan, query, args...)
}

func queryAll[T any](ctx context.Context, pool *sql.DB, scan func(table.Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return table.ReadAll(rows, scan)
}

// EachRow calls row for each row until it returns false or an error, and closes rows.
func EachRow(rows *sql.Rows, row func(table.Row) (wanted bool, err error)) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if wanted, err := row(rows); err != nil || !wanted {
			return err
		}
	}
	return rows.Err()
}

// Listed encodes a list: nil for an empty one.
func Listed[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// Time returns a stored time.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

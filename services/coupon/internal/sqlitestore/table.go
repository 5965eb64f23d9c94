package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// table is a table whose rows are Ts. Its key is the column id.
type table[T any] struct {
	name    string
	columns []string
	// values returns a T's values, one for each column.
	values func(T) []any
	// title is the column that people search, if any; the column with its search key is only written. titleOf
	// returns a T's title.
	title   string
	titleOf func(T) string
	// scan reads a T from a row of all columns.
	scan func(row) (T, error)
	// id returns a T's key.
	id func(T) string
	// revision points to a T's revision.
	revision func(*T) *int64
}

// row is a *sql.Row or the current one of *sql.Rows.
type row interface{ Scan(into ...any) error }

// querier is a pool of connections or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// first returns the first row that a condition selects, or app.ErrNotFound.
func (t *table[T]) first(ctx context.Context, from querier, where string, args ...any) (T, error) {
	query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name + " WHERE " + where
	found, err := t.scan(from.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return found, app.ErrNotFound
	}
	if err != nil {
		return found, t.failure("reading", err)
	}
	return found, nil
}

// only returns the row that a condition selects, or app.ErrNotFound where it selects none or several.
func (t *table[T]) only(ctx context.Context, from querier, where string, args ...any) (T, error) {
	query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name + " WHERE " + where + " LIMIT 2"
	found, err := collect(ctx, from, t.scan, query, args...)
	if err == nil && len(found) != 1 {
		err = app.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// find returns the row with a key, or nil.
func (t *table[T]) find(ctx context.Context, from querier, id string) (*T, error) {
	found, err := t.first(ctx, from, "id = ?", id)
	if errors.Is(err, app.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// list returns the rows that a query selects.
func (t *table[T]) list(ctx context.Context, from querier, q listing.Query) ([]T, error) {
	where, args, order := sqlquery.Build(q)
	query := "SELECT " + strings.Join(t.columns, ", ") + " FROM " + t.name + " WHERE " + where + " ORDER BY " + order + " LIMIT ?"
	found, err := collect(ctx, from, t.scan, query, append(args, q.Limit)...)
	if err != nil {
		return nil, t.failure("listing", err)
	}
	return found, nil
}

// insert writes a new row, or returns app.ErrExists.
func (t *table[T]) insert(ctx context.Context, tx *sql.Tx, item T) error {
	return t.insertAll(ctx, tx, []T{item})
}

// insertAll writes new rows, or returns app.ErrExists at the first whose key is taken.
func (t *table[T]) insertAll(ctx context.Context, tx *sql.Tx, items []T) (err error) {
	columns := t.written()
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	query := "INSERT INTO " + t.name + " (" + strings.Join(columns, ", ") + ") VALUES (" + marks + ")" //nolint:gosec // names that the program chose
	statement, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return t.failure("inserting into", err)
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for _, item := range items {
		_, err := statement.ExecContext(ctx, t.writtenValues(item)...)
		if sqlitedb.IsUnique(err) {
			return app.ErrExists
		}
		if err != nil {
			return t.failure("inserting into", err)
		}
	}
	return nil
}

// written returns the columns that are written: all, and the search key's.
func (t *table[T]) written() []string {
	if t.title == "" {
		return t.columns
	}
	return append(slices.Clip(t.columns), t.title+searchSuffix)
}

// writtenValues returns a T's values, one for each column that is written.
func (t *table[T]) writtenValues(item T) []any {
	values := t.values(item)
	if t.title == "" {
		return values
	}
	return append(values, listing.SearchKey(t.titleOf(item)))
}

// replace writes all columns of the row that has item's key.
func (t *table[T]) replace(ctx context.Context, tx *sql.Tx, item T) error {
	query := "UPDATE " + t.name + " SET " + strings.Join(t.written(), " = ?, ") + " = ? WHERE id = ?" //nolint:gosec // names that the program chose
	if _, err := tx.ExecContext(ctx, query, append(t.writtenValues(item), t.id(item))...); err != nil {
		return t.failure("updating", err)
	}
	return nil
}

// update replaces the row with a key by what change makes of it, and counts up its revision.
func (t *table[T]) update(ctx context.Context, tx *sql.Tx, id string, change func(T) (T, error)) (T, error) {
	before, err := t.first(ctx, tx, "id = ?", id)
	if err != nil {
		return before, err
	}
	after, err := change(before)
	if err != nil {
		return before, err
	}
	if t.id(after) != id {
		return before, fmt.Errorf("updating %s: a change turned %q into %q", t.name, id, t.id(after))
	}
	*t.revision(&after) = *t.revision(&before) + 1
	return after, t.replace(ctx, tx, after)
}

func (t *table[T]) failure(doing string, err error) error {
	return sqlitedb.Failure(fmt.Errorf("%s %s: %w", doing, t.name, err))
}

// collect returns what scan makes of the rows of a query.
func collect[T any](ctx context.Context, from querier, scan func(row) (T, error), query string, args ...any) (found []T, err error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, sqlitedb.Failure(fmt.Errorf("querying: %w", err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, sqlitedb.Failure(fmt.Errorf("reading a row: %w", err))
		}
		found = append(found, item)
	}
	if err := rows.Err(); err != nil {
		return nil, sqlitedb.Failure(fmt.Errorf("reading rows: %w", err))
	}
	return found, nil
}

// inWrite runs do in a write transaction and returns its result.
func inWrite[T any](ctx context.Context, s *Store, do func(*sql.Tx) (T, error)) (T, error) {
	var result T
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		var err error
		result, err = do(tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

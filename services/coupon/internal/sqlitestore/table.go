package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// records is a table whose rows are Ts. Its key is the column id.
type records[T any] struct {
	name string
	// read are the columns that a T is read from, written all columns.
	read, written table.Columns[T]
	// title is the column that people search, "" if they search no column. A second column has its search key.
	title string
	// id returns a T's key.
	id func(*T) string
	// revision points to a T's revision.
	revision func(*T) *int64
	// resource returns the name of a T's resource.
	resource func(*T) string
	// trail gets an entry for each change; nil for the table of entries.
	trail *trail
}

func newRecords[T any](
	name, title string, id func(*T) string, columns table.Columns[T], revision func(*T) *int64, resource func(*T) string,
) *records[T] {
	read := slices.DeleteFunc(slices.Clone(columns), func(c table.Column[T]) bool { return c.Scan == nil })
	return &records[T]{name: name, read: read, written: columns, title: title, id: id, revision: revision, resource: resource}
}

// row is a *sql.Row or the current one of *sql.Rows.
type row = table.Row

// querier is a pool of connections or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// first returns the first row that a condition selects, or app.ErrNotFound.
func (t *records[T]) first(ctx context.Context, from querier, where string, args ...any) (T, error) {
	query := t.read.From(t.name) + " WHERE " + where
	found, err := t.read.Read(from.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return found, app.ErrNotFound
	}
	if err != nil {
		return found, t.failure("reading", err)
	}
	return found, nil
}

// only returns the row that a condition selects, or app.ErrNotFound if it selects no row or several.
func (t *records[T]) only(ctx context.Context, from querier, where string, args ...any) (T, error) {
	query := t.read.From(t.name) + " WHERE " + where + " LIMIT 2"
	found, err := collect(ctx, from, t.read.Read, query, args...)
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
func (t *records[T]) find(ctx context.Context, from querier, id string) (*T, error) {
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
func (t *records[T]) list(ctx context.Context, from querier, q listing.Query) ([]T, error) {
	where, args, order := sqlquery.Build(q)
	query := t.read.From(t.name) + " WHERE " + where + " ORDER BY " + order + " LIMIT ?"
	found, err := collect(ctx, from, t.read.Read, query, append(args, q.Limit)...)
	if err != nil {
		return nil, t.failure("listing", err)
	}
	return found, nil
}

// insert writes a new row, or returns app.ErrExists.
func (t *records[T]) insert(ctx context.Context, tx *sql.Tx, item T) error {
	return t.insertAll(ctx, tx, []T{item})
}

// insertAll writes new rows, or returns app.ErrExists at the first whose key is taken.
func (t *records[T]) insertAll(ctx context.Context, tx *sql.Tx, items []T) error {
	if err := t.write(ctx, tx, items, "inserting into", ""); err != nil || t.trail == nil {
		return err
	}
	for i := range items {
		if err := note(ctx, tx, t, nil, &items[i]); err != nil {
			return err
		}
	}
	return nil
}

// write inserts rows. onTaken is the clause for a taken key; "" makes it return app.ErrExists.
func (t *records[T]) write(ctx context.Context, tx *sql.Tx, items []T, doing, onTaken string) (err error) {
	statement, err := tx.PrepareContext(ctx, "INSERT"+t.written.Into(t.name)+onTaken)
	if err != nil {
		return t.failure(doing, err)
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for i := range items {
		values, err := t.written.Values(&items[i])
		if err == nil {
			_, err = statement.ExecContext(ctx, values...)
		}
		if sqlitedb.IsUnique(err) && onTaken == "" {
			return app.ErrExists
		}
		if err != nil {
			return t.failure(doing, fmt.Errorf("%s: %w", t.id(&items[i]), err))
		}
	}
	return nil
}

// replace writes all columns of a row that was before.
func (t *records[T]) replace(ctx context.Context, tx *sql.Tx, before, after T) error {
	values, err := t.written.Values(&after, t.id(&after))
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE "+t.name+" SET "+t.written.Set()+" WHERE id = ?", values...) //nolint:gosec // names that the program chose
	}
	if err != nil {
		return t.failure("updating", err)
	}
	return note(ctx, tx, t, &before, &after)
}

// update replaces the row with a key by the result of change, and increments its revision.
func (t *records[T]) update(ctx context.Context, tx *sql.Tx, id string, change func(T) (T, error)) (T, error) {
	before, err := t.first(ctx, tx, "id = ?", id)
	if err != nil {
		return before, err
	}
	after, err := change(before)
	if err != nil {
		return before, err
	}
	if changed := t.id(&after); changed != id {
		return before, fmt.Errorf("updating %s: a change turned %q into %q", t.name, id, changed)
	}
	*t.revision(&after) = *t.revision(&before) + 1
	return after, t.replace(ctx, tx, before, after)
}

func (t *records[T]) failure(doing string, err error) error {
	return sqlitedb.Failure(fmt.Errorf("%s %s: %w", doing, t.name, err))
}

// collect returns the rows of a query, each read by scan.
func collect[T any](ctx context.Context, from querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, sqlitedb.Failure(fmt.Errorf("querying: %w", err))
	}
	found, err := table.ReadAll(rows, scan)
	if err != nil {
		return nil, sqlitedb.Failure(fmt.Errorf("reading rows: %w", err))
	}
	return found, nil
}

// inWrite runs do in a write transaction and returns its result.
func inWrite[T any](ctx context.Context, s *Store, do func(*sql.Tx) (T, error)) (T, error) {
	var result T
	err := s.write(ctx, func(tx *sql.Tx) error {
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

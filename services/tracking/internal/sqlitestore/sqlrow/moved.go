package sqlrow

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// MovedTable is a table to move to another database. A record's place is its key, as a JSON list of strings.
type MovedTable[T any] struct {
	Name string
	// Query selects the records after a place, up to a limit.
	Query string
	// Args returns Query's arguments for a key, without the limit. The empty key sorts before all others.
	Args func(key []string) []any
	Scan func(table.Row) (T, error)
	Key  func(*T) []string
	// Put writes a record and replaces any with the same key.
	Put func(context.Context, *Tx, *T) error
}

// In returns the table in a file.
func (m MovedTable[T]) In(db *sqlitedb.DB, run Tasks) move.Table {
	return move.TableOf(m.Name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		var key []string
		if after != "" {
			if err := json.Unmarshal([]byte(after), &key); err != nil {
				return nil, "", fmt.Errorf("%q is no place in %s: %w", after, m.Name, err)
			}
		}
		records, err := List(ctx, db, m.Scan, m.Query, append(m.Args(key), limit)...)
		if err != nil || len(records) == 0 {
			return nil, "", ReadFailure("reading "+m.Name, err)
		}
		place, err := json.Marshal(m.Key(&records[len(records)-1]))
		return records, string(place), err
	}, func(ctx context.Context, records []T) error {
		return run(ctx, func(ctx context.Context, tx *Tx) error {
			for i := range records {
				if err := m.Put(ctx, tx, &records[i]); err != nil {
					return fmt.Errorf("%q: %w", m.Key(&records[i]), err)
				}
			}
			return nil
		})
	})
}

// AfterKey returns the query for the rows of a table after a key, up to a limit.
func AfterKey[T any](name string, columns, key table.Columns[T]) string {
	return columns.From(name) + " WHERE (" + key.Names() + ") > (" + strings.TrimSuffix(strings.Repeat("?, ", len(key)), ", ") + ") ORDER BY " +
		key.Names() + " LIMIT ?"
}

// ReplaceIn returns a function that writes a row of a table and replaces any with the same key.
func ReplaceIn[T any](name string, columns table.Columns[T]) func(context.Context, *Tx, *T) error {
	statement := "REPLACE" + columns.Into(name)
	return func(ctx context.Context, tx *Tx, row *T) error {
		_, err := Write(ctx, tx, statement, columns, row)
		return err
	}
}

// Texts returns the n texts of a key as arguments; missing ones are "", which sorts before all others.
func Texts(key []string, n int) []any {
	args := make([]any, n)
	for i := range args {
		args[i] = ""
		if i < len(key) {
			args[i] = key[i]
		}
	}
	return args
}

// FirstKey returns the arguments for a key of one text, encoded by of.
func FirstKey(of func(string) any) func([]string) []any {
	return func(key []string) []any {
		if len(key) == 0 {
			return []any{""}
		}
		return []any{of(key[0])}
	}
}

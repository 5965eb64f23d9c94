package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

const (
	// searchSuffix ends the name of the column that holds another column's search key.
	searchSuffix = "_search"
	// foldedAtOnce is how many rows get their search keys in one transaction.
	foldedAtOnce = 100
)

// foldTitles adds the search key to each row without one. Migrations leave keys NULL, in new columns and when
// keys change, since SQL cannot compute them. An index finds these rows at once.
func (t *records[T]) foldTitles(ctx context.Context, db *sqlitedb.DB) error {
	for {
		folded := 0
		err := db.Write(ctx, func(tx *sql.Tx) error {
			var err error
			folded, err = t.foldSome(ctx, tx)
			return err
		})
		if err != nil || folded < foldedAtOnce {
			return err
		}
	}
}

// foldSome adds the search key to some rows without one, and returns how many.
func (t *records[T]) foldSome(ctx context.Context, tx *sql.Tx) (int, error) {
	type unfolded struct{ id, title string }
	key := t.title + searchSuffix
	query := "SELECT id, " + t.title + " FROM " + t.name + " WHERE " + key + " IS NULL ORDER BY id LIMIT ?"
	rows, err := collect(ctx, tx, func(r row) (u unfolded, err error) { return u, r.Scan(&u.id, &u.title) }, query, foldedAtOnce)
	if err != nil {
		return 0, err
	}
	for _, u := range rows {
		update := "UPDATE " + t.name + " SET " + key + " = ? WHERE id = ?" //nolint:gosec // names that the program chose
		if _, err := tx.ExecContext(ctx, update, listing.SearchKey(u.title), u.id); err != nil {
			return 0, t.failure("giving search keys to", fmt.Errorf("%s: %w", u.id, err))
		}
	}
	return len(rows), nil
}

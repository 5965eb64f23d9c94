package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// giveSecrets gives a secret to each offer and each publisher without one. They are older than secrets, which a
// migration in SQL cannot make. Most starts find nothing to do, and only read.
func giveSecrets(ctx context.Context, db *sqlitedb.DB) error {
	for _, of := range []secrets{
		{find: "SELECT id FROM offers WHERE postback_secret = ''", give: "UPDATE offers SET postback_secret = ? WHERE id = ?"},
		{find: "SELECT id FROM publishers WHERE delivery_secret = ''", give: "UPDATE publishers SET delivery_secret = ? WHERE id = ?"},
	} {
		if err := of.giveMissing(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// secrets are the secrets of one table: the query for the ids of the rows without one, and the statement that
// gives a row its secret.
type secrets struct{ find, give string }

func (s secrets) giveMissing(ctx context.Context, db *sqlitedb.DB) error {
	lacking, err := s.lacking(ctx, db.Read())
	if err != nil || len(lacking) == 0 {
		return err
	}
	return db.Write(ctx, func(tx *sql.Tx) error {
		lacking, err := s.lacking(ctx, tx) // another process may have done it in between
		if err != nil {
			return err
		}
		for _, id := range lacking {
			if _, err := tx.ExecContext(ctx, s.give, app.NewSecret(), id); err != nil {
				return sqlitedb.Failure(fmt.Errorf("giving %s a secret: %w", id, err))
			}
		}
		return nil
	})
}

// lacking returns the ids of the rows that have no secret.
func (s secrets) lacking(ctx context.Context, from querier) ([]string, error) {
	return collect(ctx, from, func(r row) (string, error) {
		var id string
		err := r.Scan(&id)
		return id, err
	}, s.find)
}

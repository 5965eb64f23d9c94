// Package sqlitestore keeps the coupon service's state in an SQLite file: the embedded default.
//
// Only the service's wiring may import it.
package sqlitestore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// FileName is the name of the database file.
const FileName = "coupon.db"

// Store is an app.Store on one SQLite file.
type Store struct {
	db *sqlitedb.DB
	// within is the transaction that all reads and writes belong to; nil unless the Store is one that Once passes on.
	within         *sql.Tx
	offers         *records[domain.Offer]
	publishers     *records[domain.Publisher]
	approvals      *records[domain.Approval]
	coupons        *records[domain.Coupon]
	keys           *records[domain.Key]
	postbackTokens *records[domain.PostbackToken]
	trail          *trail
}

var _ app.Store = (*Store)(nil)

// Open opens the file coupon.db in a directory; both are created if they do not exist.
func Open(ctx context.Context, dir string, opts ...sqlitedb.Option) (*Store, error) {
	return open(ctx, dir, opts...)
}

func open(ctx context.Context, dir string, opts ...sqlitedb.Option) (*Store, error) {
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("finding the migrations: %w", err)
	}
	db, err := sqlitedb.Open(ctx, filepath.Join(dir, FileName), migrations, opts...)
	if err != nil {
		return nil, fmt.Errorf("opening the coupon store: %w", err)
	}
	store := &Store{
		db:             db,
		offers:         offersTable(),
		publishers:     publishersTable(),
		approvals:      approvalsTable(),
		coupons:        couponsTable(),
		keys:           keysTable(),
		postbackTokens: postbackTokensTable(),
		trail:          &trail{entries: entriesTable()},
	}
	store.offers.trail, store.publishers.trail, store.approvals.trail = store.trail, store.trail, store.trail
	store.coupons.trail, store.keys.trail, store.postbackTokens.trail = store.trail, store.trail, store.trail
	if err := store.complete(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the coupon store: %w", err), db.Close())
	}
	return store, nil
}

// complete does the part of migrations that SQL cannot do.
func (s *Store) complete(ctx context.Context) error {
	if err := giveSecrets(ctx, s.db); err != nil {
		return err
	}
	if err := s.offers.foldTitles(ctx, s.db); err != nil {
		return err
	}
	if err := s.publishers.foldTitles(ctx, s.db); err != nil {
		return err
	}
	if err := s.keys.foldTitles(ctx, s.db); err != nil {
		return err
	}
	return s.coupons.foldTitles(ctx, s.db)
}

// Source returns the store as a source of backups.
func (s *Store) Source() *sqlitedb.Source { return sqlitedb.NewSource(s.db, nil) }

// Ping says whether the store can be reached.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close waits for the current write and closes the file.
func (s *Store) Close() error { return s.db.Close() }

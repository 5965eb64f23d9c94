package sqlitedb

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
)

// WithLog logs the migrations of an existing database, step by step. With a nil log, nothing is logged.
func WithLog(log *slog.Logger) Option {
	return func(o *options) {
		if log != nil {
			o.log = log
		}
	}
}

// migrate applies the missing migrations to the database at path. It refuses a database that is newer than the last
// one.
func migrate(ctx context.Context, db *sql.DB, migrations fs.FS, path string, log *slog.Logger) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, migrations,
		goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if current > newest {
		return fmt.Errorf("the database has schema version %d, and this program knows only up to %d: use a newer program", current, newest)
	}
	for version := current; version < newest; {
		began := time.Now()
		if current > 0 { // a new database has no data to migrate
			log.InfoContext(ctx, "migrating the schema", slog.String("database", path), slog.Int64("version", version), slog.Int64("newest", newest))
		}
		step, err := provider.UpByOne(ctx)
		if err != nil {
			return fmt.Errorf("migrating the schema from version %d: %w", version, err)
		}
		version = step.Source.Version
		if current > 0 {
			log.InfoContext(ctx, "migrated the schema", slog.String("database", path), slog.Int64("version", version), slog.Int64("newest", newest),
				slog.Duration("took", time.Since(began).Round(time.Millisecond)))
		}
	}
	return nil
}

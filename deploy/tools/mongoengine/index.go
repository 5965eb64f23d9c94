package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver that the engine uses
)

// indexInterval is how often there is looked for new tables.
const indexInterval = 50 * time.Millisecond

// indexIDs gives each table of the engine's databases an index for lookups by `_id`, until ctx ends: the
// engine asks by another expression than its own index has, and reads whole tables for each.
func indexIDs(ctx context.Context, dir string) error {
	databases := map[string]*sql.DB{}
	defer func() {
		for _, db := range databases {
			_ = db.Close() // the directory is removed next
		}
	}()
	for {
		files, err := filepath.Glob(filepath.Join(dir, "*.sqlite"))
		if err != nil {
			return fmt.Errorf("looking for databases: %w", err)
		}
		for _, file := range files {
			if databases[file] == nil {
				if databases[file], err = sql.Open("sqlite", "file:"+file+"?mode=rw&_pragma=busy_timeout(10000)"); err != nil {
					return fmt.Errorf("opening a database: %w", err)
				}
			}
			// A database may be dropped, or busy, at any moment: what fails is tried again.
			_ = indexTables(ctx, databases[file])
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(indexInterval):
		}
	}
}

// indexTables creates the indexes that a database lacks.
func indexTables(ctx context.Context, db *sql.DB) (err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT name FROM sqlite_schema AS t
		WHERE type = 'table' AND sql LIKE '%_ferretdb_sjson%'
			AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = t.name || '_by_id')`)
	if err != nil {
		return err
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return errors.Join(err, rows.Close())
		}
		tables = append(tables, table)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(`CREATE INDEX %q ON %q (_ferretdb_sjson->'$._id')`, table+"_by_id", table)); err != nil {
			return err
		}
	}
	return nil
}

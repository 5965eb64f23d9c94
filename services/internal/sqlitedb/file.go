package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// File is a database file opened for reading. Another process may have it open and write to it.
type File struct {
	*sql.DB
	path string
}

// OpenFile opens a database file for reading. still means that nobody writes to it, as to a backup's file; then no
// files are created beside it. If no process has the file open, OpenFile checks the log too. The error is a *Damage if
// the file is damaged or missing.
func OpenFile(path string, still bool) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("finding the database file: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Damage{File: path, What: "is missing"}
	case err != nil:
		return nil, fmt.Errorf("finding the database file: %w", err)
	case info.Size() == 0:
		return nil, &Damage{File: path, What: "is empty"}
	}
	options := url.Values{"mode": {"ro"}, "_busy_timeout": {fmt.Sprint(busyTimeoutMillis)}}
	if still {
		options.Set("immutable", "1")
	} else if err := checkIdleLog(path); err != nil {
		return nil, err
	}
	source := url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}
	engine, err := sqlite.NewConnector(source.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return &File{DB: sql.OpenDB(connector{engine, &watch{path: path}, nil}), path: path}, nil
}

// OpenIdle opens a database file that no process has open, without migrating it. The error is ErrInUse if a process has
// it open.
func OpenIdle(ctx context.Context, path string) (*DB, error) {
	return Open(ctx, path, nil, func(o *options) { o.existing = true })
}

// checkIdleLog checks the log, unless a process has the database open.
func checkIdleLog(path string) error {
	if _, err := os.Stat(path + lockSuffix); err != nil {
		return checkLog(logFile(path)) // no service ever had it open
	}
	l := flock.New(path + lockSuffix)
	defer func() { _ = l.Close() }() // it has written nothing
	if free, err := l.TryRLock(); err != nil || !free {
		return nil //nolint:nilerr // the process that has it open has checked it
	}
	return checkLog(logFile(path))
}

// Check checks every page and every index. The error is a *Damage if it finds a fault.
func (f *File) Check(ctx context.Context) error {
	found, err := checkPages(ctx, f.DB, "PRAGMA integrity_check(1)")
	if err != nil {
		return err
	}
	if found != "" {
		return &Damage{File: f.path, What: "is damaged: " + found}
	}
	return nil
}

// Version returns the number of the newest applied migration.
func (f *File) Version(ctx context.Context) (version int64, err error) {
	err = f.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("reading the schema's version of %s: %w", f.path, err)
	}
	return version, nil
}

// Counts returns the number of rows in each table.
func (f *File) Counts(ctx context.Context) (map[string]int64, error) {
	rows, err := f.QueryContext(ctx, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
	if err != nil {
		return nil, fmt.Errorf("listing the tables of %s: %w", f.path, err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		tables = append(tables, name)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("listing the tables of %s: %w", f.path, err)
	}
	counts := make(map[string]int64, len(tables))
	for _, name := range tables {
		var n int64
		quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		if err := f.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s of %s: %w", name, f.path, err)
		}
		counts[name] = n
	}
	return counts, nil
}

// sideSuffixes are the suffixes of the files beside a database file.
var sideSuffixes = []string{"-wal", "-shm", lockSuffix}

// Vacate makes sure that a database file can be created at path: neither it nor its log exists, and no process uses it.
// A symbolic link is there even if its target is not. Vacate removes other files of an earlier database there.
func Vacate(path string) error {
	for _, taken := range []string{path, logFile(path)} {
		if _, err := os.Lstat(taken); err == nil {
			return fmt.Errorf("%s exists, and nothing is overwritten: move it away, or use another data directory", taken)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking for %s: %w", taken, err)
		}
	}
	if _, err := os.Stat(path + lockSuffix); err == nil {
		l, err := lock(path)
		if err != nil {
			return err
		}
		defer func() { _ = l.close() }() // its file is removed
	}
	for _, suffix := range sideSuffixes {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what is left of an older database: %w", err)
		}
	}
	return nil
}

package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// Restore verifies a backup and copies it into a data directory. It refuses a directory that a process uses or
// that has one of the databases, and overwrites nothing. It leaves small files that exist as they are, and
// returns their names in left. If Restore is interrupted, the directory has either no database or none that a
// service starts on.
func Restore(ctx context.Context, from, to string, databases []Database) (m Manifest, left []string, err error) {
	if m, err = ReadManifest(from); err != nil {
		return m, nil, err
	}
	if _, err := Verify(ctx, from, databases); err != nil {
		return m, nil, fmt.Errorf("the backup cannot be restored: %w", err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return m, nil, fmt.Errorf("making the data directory: %w", err)
	}
	for _, entry := range m.Databases {
		if err := sqlitedb.Vacate(filepath.Join(to, entry.File)); err != nil {
			return m, nil, err
		}
	}
	temp, err := os.MkdirTemp(to, ".restore-")
	if err != nil {
		return m, nil, fmt.Errorf("making a directory to restore into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	for _, entry := range append(m.Files, m.Databases...) {
		if err := copyFile(filepath.Join(from, entry.File), filepath.Join(temp, entry.File)); err != nil {
			return m, nil, err
		}
		if err := compare(temp, entry); err != nil {
			return m, nil, err
		}
	}
	for _, d := range databases {
		path := filepath.Join(temp, d.File)
		if _, err := os.Stat(path); err != nil || d.Restored == nil {
			continue // the backup does not have it
		}
		if err := d.Restored(ctx, path); err != nil {
			return m, nil, fmt.Errorf("restoring %s: %w", d.File, err)
		}
	}
	if err := syncDir(temp); err != nil {
		return m, nil, err
	}
	for _, entry := range append(m.Files, m.Databases...) {
		path := filepath.Join(to, entry.File)
		if _, err := os.Lstat(path); err == nil && entry.Tables == nil {
			left = append(left, entry.File)
			continue
		}
		if err := os.Rename(filepath.Join(temp, entry.File), path); err != nil {
			return m, left, fmt.Errorf("restoring %s: %w", entry.File, err)
		}
	}
	return m, left, syncDir(to)
}

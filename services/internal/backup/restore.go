package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// The directories of a restore below the data directory. No database is opened beside them.
const (
	copying = sqlitedb.RestoreCopying
	copied  = sqlitedb.RestoreCopied
)

// Restored says what Restore did.
type Restored struct {
	Manifest Manifest
	// Left are the names of the small files that existed and were left as they were.
	Left []string
	// Resumed says that it finished an earlier Restore of the same backup, which was interrupted.
	Resumed bool
}

// Restore verifies a backup and copies it into a data directory. It refuses a directory that a process uses or
// that has one of the databases, and overwrites nothing. If Restore is interrupted, the directory has either no
// database or none that a service starts on; call it again to finish.
func Restore(ctx context.Context, from, to string, databases []Database) (r Restored, err error) {
	if r.Manifest, err = ReadManifest(from); err != nil {
		return r, err
	}
	if _, err := Verify(ctx, from, databases); err != nil {
		return r, fmt.Errorf("the backup cannot be restored: %w", err)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return r, fmt.Errorf("making the data directory: %w", err)
	}
	if r.Resumed, err = isCopied(from, to, r.Manifest); err != nil {
		return r, err
	}
	if !r.Resumed {
		if err := copyBackup(ctx, from, to, r.Manifest, databases); err != nil {
			return r, err
		}
	}
	if r.Left, err = moveCopies(to, r.Manifest); err != nil {
		return r, err
	}
	if err := syncDir(to); err != nil {
		return r, err
	}
	return r, removeAll(filepath.Join(to, copied))
}

// isCopied reports whether an interrupted Restore has left a whole copy of the backup with databases that are not
// moved yet. A copy whose databases are all moved is removed: that Restore lacked nothing else.
func isCopied(from, to string, m Manifest) (bool, error) {
	dir := filepath.Join(to, copied)
	of, err := os.ReadFile(filepath.Join(dir, manifestName)) //nolint:gosec // the operator names the directory
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, removeAll(dir) // nothing is there, or what an interrupted removal has left
	case err != nil:
		return false, fmt.Errorf("reading what an interrupted restore has copied: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(from, manifestName)) //nolint:gosec // as above
	if err != nil {
		return false, fmt.Errorf("reading the manifest: %w", err)
	}
	if !bytes.Equal(of, text) {
		return false, fmt.Errorf("%s has the copy of another backup, whose restore was interrupted: restore that one again to finish it, or remove this directory and the databases beside it", dir)
	}
	for _, entry := range m.Databases {
		if _, err := os.Lstat(filepath.Join(dir, entry.File)); err == nil {
			return true, nil
		}
	}
	return false, removeAll(dir)
}

// copyBackup copies a backup to the directory with the name copied. It removes what interrupted calls have left.
func copyBackup(ctx context.Context, from, to string, m Manifest, databases []Database) (err error) {
	for _, entry := range m.Databases {
		if err := sqlitedb.Vacate(filepath.Join(to, entry.File)); err != nil {
			return err
		}
	}
	if err := removePrefixed(to, copying); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(to, copying)
	if err != nil {
		return fmt.Errorf("making a directory to restore into: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	for _, entry := range append(m.Files, m.Databases...) {
		if err := copyFile(filepath.Join(from, entry.File), filepath.Join(temp, entry.File)); err != nil {
			return err
		}
		if err := compare(temp, entry); err != nil {
			return err
		}
	}
	for _, d := range databases {
		path := filepath.Join(temp, d.File)
		if _, err := os.Stat(path); err != nil || d.Restored == nil {
			continue // the backup does not have it
		}
		if err := d.Restored(ctx, path); err != nil {
			return fmt.Errorf("restoring %s: %w", d.File, err)
		}
	}
	if err := copyFile(filepath.Join(from, manifestName), filepath.Join(temp, manifestName)); err != nil {
		return err
	}
	if err := syncDir(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(to, copied)); err != nil {
		return fmt.Errorf("naming the copy: %w", err)
	}
	return syncDir(to)
}

// moveCopies moves a backup's copied files to the data directory, except those that were moved before, and small
// files that exist, whose names it returns.
func moveCopies(to string, m Manifest) (left []string, err error) {
	for _, entry := range append(m.Files, m.Databases...) {
		from, path := filepath.Join(to, copied, entry.File), filepath.Join(to, entry.File)
		_, fromErr := os.Lstat(from)
		_, pathErr := os.Lstat(path)
		switch {
		case fromErr != nil && pathErr == nil:
			continue
		case entry.Tables == nil && pathErr == nil:
			left = append(left, entry.File)
			continue
		case entry.Tables != nil:
			if err := sqlitedb.Vacate(path); err != nil {
				return left, err
			}
		}
		if err := os.Rename(from, path); err != nil {
			return left, fmt.Errorf("restoring %s: %w", entry.File, err)
		}
	}
	return left, nil
}

// removeAll removes a directory that an interrupted call has left, or that is of no use any more.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing what a restore needs no more: %w", err)
	}
	return nil
}

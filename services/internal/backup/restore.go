package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

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
// that has one of the databases or that another Restore uses, and overwrites nothing. If Restore is interrupted, no service starts on the
// directory; call it again to finish.
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
	unlock, err := lockDir(to)
	if err != nil {
		return r, err
	}
	defer unlock()
	if r.Resumed, err = isCopied(from, to); err != nil {
		return r, err
	}
	if r.Resumed {
		err = copyAgain(ctx, from, to, r.Manifest, databases)
	} else {
		err = copyBackup(ctx, from, to, r.Manifest, databases)
	}
	if err != nil {
		return r, err
	}
	if r.Left, err = moveCopies(to, r.Manifest); err != nil {
		return r, err
	}
	if err := syncDir(to); err != nil {
		return r, err
	}
	return r, removeCopies(filepath.Join(to, copied))
}

// lockDir keeps other restores out of a directory until unlock is called or the process ends. It locks the directory
// itself, so that nothing is left in it.
func lockDir(dir string) (unlock func(), err error) {
	l := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	taken, err := l.TryLock()
	if err == nil && !taken {
		err = errors.New("another restore into it is running: wait until that ends")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), l.Close())
	}
	return func() { _ = l.Close() }, nil // nothing is written to it
}

// isCopied reports whether an interrupted Restore of the backup has made its copy and left some of it: files that are
// not moved yet, or the manifest alone.
func isCopied(from, to string) (bool, error) {
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
	return true, nil
}

// copyBackup copies a backup to the directory with the name copied.
func copyBackup(ctx context.Context, from, to string, m Manifest, databases []Database) (err error) {
	for _, entry := range m.Databases {
		if err := sqlitedb.Vacate(filepath.Join(to, entry.File)); err != nil {
			return err
		}
	}
	temp, err := copyFiles(ctx, from, to, slices.Concat(m.Files, m.Databases), databases)
	if err != nil {
		return err
	}
	err = copyFile(filepath.Join(from, manifestName), filepath.Join(temp, manifestName))
	if err == nil {
		err = syncDir(temp)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.Rename(temp, filepath.Join(to, copied)); err != nil {
		return errors.Join(fmt.Errorf("naming the copy: %w", err), os.RemoveAll(temp))
	}
	return syncDir(to)
}

// copyAgain replaces the copies that an interrupted Restore has not moved. Time has passed since they were made, and
// they cannot be compared with the manifest: Database.Restored may have changed them.
func copyAgain(ctx context.Context, from, to string, m Manifest, databases []Database) error {
	var waiting []Entry
	for _, entry := range slices.Concat(m.Files, m.Databases) {
		if _, err := os.Lstat(filepath.Join(to, entry.File)); errors.Is(err, fs.ErrNotExist) {
			waiting = append(waiting, entry)
		} else if err != nil {
			return fmt.Errorf("looking for what an interrupted restore has moved: %w", err)
		}
	}
	temp, err := copyFiles(ctx, from, to, waiting, databases)
	if err != nil {
		return err
	}
	dir := filepath.Join(to, copied)
	for _, entry := range waiting {
		if err == nil {
			err = os.Rename(filepath.Join(temp, entry.File), filepath.Join(dir, entry.File))
		}
	}
	if err := errors.Join(err, os.RemoveAll(temp)); err != nil {
		return fmt.Errorf("replacing the copies of an interrupted restore: %w", err)
	}
	return syncDir(dir)
}

// copyFiles copies some of a backup's files to a new directory in the data directory, and returns its path. It removes
// such directories that interrupted calls have left.
func copyFiles(ctx context.Context, from, to string, entries []Entry, databases []Database) (_ string, err error) {
	if err := removePrefixed(to, copying); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(to, copying)
	if err != nil {
		return "", fmt.Errorf("making a directory to restore into: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	for _, entry := range entries {
		if err := copyFile(filepath.Join(from, entry.File), filepath.Join(temp, entry.File)); err != nil {
			return "", err
		}
		if err := compare(temp, entry); err != nil {
			return "", err
		}
	}
	for _, d := range databases {
		path := filepath.Join(temp, d.File)
		if _, err := os.Stat(path); err != nil || d.Restored == nil {
			continue // it was not copied
		}
		if err := d.Restored(ctx, path); err != nil {
			return "", fmt.Errorf("restoring %s: %w", d.File, err)
		}
	}
	return temp, syncDir(temp)
}

// moveCopies moves a backup's copied files to the data directory, except those that were moved before, and small
// files that exist, whose names it returns.
func moveCopies(to string, m Manifest) (left []string, err error) {
	for _, entry := range slices.Concat(m.Files, m.Databases) {
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

// removeCopies removes the directory of copies, whose files are moved. The manifest goes after the other files: as long
// as any of them is there, Restore can be called again.
func removeCopies(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("removing what a restore needs no more: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == manifestName {
			continue
		}
		if err := removeAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	if err := removeAll(filepath.Join(dir, manifestName)); err != nil {
		return err
	}
	return removeAll(dir)
}

// removeAll removes a directory that an interrupted call has left, or that is of no use any more.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing what a restore needs no more: %w", err)
	}
	return nil
}

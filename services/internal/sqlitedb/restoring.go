package sqlitedb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// RestoreCopying is the prefix of directories that a backup is being copied into, below the data directory.
	RestoreCopying = ".restore-"
	// RestoreCopied is the name of the directory with a whole copy of a backup, whose files are then moved to the data
	// directory.
	RestoreCopied = ".restored"
)

// CheckRestored refuses a directory with an unfinished restore. New databases there would be empty, and the
// backup's could not take their place. A directory that does not exist is fine.
func CheckRestored(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for an unfinished restore: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		path, also := filepath.Join(dir, name), ""
		switch {
		case name == RestoreCopied && !isEmpty(path):
		case strings.HasPrefix(name, RestoreCopying):
			also = "; nothing of it was moved yet, so to start without it, remove " + path
		default:
			continue
		}
		return fmt.Errorf("a restore into %s has not finished, and has left %s: to finish it, run `couponlink restore BACKUP` with the same backup and COUPONLINK_DATA_DIR=%s%s", dir, path, dir, also)
	}
	return nil
}

// isEmpty reports whether a directory is empty. A restore that has moved everything empties its directory before it
// removes it.
func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

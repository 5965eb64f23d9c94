package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Move moves a backup to a directory that must not exist, on another disk if necessary. The directory appears only once
// the backup in it is complete.
func Move(from, to string) error {
	m, err := ReadManifest(from)
	if err != nil {
		return err
	}
	if err := mustNotExist(to); err != nil {
		return err
	}
	parent := filepath.Dir(to)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("making the folder of backups: %w", err)
	}
	if os.Rename(from, to) == nil {
		return syncDir(parent)
	}
	temp, err := os.MkdirTemp(parent, partial)
	if err != nil {
		return fmt.Errorf("making the backup's directory: %w", err)
	}
	if err := copyAll(m, from, temp); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.Rename(temp, to); err != nil {
		return errors.Join(fmt.Errorf("naming the backup: %w", err), os.RemoveAll(temp))
	}
	if err := syncDir(parent); err != nil {
		return err
	}
	if err := os.RemoveAll(from); err != nil {
		return fmt.Errorf("removing the backup that was copied: %w", err)
	}
	return nil
}

// copyAll copies a backup's files and its manifest.
func copyAll(m Manifest, from, to string) error {
	for _, entry := range append(m.Files, m.Databases...) {
		if err := copyFile(filepath.Join(from, entry.File), filepath.Join(to, entry.File)); err != nil {
			return err
		}
		if err := compare(to, entry); err != nil {
			return err
		}
	}
	return writeManifest(to, m)
}

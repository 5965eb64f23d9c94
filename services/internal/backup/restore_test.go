package backup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// TestNamesAreNoPatterns restores into directories and takes backups in folders whose names would be patterns.
func TestNamesAreNoPatterns(t *testing.T) {
	t.Parallel()
	from, parent := taken(t), t.TempDir()
	others := []string{filepath.Join(parent, "glob", ".restore-1"), filepath.Join(parent, "glob", ".partial-1")}
	for _, dir := range others {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"da[ta", "gl*b"} {
		dir := filepath.Join(parent, name)
		left := []string{filepath.Join(dir, ".restore-1"), filepath.Join(dir, ".partial-1")}
		if err := errors.Join(os.MkdirAll(left[0], 0o700), os.Mkdir(left[1], 0o700)); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Restore(t.Context(), from, dir, databases); err != nil {
			t.Errorf("restoring into %s: %v", name, err)
		}
		job := backup.Job{Sources: []*sqlitedb.Source{sqlitedb.NewSource(open(t, dir, "a.db"), nil)}}
		server := backup.NewServer(job, dir, databases)
		if _, err := server.CreateBackup(t.Context(), &backupv1.CreateBackupRequest{}); err != nil {
			t.Errorf("a backup in %s: %v", name, err)
		}
		for _, gone := range left {
			if _, err := os.Lstat(gone); err == nil {
				t.Errorf("%s is still there", gone)
			}
		}
	}
	for _, dir := range others {
		if _, err := os.Lstat(dir); err != nil {
			t.Errorf("a directory of another: %v", err)
		}
	}
}

// TestRestoreKeepsLinks restores beside a link of a database's name. Its target is away, as a disk that is not mounted.
func TestRestoreKeepsLinks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.db", "b.db-wal"} {
		to := t.TempDir()
		link := filepath.Join(to, name)
		if err := os.Symlink(filepath.Join(to, "away"), link); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Restore(t.Context(), taken(t), to, databases); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
			t.Errorf("Restore beside %s: %v", name, err)
		}
		if entries, err := os.ReadDir(to); err != nil || len(entries) != 1 || entries[0].Type() != os.ModeSymlink {
			t.Errorf("%v, %v", entries, err)
		}
	}
}

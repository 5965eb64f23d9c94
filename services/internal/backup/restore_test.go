package backup_test

import (
	"bytes"
	"context"
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

// TestResumedRestoreTrustsNoCopy damages what an interrupted restore has copied and not moved. The restored databases
// must be those of the backup all the same, each changed by its Restored.
func TestResumedRestoreTrustsNoCopy(t *testing.T) {
	t.Parallel()
	from, to := taken(t), t.TempDir()
	copies := filepath.Join(to, ".restored")
	if err := os.CopyFS(copies, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(
		os.Rename(filepath.Join(copies, "a.db"), filepath.Join(to, "a.db")), // moved
		os.WriteFile(filepath.Join(copies, "b.db"), []byte("garbage"), 0o600),
		os.Remove(filepath.Join(copies, "key")),
	)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	note := func(_ context.Context, path string) error {
		changed = append(changed, filepath.Base(path))
		return nil
	}
	r, err := backup.Restore(t.Context(), from, to, []backup.Database{{File: "a.db", Restored: note}, {File: "b.db", Restored: note}})
	if err != nil || !r.Resumed || len(r.Left) != 0 {
		t.Fatalf("Restore: %+v, %v", r, err)
	}
	if len(changed) != 1 || changed[0] != "b.db" {
		t.Errorf("%v were changed, want b.db", changed)
	}
	for _, entry := range append(r.Manifest.Databases, r.Manifest.Files...) {
		want, wantErr := os.ReadFile(filepath.Join(from, entry.File))
		got, gotErr := os.ReadFile(filepath.Join(to, entry.File))
		if err := errors.Join(wantErr, gotErr); err != nil || !bytes.Equal(want, got) {
			t.Errorf("%s is not the backup's (%v)", entry.File, err)
		}
	}
	if entries, err := os.ReadDir(to); err != nil || len(entries) != 3 {
		t.Errorf("the directory has %v (%v)", entries, err)
	}
}

// TestFailedRestoreLeavesNothing checks that a restore that fails while it copies leaves the directory as it was.
func TestFailedRestoreLeavesNothing(t *testing.T) {
	t.Parallel()
	to, failure := t.TempDir(), errors.New("refused")
	refuse := func(context.Context, string) error { return failure }
	if _, err := backup.Restore(t.Context(), taken(t), to, []backup.Database{{File: "a.db"}, {File: "b.db", Restored: refuse}}); !errors.Is(err, failure) {
		t.Errorf("Restore: %v", err)
	}
	if entries, err := os.ReadDir(to); err != nil || len(entries) != 0 {
		t.Errorf("the directory has %v (%v)", entries, err)
	}
}

// TestRestoresAreKeptApart starts a restore while another one into the same directory is copying. It must be refused and
// leave the other's copy alone.
func TestRestoresAreKeptApart(t *testing.T) {
	t.Parallel()
	from, to := taken(t), t.TempDir()
	var second error
	meanwhile := func(ctx context.Context, _ string) error {
		_, second = backup.Restore(ctx, from, to, databases)
		return nil
	}
	r, err := backup.Restore(t.Context(), from, to, []backup.Database{{File: "a.db"}, {File: "b.db", Restored: meanwhile}})
	if err != nil || r.Resumed {
		t.Errorf("the first: %+v, %v", r, err)
	}
	if second == nil || !strings.Contains(second.Error(), "another restore into it is running") {
		t.Errorf("the second: %v", second)
	}
	if _, err := backup.Restore(t.Context(), from, to, databases); err == nil || strings.Contains(err.Error(), "is running") {
		t.Errorf("the third, after the first: %v", err)
	}
}

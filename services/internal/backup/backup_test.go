package backup_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

var databases = []backup.Database{{File: "a.db"}, {File: "b.db"}}

// open opens a database with one table of numbers.
func open(t *testing.T, dir, name string) *sqlitedb.DB {
	t.Helper()
	db, err := sqlitedb.Open(t.Context(), filepath.Join(dir, name), fstest.MapFS{
		"00001_step.sql": {Data: []byte("-- +goose Up\nCREATE TABLE numbers (n INTEGER PRIMARY KEY, filling TEXT NOT NULL) STRICT;\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func add(ctx context.Context, db *sqlitedb.DB, n int64) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO numbers VALUES (?, ?)", n, strings.Repeat("x", 300))
		return err
	})
}

// newest returns the greatest number in a file.
func newest(t *testing.T, path string) (n int64) {
	t.Helper()
	file, err := sqlitedb.OpenFile(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := file.QueryRowContext(t.Context(), "SELECT ifnull(max(n), 0) FROM numbers").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestOneMoment backs up two databases while a writer adds each number first to one and then to the other. No backup
// may have a number in the second that the first lacks, nor lack a number from before the backup.
func TestOneMoment(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	a, b := open(t, dir, "a.db"), open(t, dir, "b.db")
	var written atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			if err := errors.Join(add(t.Context(), a, n), add(t.Context(), b, n)); err != nil {
				t.Error(err)
				return
			}
			written.Store(n)
		}
	})
	job := backup.Job{Sources: []*sqlitedb.Source{sqlitedb.NewSource(b, nil), sqlitedb.NewSource(a, nil)}, Version: "v1"}
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		before := written.Load()
		if _, err := job.Take(t.Context(), filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
		inA, inB := newest(t, filepath.Join(out, name, "a.db")), newest(t, filepath.Join(out, name, "b.db"))
		if inB < before || inA < inB || inA > inB+1 {
			t.Errorf("of %d numbers the backup has %d and %d", before, inA, inB)
		}
	}
	stop()
	writer.Wait()
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 5 {
		t.Errorf("the folder has %v (%v)", entries, err)
	}
}

// taken takes a backup of two small databases and returns its path.
func taken(t *testing.T) string {
	t.Helper()
	data, dir := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(filepath.Join(data, "key"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	job := backup.Job{FilesFrom: data, Files: []string{"key", "none"}, Version: "v1"}
	for _, name := range []string{"a.db", "b.db"} {
		db := open(t, data, name)
		for n := range int64(200) {
			if err := add(t.Context(), db, n+1); err != nil {
				t.Fatal(err)
			}
		}
		job.Sources = append(job.Sources, sqlitedb.NewSource(db, nil))
	}
	m, err := job.Take(t.Context(), dir)
	if err != nil || m.Databases[0].Tables["numbers"] != 200 || m.Databases[0].SchemaVersion != 1 || len(m.Files) != 1 {
		t.Fatalf("Take: %+v, %v", m, err)
	}
	if _, err := job.Take(t.Context(), dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Take over a backup: %v", err)
	}
	return dir
}

// TestBackupOfRemovedFiles checks that a backup of removed files fails, and creates no empty ones.
func TestBackupOfRemovedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := sqlitedb.NewSource(open(t, dir, "a.db"), nil)
	file := filepath.Join(dir, "a.db")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	_, err := backup.Job{Sources: []*sqlitedb.Source{source}}.Take(t.Context(), filepath.Join(t.TempDir(), "backup"))
	if err == nil || !strings.Contains(err.Error(), "a.db is gone") {
		t.Errorf("a backup without the file: %v", err)
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the backup the file that was gone: %v", err)
	}
}

func TestVerifyNamesFaults(t *testing.T) {
	t.Parallel()
	write := func(name string, at int64) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = file.WriteAt([]byte(strings.Repeat("\x5a", 4096)), at)
			if err := errors.Join(err, file.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   string
	}{
		"nothing":        {func(*testing.T, string) {}, ""},
		"a page":         {write("b.db", 3*4096), "b.db is damaged"},
		"the key":        {write("key", 0), "key is damaged"},
		"a missing file": {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "a.db")) }, "a.db"},
		"the manifest":   {write("manifest.json", 0), "manifest.json is damaged"},
		"no manifest":    {func(t *testing.T, dir string) { _ = os.Remove(filepath.Join(dir, "manifest.json")) }, ""},
		"another product": {func(t *testing.T, dir string) {
			_ = os.WriteFile(filepath.Join(dir, "manifest.json"), []byte("{}"), 0o600)
		}, "format 0"},
		"a manifest that lacks a database": {func(t *testing.T, dir string) {
			m, err := backup.ReadManifest(dir)
			if err != nil {
				t.Fatal(err)
			}
			m.Databases = m.Databases[:1]
			text, err := json.Marshal(m)
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, "b.db is there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := taken(t)
			c.damage(t, dir)
			report, err := backup.Verify(t.Context(), dir, databases)
			switch {
			case c.want == "" && (err != nil || report.Rows != 404): // including two rows of goose's in each
				t.Errorf("%+v, %v", report, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want one that says %s", err, c.want)
			}
			to := filepath.Join(t.TempDir(), "data")
			if c.want != "" {
				if _, err := backup.Restore(t.Context(), dir, to, databases); err == nil {
					t.Error("it was restored")
				}
			}
		})
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	dir, to := taken(t), filepath.Join(t.TempDir(), "data")
	if r, err := backup.Restore(t.Context(), dir, to, databases); err != nil || len(r.Left) != 0 || r.Resumed {
		t.Fatalf("Restore: %+v, %v", r, err)
	}
	db := open(t, to, "a.db")
	if err := add(t.Context(), db, 201); err != nil {
		t.Error(err)
	}
	if _, err := backup.Restore(t.Context(), dir, to, databases); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
		t.Errorf("Restore over databases: %v", err)
	}
	// What an older database left does not matter, nor does a key.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.db", "b.db"} {
		if err := os.Remove(filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := backup.Restore(t.Context(), dir, to, databases); err != nil || len(r.Left) != 1 {
		t.Errorf("Restore beside a key: %+v, %v", r, err)
	}
	if n := newest(t, filepath.Join(to, "a.db")); n != 200 {
		t.Errorf("the newest number is %d", n)
	}
	open(t, to, "a.db") // the old mark is gone
	if entries, err := os.ReadDir(to); err != nil || strings.Contains(entries[0].Name(), "restore") {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestRestoreIsResumed interrupts a restore where a kill would, and restores again.
func TestRestoreIsResumed(t *testing.T) {
	t.Parallel()
	dir, to := taken(t), t.TempDir()
	abandoned := filepath.Join(to, ".restore-1")
	if err := os.Mkdir(abandoned, 0o700); err != nil {
		t.Fatal(err)
	}
	restore := func(from string) (resumed bool) {
		t.Helper()
		r, err := backup.Restore(t.Context(), from, to, databases)
		if err != nil || len(r.Left) != 0 {
			t.Fatalf("Restore: %+v, %v", r, err)
		}
		for _, name := range []string{"key", "a.db", "b.db"} {
			if _, err := os.Stat(filepath.Join(to, name)); err != nil {
				t.Error(err)
			}
		}
		if entries, err := os.ReadDir(to); err != nil || len(entries) != 3 {
			t.Errorf("the directory has %v (%v), want nothing of the restore's own", entries, err)
		}
		return r.Resumed
	}
	if restore(dir) {
		t.Error("a first restore was resumed")
	}
	// As if killed between the moves of the two databases.
	copies := filepath.Join(to, ".restored")
	makeCopies := func() error {
		return errors.Join(os.Mkdir(copies, 0o700), os.Link(filepath.Join(dir, "manifest.json"), filepath.Join(copies, "manifest.json")))
	}
	err := errors.Join(makeCopies(), os.Rename(filepath.Join(to, "b.db"), filepath.Join(copies, "b.db")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), taken(t), to, databases); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("restoring another backup: %v", err)
	}
	if !restore(dir) {
		t.Error("an interrupted restore was not resumed")
	}
	// As if killed at the very end, with everything moved.
	if err := makeCopies(); err != nil {
		t.Fatal(err)
	}
	if !restore(dir) {
		t.Error("a restore that lacked its last step was not resumed")
	}
	if _, err := backup.Restore(t.Context(), dir, to, databases); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
		t.Errorf("Restore over databases: %v", err)
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	dir, to := taken(t), filepath.Join(t.TempDir(), "deep", "one")
	if err := backup.Move(dir, to); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Verify(t.Context(), to, databases); err != nil {
		t.Error(err)
	}
	if err := backup.Move(to, to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Move over a backup: %v", err)
	}
}

// TestLeftoversAreRemoved checks that a backup removes the parts that a killed process left.
func TestLeftoversAreRemoved(t *testing.T) {
	folder := t.TempDir()
	left := filepath.Join(folder, ".partial-1")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "a.db"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	job := backup.Job{Sources: []*sqlitedb.Source{sqlitedb.NewSource(open(t, t.TempDir(), "a.db"), nil)}, Version: "v1"}
	server := backup.NewServer(job, folder, nil)
	if _, err := server.CreateBackup(t.Context(), &backupv1.CreateBackupRequest{BackupId: "first"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", left, err)
	}
	for range 2 {
		if _, err := server.CreateBackup(t.Context(), &backupv1.CreateBackupRequest{}); err != nil {
			t.Errorf("two backups without a name, one after the other: %v", err)
		}
	}
}

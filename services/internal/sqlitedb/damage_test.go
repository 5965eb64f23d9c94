package sqlitedb_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// killed returns the database of a killed process: its log has many transactions.
func killed(t *testing.T) (path string) {
	t.Helper()
	running := filepath.Join(t.TempDir(), "things.db")
	db := open(t, running, first)
	for i := range 40 {
		if err := insert(t.Context(), db, fmt.Sprint(i), strings.Repeat("x", 500)+fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(t.TempDir(), "things.db")
	for _, suffix := range []string{"", "-wal", ".lock"} {
		content, err := os.ReadFile(running + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil { //nolint:gosec // the paths are the test's own
			t.Fatal(err)
		}
	}
	return path
}

// overwrite writes over a part of a file.
func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(with, at)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// fold checkpoints the log into the database, as SQLite's shell does on exit.
func fold(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// damageCase is damage to files, with the file and the words in Open's error; "" for no error.
type damageCase struct {
	damage     func(t *testing.T, path string)
	file, what string
}

func damageCases() map[string]damageCase {
	random := bytes.Repeat([]byte{0xa5, 0x17, 0x9c}, 1366)
	return map[string]damageCase{
		"nothing":                   {func(*testing.T, string) {}, "", ""},
		"the log folded by another": {fold, "", ""},
		"the log's end cut off": {func(t *testing.T, path string) {
			info, err := os.Stat(path + "-wal")
			if err == nil {
				err = os.Truncate(path+"-wal", info.Size()-100)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, "", ""},
		"the log's header": {func(t *testing.T, path string) { overwrite(t, path+"-wal", 8, random[:16]) }, "things.db-wal", "header"},
		"the log's middle": {func(t *testing.T, path string) { overwrite(t, path+"-wal", 100_000, random[:64]) }, "things.db-wal", "frame"},
		"the log removed": {func(t *testing.T, path string) {
			if err := os.Remove(path + "-wal"); err != nil {
				t.Fatal(err)
			}
		}, "things.db-wal", "is missing"},
		"a page": {func(t *testing.T, path string) {
			fold(t, path)
			overwrite(t, path, 2*4096, random[:4096])
		}, "things.db", "is damaged"},
		"the first page": {func(t *testing.T, path string) {
			fold(t, path)
			overwrite(t, path, 0, random[:4096])
		}, "things.db", "no SQLite database"},
		"half of the file": {func(t *testing.T, path string) {
			fold(t, path)
			if err := os.Truncate(path, 3*4096); err != nil {
				t.Fatal(err)
			}
		}, "things.db", "is damaged"},
		"the file removed": {func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, "things.db", "is missing"},
		"the file and its lock removed": {func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Remove(path+".lock")); err != nil {
				t.Fatal(err)
			}
		}, "things.db", "is missing"},
		"the file emptied": {func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path+"-wal"), os.Truncate(path, 0)); err != nil {
				t.Fatal(err)
			}
		}, "things.db", "is empty"},
	}
}

func TestDamageIsNamedAtTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range damageCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := killed(t)
			c.damage(t, path)
			db, err := sqlitedb.Open(t.Context(), path, migrations(first))
			if db != nil {
				defer func() { _ = db.Close() }()
			}
			if c.file == "" {
				if err != nil {
					t.Errorf("Open: %v", err)
				}
				return
			}
			d := sqlitedb.AsDamage(err)
			if d == nil || filepath.Base(d.File) != c.file || !strings.Contains(d.What, c.what) || !strings.Contains(err.Error(), "couponlink restore") {
				t.Errorf("Open: %v; want a damage of %s that %s", err, c.file, c.what)
			}
		})
	}
}

// TestDamageIsMet damages a page under an open database. Reading the page reports the damage, and so does every later
// Ping.
func TestDamageIsMet(t *testing.T) {
	t.Parallel()
	path := killed(t)
	fold(t, path)
	db := open(t, path, first)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(4096); at < info.Size(); at += 4096 {
		overwrite(t, path, at, bytes.Repeat([]byte{0xee}, 4096))
	}
	var n int
	err = sqlitedb.Failure(db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM things WHERE size IS NULL").Scan(&n))
	// A write now could be lost with the file.
	write := sqlitedb.Failure(insert(t.Context(), db, "late", "late"))
	for what, err := range map[string]error{"a read": err, "Ping": db.Ping(t.Context()), "a write": write} {
		if e := apperr.As(err); e == nil || e.Reason != "STORE_DAMAGED" || !strings.Contains(e.Message, "things.db") || strings.Contains(e.Message, "again") {
			t.Errorf("%s: %v, want STORE_DAMAGED", what, err)
		}
	}
}

// TestPingOfARemovedDirectory checks that Ping notices removed files. SQLite does not, and what it writes is stored
// nowhere.
func TestPingOfARemovedDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, filepath.Join(dir, "things.db"), first)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "things.db is gone") {
		t.Errorf("Ping without a directory: %v", err)
	}
	// Writes are refused too, within a second or two.
	var err error
	for i, start := 0, time.Now(); err == nil && time.Since(start) < 20*time.Second; i++ {
		err = insert(t.Context(), db, strconv.Itoa(i), strconv.Itoa(i))
		time.Sleep(10 * time.Millisecond)
	}
	if err == nil || !strings.Contains(err.Error(), "things.db is gone") {
		t.Errorf("a write without a directory: %v", err)
	}
}

// TestPingWrites checks that a Ping is a durable write: the log grows.
func TestPingWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "things.db")
	db := open(t, path, first)
	before, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path + "-wal"); err != nil || after.Size() <= before.Size() {
		t.Errorf("the log had %d bytes and has %d (%v)", before.Size(), after.Size(), err)
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for range 2 {
		if err := sqlitedb.Together(dir, "a.db", "b.db"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	err := sqlitedb.Together(dir, "a.db", "b.db")
	if d := sqlitedb.AsDamage(err); d == nil || filepath.Base(d.File) != "b.db" || !strings.Contains(d.What, "a.db is there") {
		t.Errorf("with one missing: %v", err)
	}
}

// TestOpenOnAFullDisk needs the right to mount a small disk, which CI has.
func TestOpenOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=1m", "none", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mounting a small disk: %v: %s", err, out)
		}
		t.Skipf("no small disk can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir).Run(); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	})
	path := filepath.Join(dir, "things.db")
	db, err := sqlitedb.Open(t.Context(), path, migrations(first))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("the disk is larger than it should be")
	}
	_, err = sqlitedb.Open(t.Context(), path, migrations(first))
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "no room left") {
		t.Errorf("Open on a full disk: %v", err)
	}
}

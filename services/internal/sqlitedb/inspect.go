package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// checkTime bounds the check at the start. It finds most damage; Verify checks everything.
const checkTime = 2 * time.Second

// inspect looks for damage in files that no process has open, namely damage that SQLite would take for an empty
// database or log.
func inspect(path string, last lockState) error {
	info, err := os.Stat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("finding the database file: %w", err)
	case !last.opened && (err != nil || info.Size() == 0):
		return noLogAlone(path)
	case err != nil:
		return &Damage{File: path, What: "is missing, and was there when the service last ran"}
	case info.Size() == 0:
		return &Damage{File: path, What: "is empty, and was not when the service last ran"}
	}
	return checkLog(logFile(path))
}

// checkMark checks whether the log was lost: see marker. It returns the database's number.
func checkMark(ctx context.Context, path string, db *sql.DB, last lockState) (int64, error) {
	var number int64
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&number); err != nil {
		return 0, fmt.Errorf("reading the database's mark: %w", err)
	}
	if number < last.mark {
		return 0, &Damage{File: logFile(path), What: fmt.Sprintf(
			"is missing or older than the database, so what the service stored last is lost (to go on without that, remove %s)", path+lockSuffix)}
	}
	return number, nil
}

// noLogAlone refuses a log without its database.
func noLogAlone(path string) error {
	if info, err := os.Stat(logFile(path)); err == nil && info.Size() > walHeaderBytes {
		return &Damage{File: path, What: "is missing or empty, and its write-ahead log is there"}
	}
	return nil
}

// quickCheck checks the file for damage, for a limited time.
func quickCheck(ctx context.Context, path string, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	found, err := checkPages(ctx, db, "PRAGMA quick_check(1)")
	if found == "" && ctx.Err() != nil {
		return nil // the part that was checked is sound
	}
	if err != nil {
		return err
	}
	if found != "" {
		return &Damage{File: path, What: "is damaged: " + found}
	}
	return nil
}

// checkPages runs a pragma that checks a database. It returns the first fault, or "".
func checkPages(ctx context.Context, db *sql.DB, pragma string) (string, error) {
	var found string
	if err := db.QueryRowContext(ctx, pragma).Scan(&found); err != nil {
		return "", fmt.Errorf("checking the database file: %w", err)
	}
	if found == "ok" {
		return "", nil
	}
	return found, nil
}

// Together refuses a directory where some of the databases exist and others do not: those would silently begin as
// empty ones. If none exists, it creates all of them, empty, so that a first start can be interrupted anywhere. The
// error is a *Damage, or that of CheckRestored.
func Together(dir string, names ...string) error {
	if err := CheckRestored(dir); err != nil {
		return err
	}
	there, missing := "", ""
	for _, name := range names {
		_, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err == nil:
			there = name
		case errors.Is(err, fs.ErrNotExist):
			missing = name
		default:
			return fmt.Errorf("finding the database file: %w", err)
		}
	}
	if there != "" && missing != "" {
		return &Damage{File: filepath.Join(dir, missing), What: fmt.Sprintf("is missing, and %s is there beside it (to begin with nothing in it, make an empty file of that name)", there)}
	}
	if missing == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	for _, name := range names {
		if _, err := create(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

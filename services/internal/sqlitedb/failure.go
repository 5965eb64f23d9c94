package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// primaryCode is the mask for the primary part of an extended result code.
const primaryCode = 0xff

// IsUnique reports whether the database refused a row because its primary key or a unique value is taken.
func IsUnique(err error) bool {
	var refused *sqlite.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	default:
		return false
	}
}

// Failure maps an error of the storage (disk full or broken; file locked, closed, damaged or unreadable) to an
// *apperr.Error of kind Unavailable. Its reason is STORE_DAMAGED if retrying does not help. It returns any other error
// unchanged, including nil and the context's error.
func Failure(err error) error {
	switch {
	case err == nil, apperr.As(err) != nil,
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case AsDamage(err) != nil:
		d := AsDamage(err)
		return apperr.New(apperr.Unavailable, "STORE_DAMAGED", "the storage is damaged: %s %s; it must be restored from a backup", filepath.Base(d.File), d.What).Because(err)
	case isFull(err):
		return apperr.New(apperr.Unavailable, "STORE_FULL", "the storage has no room left; try again later").Because(err)
	case isEngineFailure(err), isClosed(err):
		return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "the storage cannot be used now; try again later").Because(err)
	default:
		return err
	}
}

// isFull reports whether err comes from a full disk. Without room for the log's index, SQLite returns a different
// error.
func isFull(err error) bool {
	var failed *sqlite.Error
	return errors.As(err, &failed) && (failed.Code()&primaryCode == sqlite3.SQLITE_FULL || failed.Code() == sqlite3.SQLITE_IOERR_SHMSIZE)
}

func isEngineFailure(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	switch failed.Code() & primaryCode {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
		sqlite3.SQLITE_INTERRUPT:
		return true
	default:
		return false
	}
}

// isClosed reports whether err comes from a closed pool or connection. database/sql exports no error for the pool; its
// text has not changed since Go 1.0.
func isClosed(err error) bool {
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if err.Error() == "sql: database is closed" || err.Error() == "sql: statement is closed" {
			return true
		}
	}
	return false
}

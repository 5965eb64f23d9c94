package sqlitedb

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Damage is the error for a damaged or missing database file. Retrying does not help.
type Damage struct {
	// File is the path of the damaged file. What describes the damage.
	File, What string
	// Cause is SQLite's error, if SQLite found the damage.
	Cause error
}

// Error describes the damage and says what to do.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s %s; %s", d.File, d.What, d.Remedy())
}

// Remedy says what to do, as the end of a sentence.
func (d *Damage) Remedy() string {
	return fmt.Sprintf("stop the service, see what else is damaged with `couponlink verify %s`, and restore a backup with `couponlink restore`", filepath.Dir(d.File))
}

// Unwrap returns the cause.
func (d *Damage) Unwrap() error { return d.Cause }

// AsDamage returns the *Damage in err's chain, or nil.
func AsDamage(err error) *Damage {
	var d *Damage
	if errors.As(err, &d) {
		return d
	}
	return nil
}

// damageOf returns the damage that an SQLite error reports, or nil.
func damageOf(path string, err error) *Damage {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return nil
	}
	switch failed.Code() & primaryCode {
	case sqlite3.SQLITE_CORRUPT:
		return &Damage{File: path, What: "is damaged: " + failed.Error(), Cause: err}
	case sqlite3.SQLITE_NOTADB:
		return &Damage{File: path, What: "is no SQLite database: " + failed.Error(), Cause: err}
	}
	switch failed.Code() {
	case sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return &Damage{File: path, What: "cannot be read: " + failed.Error(), Cause: err}
	}
	return nil
}

// watch records the first damage to a database file that any of its connections meets.
type watch struct {
	path string
	met  atomic.Pointer[Damage]
}

// note returns err, or a *Damage if err reports damage.
func (w *watch) note(err error) error {
	if err == nil || AsDamage(err) != nil {
		return err
	}
	d := damageOf(w.path, err)
	if d == nil {
		return err
	}
	w.met.CompareAndSwap(nil, d)
	return d
}

// damage returns the recorded damage, or nil.
func (w *watch) damage() error {
	if d := w.met.Load(); d != nil {
		return d
	}
	return nil
}

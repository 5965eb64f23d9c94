package sqlitedb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// markInterval is the minimum time between two marks.
const markInterval = time.Second

// marker detects a lost log. At most once a second, a transaction stores the next number in the database, as its
// user_version, and then in the lock file. A database whose number is less than the lock file's has lost its log. If
// another program has checkpointed the log into the database, nothing is lost, and the numbers agree. The marker
// belongs to the one writing connection.
//
// It checks the file equally often, so that commits to a lost or damaged file are not acknowledged for long.
type marker struct {
	lock    *fileLock
	number  int64
	last    time.Time
	pending bool
	// check returns an error if the file is not reliable. unsound is its last result.
	check   func() error
	unsound error
}

// begin stores the next number in a transaction that has begun, if it is time. If it fails, the transaction is refused.
func (m *marker) begin(ctx context.Context, conn driver.ExecerContext) error {
	m.pending = false
	if m.lock == nil {
		return nil
	}
	isDue := time.Since(m.last) >= markInterval
	if isDue {
		m.last, m.unsound = time.Now(), m.check()
	}
	if m.unsound != nil || !isDue {
		return m.unsound
	}
	m.pending = true
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", m.number+1), nil)
	return err
}

// committed records that the transaction was committed.
func (m *marker) committed() {
	if !m.pending {
		return
	}
	m.pending = false
	m.number++
	_ = m.lock.write(lockState{opened: true, mark: m.number}) // a number that is too small only detects less
}

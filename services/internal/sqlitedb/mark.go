package sqlitedb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// markInterval is the least time between two marks.
const markInterval = time.Second

// marker numbers what is written: once a second at most, a transaction stores the next number in the
// database, as its user_version, and then in the lock file. A database whose number is less than the lock
// file's has lost its log. If another program has checkpointed the log into the database, nothing is lost,
// and the numbers show it. It belongs to the one writing connection.
//
// As often it checks the file, so that nothing is acknowledged for long that only a lost or damaged file has.
type marker struct {
	lock    *fileLock
	number  int64
	last    time.Time
	pending bool
	// check says whether the file can be relied on, and unsound what it said last.
	check   func() error
	unsound error
}

// begin stores the next number in a transaction that has begun, if it is time. Its error refuses the transaction.
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

// committed notes that the transaction was committed.
func (m *marker) committed() {
	if !m.pending {
		return
	}
	m.pending = false
	m.number++
	_ = m.lock.write(lockState{opened: true, mark: m.number}) // a number that is too small only detects less
}

package sqlitedb

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"
)

// lockSuffix ends the name of a database's lock file. The file stays after the lock is released.
const lockSuffix = ".lock"

// ErrInUse says that a database is open already, here or in another process.
var ErrInUse = errors.New("in use")

// lockState is what a lock file says about the last process that had the database. Its zero value is that of
// a database that was never opened.
type lockState struct {
	opened bool
	// mark is the last one that was stored: see marker.
	mark int64
}

// fileLock is a lock on a database file, which its process holds until it ends.
type fileLock struct {
	flock *flock.Flock
	// last is what the file said before.
	last lockState
	file *os.File
}

// lock reserves a database file for this process, until the lock is closed or the process ends in any way.
// SQLite itself admits several processes, but a store assumes that it is the only one. The error says who has
// the file.
func lock(path string) (*fileLock, error) {
	l := &fileLock{flock: flock.New(path+lockSuffix, flock.SetPermissions(0o600))}
	taken, err := l.flock.TryLock()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), l.close())
	}
	holder, last := readLock(path + lockSuffix)
	if !taken {
		return nil, errors.Join(fmt.Errorf("%s is %w by %s: end that process, or use another data directory", path, ErrInUse, holder), l.close())
	}
	l.last = last
	if l.file, err = os.OpenFile(path+lockSuffix, os.O_RDWR, 0o600); err != nil { //nolint:gosec // the operator names the path
		return nil, errors.Join(fmt.Errorf("opening the lock file: %w", err), l.close())
	}
	if err := errors.Join(l.file.Truncate(0), l.write(last)); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// write notes who has the database, and its state. The text is always of one length, so that no disk is too
// full for it.
func (l *fileLock) write(state lockState) error {
	host, _ := os.Hostname() // without a name the message says less
	opened := "new "
	if state.opened {
		opened = "mark"
	}
	text := fmt.Sprintf("process %d on %s\n%s %010d\n", os.Getpid(), host, opened, state.mark)
	if _, err := l.file.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	return nil
}

// close releases the lock. Another call does nothing.
func (l *fileLock) close() error {
	err := l.flock.Close()
	if l.file != nil {
		err = errors.Join(l.file.Close(), err)
		l.file = nil
	}
	return err
}

// readLock returns what the lock's holder wrote to the lock file.
func readLock(path string) (holder string, state lockState) {
	text, _ := os.ReadFile(path) //nolint:gosec // the operator names the path; without the text the message says less
	holder, rest, _ := strings.Cut(string(text), "\n")
	if _, err := fmt.Sscanf(rest, "mark %d\n", &state.mark); err == nil {
		state.opened = true
	}
	if holder == "" {
		holder = "another process"
	}
	return holder, state
}

package sqlitedb

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"
)

// lockSuffix is the suffix of a database's lock file. The file stays after the lock is released.
const lockSuffix = ".lock"

// ErrInUse means that a database is open already, here or in another process.
var ErrInUse = errors.New("in use")

// lockState is what a lock file says about the last process that had the database open. The zero value is for a
// database that was never opened.
type lockState struct {
	opened bool
	// mark is the last stored number: see marker.
	mark int64
}

// fileLock is a lock on a database file. Its process holds it until it ends.
type fileLock struct {
	flock *flock.Flock
	// last is the file's content before the lock was taken.
	last lockState
	file *os.File
}

// lock reserves a database file for this process, until the lock is closed or the process ends. SQLite itself admits
// several processes, but a store assumes that it is the only one. The error says which process has the file.
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

// write records the holder of the database and its state. The text always has the same length, so that it fits even on
// a full disk.
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

// close releases the lock. It may be called again.
func (l *fileLock) close() error {
	err := l.flock.Close()
	if l.file != nil {
		err = errors.Join(l.file.Close(), err)
		l.file = nil
	}
	return err
}

// readLock returns what the lock's holder wrote.
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

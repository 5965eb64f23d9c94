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

// lock reserves a database file for this process, until the lock is closed or the process ends in any way.
// SQLite itself admits several processes, but a store assumes that it is the only one. The error says who has
// the file.
func lock(path string) (*flock.Flock, error) {
	path += lockSuffix
	l := flock.New(path, flock.SetPermissions(0o600))
	taken, err := l.TryLock()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), l.Close())
	}
	if !taken {
		return nil, errors.Join(fmt.Errorf("%s is in use by %s: end that process, or use another data directory", strings.TrimSuffix(path, lockSuffix), holder(path)), l.Close())
	}
	host, _ := os.Hostname() // without a name the message says less
	text := fmt.Sprintf("process %d on %s\n", os.Getpid(), host)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), l.Close())
	}
	return l, nil
}

// holder returns what the lock's holder wrote to the lock file.
func holder(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the path
	if who := strings.TrimSpace(string(text)); err == nil && who != "" {
		return who
	}
	return "another process"
}

package sqlitedb

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"
)

// lockSuffix is what the name of a database's lock file ends with. The file stays when the lock is gone.
const lockSuffix = ".lock"

// lock takes a database file for this process alone, until the lock is closed or the process ends, however
// it ends. SQLite itself lets several in; but a store counts, plans and leases as the only one. The error
// says who has the file.
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
	host, _ := os.Hostname() // "" says less, but no less true
	text := fmt.Sprintf("process %d on %s\n", os.Getpid(), host)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), l.Close())
	}
	return l, nil
}

// holder returns what the one who has a lock file wrote to it.
func holder(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the path
	if who := strings.TrimSpace(string(text)); err == nil && who != "" {
		return who
	}
	return "another process"
}

//go:build linux || darwin || freebsd

package readiness

import "golang.org/x/sys/unix"

// freeBytes returns the free space on dir's disk that this process may use, in bytes.
func freeBytes(dir string) (uint64, error) {
	var found unix.Statfs_t
	if err := unix.Statfs(dir, &found); err != nil {
		return 0, err
	}
	return uint64(max(found.Bavail, 0)) * uint64(found.Bsize), nil //nolint:gosec,unconvert // their types differ between systems
}

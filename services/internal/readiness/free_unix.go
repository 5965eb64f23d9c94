//go:build linux || darwin || freebsd

package readiness

import "golang.org/x/sys/unix"

// freeBytes returns how many bytes of a directory's disk this process may still use.
func freeBytes(dir string) (uint64, error) {
	var found unix.Statfs_t
	if err := unix.Statfs(dir, &found); err != nil {
		return 0, err
	}
	return uint64(max(found.Bavail, 0)) * uint64(found.Bsize), nil //nolint:gosec,unconvert // their types differ between systems
}

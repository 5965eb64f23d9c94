package main

import (
	"fmt"
	"os"
	"syscall"
)

const (
	// memoryDir is where Linux keeps files in memory. On a slow disk the engine would miss the product's
	// deadlines, and its data need not outlive it.
	memoryDir = "/dev/shm"
	// roomBytes is how much a full test run may need; containers often have only 64 MiB there.
	roomBytes = 2 << 30
)

// makeDir makes a directory for the engine's data: in memory if there is room, else in the temporary
// directory.
func makeDir() (string, error) {
	if dir, err := os.MkdirTemp(memoryDir, "mongoengine-"); err == nil {
		if hasRoom(dir) {
			return dir, nil
		}
		_ = os.Remove(dir) // it is empty
	}
	dir, err := os.MkdirTemp("", "mongoengine-")
	if err != nil {
		return "", fmt.Errorf("making a directory for the data: %w", err)
	}
	return dir, nil
}

func hasRoom(dir string) bool {
	var fs syscall.Statfs_t
	err := syscall.Statfs(dir, &fs)
	return err == nil && uint64(fs.Bavail)*uint64(fs.Bsize) >= roomBytes //nolint:gosec,unconvert // the types differ between systems
}

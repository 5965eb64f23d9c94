package readiness

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// leastRoom is the free space, in bytes, below which a disk counts as full. It is enough for the log of a few thousand
// writes, and for an operator to free space.
const leastRoom = 16 << 20

// Disk returns a dependency on free space on a directory's disk.
func Disk(dir string) Dependency {
	return Dependency{Name: "disk", Look: func(context.Context) error {
		free, err := freeBytes(dir)
		if err != nil {
			return apperr.New(apperr.Unavailable, "DISK_UNREADABLE", "the data directory cannot be read").Because(err)
		}
		if free < leastRoom {
			return apperr.New(apperr.Unavailable, "DISK_FULL", "the data directory's disk has %d MiB left, and %d are needed", free>>20, leastRoom>>20)
		}
		return nil
	}}
}

// CheckRoom returns an error of kind ResourceExhausted if dir's disk has no room for more bytes with leastRoom left
// over.
func CheckRoom(dir string, more int64) error {
	free, err := freeBytes(dir)
	if err != nil {
		return apperr.New(apperr.Unavailable, "DISK_UNREADABLE", "the free space of %s cannot be read", dir).Because(err)
	}
	if needed := uint64(max(more, 0)) + leastRoom; free < needed {
		return apperr.New(apperr.ResourceExhausted, "DISK_FULL", "the disk of %s has %d MiB left, and %d are needed; free some space", dir, free>>20, (needed+1<<20-1)>>20)
	}
	return nil
}

// Package ids makes the ids of clicks, postbacks and scans, which hold their times.
package ids

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Maker makes the ids of clicks, postbacks and scans. The ids that one instance makes within one millisecond sort
// in the order of their creation.
type Maker struct {
	mu sync.Mutex
	// last is the millisecond of the latest id, since 1970, and count how many that had before it.
	last  int64
	count uint16
}

// maxIDCount is the most that fits into an id's counter. What is made beyond it within one millisecond
// shares it, and has no order of its own.
const maxIDCount = 1<<12 - 1

// Next returns a UUIDv7 that holds a time, in its 36-character form, with a counter in place of its first
// random bits (RFC 9562, 6.2, method 1). The stores find a time's clicks and postbacks by it, so it must be the
// time that is stored with them and not that of another clock.
func (s *Maker) Next(at time.Time) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli()))
	copy(id[:6], millis[2:])
	binary.BigEndian.PutUint16(id[6:8], 7<<12|s.turn(at.UnixMilli()))
	return id.String(), nil
}

// turn counts the ids of one millisecond, from zero.
func (s *Maker) turn(millis int64) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case millis != s.last:
		s.last, s.count = millis, 0
	case s.count < maxIDCount:
		s.count++
	}
	return s.count
}

package flow

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// newID returns a UUIDv7 that holds a time, in its 36-character form. The stores find a time's clicks and
// postbacks by it, so it must be the time that is stored with them and not that of another clock.
func newID(at time.Time) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli()))
	copy(id[:6], millis[2:])
	return id.String(), nil
}

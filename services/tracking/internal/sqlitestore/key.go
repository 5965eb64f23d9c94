package sqlitestore

import (
	"encoding/hex"

	"github.com/google/uuid"
)

// An id is stored as 16 bytes where it is one's text: of a UUID in clicks, of a hash in conversions.
// That halves the index of conversions, whose every insert lands on another page. Any other text is
// stored as it is; SQLite keeps the two apart, so nothing is mistaken for anything else.

// clickKey returns a click's id as it is stored.
func clickKey(id string) any {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		return parsed[:]
	}
	return id
}

// hashKey returns a hash as it is stored.
func hashKey(hash string) any {
	if raw, err := hex.DecodeString(hash); err == nil && len(raw) == 16 && hex.EncodeToString(raw) == hash {
		return raw
	}
	return hash
}

// clickID and hash read a key back.
type (
	clickID string
	hash    string
)

// Scan implements sql.Scanner.
func (id *clickID) Scan(stored any) error {
	if raw, ok := stored.([]byte); ok {
		parsed, err := uuid.FromBytes(raw)
		*id = clickID(parsed.String())
		return err
	}
	text, _ := stored.(string)
	*id = clickID(text)
	return nil
}

// Scan implements sql.Scanner.
func (h *hash) Scan(stored any) error {
	if raw, ok := stored.([]byte); ok {
		*h = hash(hex.EncodeToString(raw))
		return nil
	}
	text, _ := stored.(string)
	*h = hash(text)
	return nil
}

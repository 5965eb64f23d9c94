package sqlitestore

import (
	"database/sql/driver"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// An id is stored as 16 bytes if it is the text of 16 bytes: a UUID in clicks and postbacks, a hash in
// conversions. That halves the index of conversions, where each insert goes to another page. Any other id is
// stored as text. SQLite never takes text and bytes to be equal, so no two ids collide.

// timeKey encodes the id of a click or a postback, which holds a time.
func timeKey(id string) any {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		return parsed[:]
	}
	return id
}

// hashKey encodes a hash.
func hashKey(hash string) any {
	if raw, err := hex.DecodeString(hash); err == nil && len(raw) == 16 && hex.EncodeToString(raw) == hash {
		return raw
	}
	return hash
}

// timeID and hash decode keys.
type (
	timeID string
	hash   string
)

// Scan implements sql.Scanner.
func (id *timeID) Scan(stored any) error {
	if raw, ok := stored.([]byte); ok {
		parsed, err := uuid.FromBytes(raw)
		*id = timeID(parsed.String())
		return err
	}
	text, _ := stored.(string)
	*id = timeID(text)
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

// hashColumn and timeColumn are columns with keys.
func hashColumn[T any](name string, at func(*T) *string) table.Column[T] {
	return table.Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return (*hash)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return keyOrNull(hashKey(*at(row))), nil
	}}
}

func timeColumn[T any](name string, at func(*T) *string) table.Column[T] {
	return table.Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return (*timeID)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return keyOrNull(timeKey(*at(row))), nil
	}}
}

// keyOrNull returns NULL for the key of the empty text.
func keyOrNull(key any) any {
	if key == "" {
		return nil
	}
	return key
}

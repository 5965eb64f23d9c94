package sqlrow

import (
	"database/sql/driver"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// An id is stored as 16 bytes if it is the text of 16 bytes: a UUID in clicks and postbacks, a hash in
// conversions. That halves the index of conversions, where each insert goes to another page. Any other id is
// stored as text. To SQLite, text and bytes are never equal, so no two ids collide.

// TimeKey encodes the id of a click or a postback, which contains a time.
func TimeKey(id string) any {
	if parsed, err := uuid.Parse(id); err == nil && parsed.String() == id {
		return parsed[:]
	}
	return id
}

// HashKey encodes a hash.
func HashKey(hash string) any {
	if raw, err := hex.DecodeString(hash); err == nil && len(raw) == 16 && hex.EncodeToString(raw) == hash {
		return raw
	}
	return hash
}

// TimeID decodes the key of an id that contains a time.
type TimeID string

// Hash decodes the key of a hash.
type Hash string

// Scan implements sql.Scanner.
func (id *TimeID) Scan(stored any) error {
	if raw, ok := stored.([]byte); ok {
		parsed, err := uuid.FromBytes(raw)
		*id = TimeID(parsed.String())
		return err
	}
	text, _ := stored.(string)
	*id = TimeID(text)
	return nil
}

// Scan implements sql.Scanner.
func (h *Hash) Scan(stored any) error {
	if raw, ok := stored.([]byte); ok {
		*h = Hash(hex.EncodeToString(raw))
		return nil
	}
	text, _ := stored.(string)
	*h = Hash(text)
	return nil
}

// HashColumn returns a column with the keys of hashes.
func HashColumn[T any](name string, at func(*T) *string) table.Column[T] {
	return table.Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return (*Hash)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return keyOrNull(HashKey(*at(row))), nil
	}}
}

// TimeColumn returns a column with the keys of ids that contain a time.
func TimeColumn[T any](name string, at func(*T) *string) table.Column[T] {
	return table.Column[T]{Name: name, Optional: true, Scan: func(row *T) any { return (*TimeID)(at(row)) }, Bind: func(row *T) (driver.Value, error) {
		return keyOrNull(TimeKey(*at(row))), nil
	}}
}

// keyOrNull returns NULL for the key of the empty text.
func keyOrNull(key any) any {
	if key == "" {
		return nil
	}
	return key
}

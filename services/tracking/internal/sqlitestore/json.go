package sqlitestore

import (
	"encoding/json"
	"fmt"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// encodeJSON returns a record as it is stored.
func encodeJSON(stored any) (string, error) {
	text, err := json.Marshal(stored)
	if err != nil {
		return "", fmt.Errorf("writing a %T: %w", stored, err)
	}
	return string(text), nil
}

// decodeJSON is the inverse of encodeJSON. The empty text leaves the record as it is.
func decodeJSON(text string, stored any) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), stored); err != nil {
		return fmt.Errorf("reading a %T: %w", stored, err)
	}
	return nil
}

// encodeList returns a list in JSON, "" for an empty one.
func encodeList[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	return encodeJSON(list)
}

// encodeBasis returns a basis as it is stored, "" for nil.
func encodeBasis(b *domain.Basis) (string, error) {
	if b == nil {
		return "", nil
	}
	return encodeJSON(record.EncodeBasis(b))
}

// encodeHistory returns a conversion's changes and conflicts as they are stored, "" if it has neither.
func encodeHistory(c *domain.Conversion) (string, error) {
	if len(c.Changes) == 0 && len(c.Conflicts) == 0 {
		return "", nil
	}
	return encodeJSON(record.EncodeHistory(c))
}

// decodeHistory adds the history to a conversion that has all else.
func decodeHistory(text string, c *domain.Conversion) error {
	var stored record.History
	err := decodeJSON(text, &stored)
	stored.Decode(c)
	return err
}

package move

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"reflect"
	"time"
)

// Sum is a checksum of a set of records, in any order: their number, and the exclusive or of their hashes.
type Sum struct {
	Count int64 `json:"count"`
	Hash  Hash  `json:"hash"`
}

// Hash is a SHA-256 hash, or the exclusive or of several.
type Hash [sha256.Size]byte

var _ encoding.TextMarshaler = Hash{}

// MarshalText writes the hash in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText is the inverse of MarshalText.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("%q is no checksum: it has %d hexadecimal digits", text, 2*len(h))
	}
	copy(h[:], raw)
	return nil
}

// String returns the count and the first 8 bytes of the hash, enough to compare by eye.
func (s Sum) String() string { return fmt.Sprintf("%d records with checksum %x", s.Count, s.Hash[:8]) }

// Add adds a record. A record may consist of structs, slices, arrays, pointers, strings, numbers, booleans
// and times; all struct fields must be exported. Nil and empty slices are equal, and so are times of the same
// instant.
func (s *Sum) Add(record any) error {
	h := sha256.New()
	value := reflect.ValueOf(record)
	if err := encode(h, value); err != nil {
		return fmt.Errorf("making a checksum of a %s: %w", value.Type(), err)
	}
	for i, b := range h.Sum(nil) {
		s.Hash[i] ^= b
	}
	s.Count++
	return nil
}

// SumOf returns the sum of a table's records.
func SumOf(ctx context.Context, table Table) (sum Sum, err error) {
	after := ""
	for {
		records, last, err := table.Read(ctx, after, defaultBatch)
		if err != nil || len(records) == 0 {
			return sum, err
		}
		for _, record := range records {
			if err := sum.Add(record); err != nil {
				return sum, err
			}
		}
		after = last
	}
}

// encode writes a value so that different values have different encodings: it writes the length of anything of variable
// length first.
func encode(to hash.Hash, v reflect.Value) error {
	if v.Type() == reflect.TypeFor[time.Time]() {
		at, _ := v.Interface().(time.Time)
		number(to, at.Unix())
		number(to, int64(at.Nanosecond()))
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); !field.IsExported() {
				return fmt.Errorf("field %s cannot be read", field.Name)
			}
			if err := encode(to, v.Field(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice, reflect.Array:
		number(to, int64(v.Len()))
		for i := range v.Len() {
			if err := encode(to, v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Pointer:
		if v.IsNil() {
			number(to, 0)
			return nil
		}
		number(to, 1)
		return encode(to, v.Elem())
	default:
		return scalar(to, v)
	}
}

// scalar writes a string, a number or a boolean.
func scalar(to hash.Hash, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.String:
		number(to, int64(v.Len()))
		_, _ = to.Write([]byte(v.String())) // never fails
	case v.Kind() == reflect.Bool:
		flag := int64(0)
		if v.Bool() {
			flag = 1
		}
		number(to, flag)
	case v.CanInt():
		number(to, v.Int())
	case v.CanUint():
		number(to, int64(v.Uint())) //nolint:gosec // all its bits are kept
	case v.CanFloat():
		number(to, int64(math.Float64bits(v.Float()))) //nolint:gosec // all its bits are kept
	default:
		return fmt.Errorf("there is no checksum of a %s", v.Type())
	}
	return nil
}

// number writes a number.
func number(to hash.Hash, n int64) {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(n)) //nolint:gosec // all its bits are kept
	_, _ = to.Write(raw[:])                       // never fails
}

// Package record has the records that both stores keep inside a row or a document: in SQLite as JSON, in MongoDB as
// BSON. Each field has both names. What is stored is never rewritten, so no name may change.
//
// Only the stores may import it.
package record

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// Millis is a time in Unix milliseconds: a number in JSON, a date in BSON.
type Millis int64

// bsonDate is the type of a date in BSON.
const bsonDate = 0x09

// MarshalBSONValue implements bson.ValueMarshaler.
func (m Millis) MarshalBSONValue() (kind byte, data []byte, err error) {
	return bsonDate, binary.LittleEndian.AppendUint64(nil, uint64(m)), nil //nolint:gosec // the bits are the same
}

// UnmarshalBSONValue implements bson.ValueUnmarshaler.
func (m *Millis) UnmarshalBSONValue(kind byte, data []byte) error {
	if kind != bsonDate || len(data) != 8 {
		return fmt.Errorf("a time is stored as BSON type %#x with %d bytes, want %#x with 8", kind, len(data), bsonDate)
	}
	*m = Millis(binary.LittleEndian.Uint64(data)) //nolint:gosec // the bits are the same
	return nil
}

func millis(t time.Time) Millis { return Millis(t.UnixMilli()) }

func (m Millis) time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Money is an amount. None is left out.
type Money struct {
	Currency string `json:"currency"        bson:"currency_code"`
	Units    int64  `json:"units,omitempty" bson:"units"`
	Nanos    int32  `json:"nanos,omitempty" bson:"nanos"`
}

// IsZero tells json and bson what to leave out.
func (m Money) IsZero() bool { return m.Currency == "" }

// Payout says how a payout or a revenue is computed.
type Payout struct {
	Kind    money.PayoutKind `json:"kind,omitempty"    bson:"kind"`
	Fixed   Money            `json:"fixed,omitzero"    bson:"fixed,omitempty"`
	Percent int64            `json:"percent,omitempty" bson:"percent,omitempty"` // ten-thousandths of a percent
	Cap     Money            `json:"cap,omitzero"      bson:"cap,omitempty"`
}

func encodePayout(p money.Payout) *Payout {
	return &Payout{Kind: p.Kind, Fixed: Money(p.Fixed), Percent: p.Percent, Cap: Money(p.Cap)}
}

func (p *Payout) decode() money.Payout {
	return money.Payout{Kind: p.Kind, Fixed: money.Money(p.Fixed), Percent: p.Percent, Cap: money.Money(p.Cap)}
}

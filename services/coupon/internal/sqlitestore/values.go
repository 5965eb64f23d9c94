package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// millis is a time that scans from Unix milliseconds.
type millis struct{ into *time.Time }

// Scan implements sql.Scanner.
func (m millis) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", value)
	}
	*m.into = time.UnixMilli(n).UTC()
	return nil
}

// seconds is a duration that scans from whole seconds.
type seconds struct{ into *time.Duration }

// Scan implements sql.Scanner.
func (s seconds) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a duration is stored as %T", value)
	}
	*s.into = time.Duration(n) * time.Second
	return nil
}

// flag returns a boolean as it is stored. The driver reads it back as one.
func flag(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}

func payoutColumns() []string {
	return []string{"payout_kind", "payout_currency_code", "payout_units", "payout_nanos", "payout_percent"}
}

func payoutValues(p money.Payout) []any {
	return []any{string(p.Kind), p.Fixed.Currency, p.Fixed.Units, p.Fixed.Nanos, p.Percent}
}

func scanPayout(p *money.Payout) []any {
	return []any{&p.Kind, &p.Fixed.Currency, &p.Fixed.Units, &p.Fixed.Nanos, &p.Percent}
}

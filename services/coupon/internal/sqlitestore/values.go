package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
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

// optionalMillis is a time that may be the zero time and scans from Unix milliseconds or NULL.
type optionalMillis struct{ into *time.Time }

// Scan implements sql.Scanner.
func (m optionalMillis) Scan(value any) error {
	if value == nil {
		*m.into = time.Time{}
		return nil
	}
	return millis(m).Scan(value)
}

// millisOrNull returns a time that may be the zero time as it is stored.
func millisOrNull(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
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

// optionalSeconds is a duration that may be unset and scans from whole seconds or NULL.
type optionalSeconds struct{ into *domain.OptionalDuration }

// Scan implements sql.Scanner.
func (s optionalSeconds) Scan(value any) error {
	*s.into = domain.OptionalDuration{IsSet: value != nil}
	if value == nil {
		return nil
	}
	return seconds{&s.into.Value}.Scan(value)
}

// secondsOrNull returns a duration that may be unset as it is stored.
func secondsOrNull(d domain.OptionalDuration) driver.Value {
	if !d.IsSet {
		return nil
	}
	return int64(d.Value / time.Second)
}

// moneyColumns are the columns of an amount that is stored under a name.
func moneyColumns(name string) []string {
	return []string{name + "_currency_code", name + "_units", name + "_nanos"}
}

func moneyValues(m money.Money) []any { return []any{m.Currency, m.Units, m.Nanos} }

func scanMoney(m *money.Money) []any { return []any{&m.Currency, &m.Units, &m.Nanos} }

// payoutColumns are the columns of a payout that is stored under a name.
func payoutColumns(name string) []string {
	return slices.Concat([]string{name + "_kind"}, moneyColumns(name), []string{name + "_percent"}, moneyColumns(name+"_cap"))
}

func payoutValues(p money.Payout) []any {
	return slices.Concat([]any{string(p.Kind)}, moneyValues(p.Fixed), []any{p.Percent}, moneyValues(p.Cap))
}

func scanPayout(p *money.Payout) []any {
	return slices.Concat([]any{&p.Kind}, scanMoney(&p.Fixed), []any{&p.Percent}, scanMoney(&p.Cap))
}

func settingsColumns() []string {
	return []string{
		"settings_precedence", "settings_click_window", "settings_coupon_grace", "settings_default_conversion_status",
		"settings_fallback_url",
	}
}

func settingsValues(s domain.CouponSettings) []any {
	return []any{
		string(s.Precedence), secondsOrNull(s.ClickWindow), secondsOrNull(s.CouponGrace), string(s.DefaultConversionStatus), s.FallbackURL,
	}
}

func scanSettings(s *domain.CouponSettings) []any {
	return []any{
		&s.Precedence,
		optionalSeconds{&s.ClickWindow},
		optionalSeconds{&s.CouponGrace},
		&s.DefaultConversionStatus, &s.FallbackURL,
	}
}

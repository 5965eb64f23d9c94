package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

// currencyCode ends the names of the columns with an amount's currency.
const currencyCode = "currency_code"

// payoutColumns are the columns of a payout, whose names begin with name.
func payoutColumns[T any](name string, at func(*T) *money.Payout) table.Columns[T] {
	return table.Of(table.Columns[T]{
		table.Text(name+"_kind", func(row *T) *money.PayoutKind { return &at(row).Kind }),
		table.Number(name+"_percent", func(row *T) *int64 { return &at(row).Percent }),
	},
		table.Money(name, currencyCode, func(row *T) *money.Money { return &at(row).Fixed }),
		table.Money(name+"_cap", currencyCode, func(row *T) *money.Money { return &at(row).Cap }))
}

// discountColumns are the columns of a coupon's discount.
func discountColumns() table.Columns[domain.Coupon] {
	return table.Columns[domain.Coupon]{
		table.Text("discount_kind", func(c *domain.Coupon) *discount.Kind { return &c.Discount.Kind }),
		table.Number("discount_percent", func(c *domain.Coupon) *int64 { return &c.Discount.Percent }),
		table.Text("discount_fixed", func(c *domain.Coupon) *money.Amounts { return &c.Discount.Fixed }),
		table.Text("discount_minimum_amount", func(c *domain.Coupon) *money.Amounts { return &c.Discount.Minimum }),
		table.Text("discount_maximum_discount", func(c *domain.Coupon) *money.Amounts { return &c.Discount.Maximum }),
		table.Flag("discount_first_order_only", func(c *domain.Coupon) *bool { return &c.Discount.FirstOrderOnly }),
		table.Text("discount_included_ids", func(c *domain.Coupon) *discount.IDs { return &c.Discount.Included }),
		table.Text("discount_excluded_ids", func(c *domain.Coupon) *discount.IDs { return &c.Discount.Excluded }),
	}
}

// searchColumn is the column with the search key of a title.
func searchColumn[T any](title string, at func(*T) *string) table.Columns[T] {
	return table.Columns[T]{table.Derived(title+searchSuffix, func(row *T) string { return listing.SearchKey(*at(row)) })}
}

// optionalSeconds is a column with a duration in whole seconds, or NULL if it is unset.
func optionalSeconds[T any](name string, at func(*T) *domain.OptionalDuration) table.Column[T] {
	return table.Column[T]{
		Name: name, Scan: func(row *T) any { return (*secondsOrNull)(at(row)) },
		Bind: func(row *T) (driver.Value, error) {
			if !at(row).IsSet {
				return nil, nil
			}
			return int64(at(row).Value / time.Second), nil
		},
	}
}

// expiryColumn is a coupon's expiry in a form that can be compared: domain.NoExpiry if it does not expire.
func expiryColumn() table.Column[domain.Coupon] {
	return table.Column[domain.Coupon]{
		Name: "expire_time", Scan: func(c *domain.Coupon) any { return (*expiry)(&c.ExpireTime) },
		Bind: func(c *domain.Coupon) (driver.Value, error) { return c.Expiry().UnixMilli(), nil },
	}
}

type (
	secondsOrNull domain.OptionalDuration
	expiry        time.Time
)

// Scan implements sql.Scanner.
func (s *secondsOrNull) Scan(stored any) error {
	seconds, ok := stored.(int64)
	if !ok && stored != nil {
		return fmt.Errorf("a duration is stored as %T", stored)
	}
	*s = secondsOrNull{IsSet: ok, Value: time.Duration(seconds) * time.Second}
	return nil
}

// Scan implements sql.Scanner.
func (e *expiry) Scan(stored any) error {
	millis, ok := stored.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", stored)
	}
	at := time.UnixMilli(millis).UTC()
	if at.Equal(domain.NoExpiry()) {
		at = time.Time{}
	}
	*e = expiry(at)
	return nil
}

package listingtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// plain lists conversions that it has in memory, by the plainest reading of a query. It is a store in
// nothing else.
type plain struct {
	storetest.Store
	rows []domain.Conversion
}

func (p plain) Conversions(_ context.Context, q listing.Query) ([]domain.Conversion, error) {
	var found []domain.Conversion
	for _, c := range p.rows {
		if holds(q.Where, &c) && (q.After == nil || compareTo(&c, q.Order, q.After) > 0) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b domain.Conversion) int {
		values := make([]any, len(q.Order))
		for i, o := range q.Order {
			values[i] = field(&b, o.Field, "")
		}
		return compareTo(&a, q.Order, values)
	})
	return found[:min(len(found), q.Limit)], nil
}

func holds(e listing.Expr, c *domain.Conversion) bool {
	switch e := e.(type) {
	case nil:
		return true
	case listing.And:
		return !slices.ContainsFunc(e, func(part listing.Expr) bool { return !holds(part, c) })
	case listing.Or:
		return slices.ContainsFunc(e, func(part listing.Expr) bool { return holds(part, c) })
	case listing.Not:
		return !holds(e.Expr, c)
	case listing.Compare:
		return compares(e, field(c, e.Field, e.Part))
	default:
		panic(fmt.Sprintf("unknown condition %T", e))
	}
}

func compares(c listing.Compare, value any) bool {
	switch c.Op {
	case listing.HasPrefix:
		return strings.HasPrefix(value.(string), c.Value.(string))
	case listing.Contains:
		return strings.Contains(value.(string), c.Value.(string))
	}
	order := compareValues(value, c.Value)
	switch c.Op {
	case listing.Equal:
		return order == 0
	case listing.NotEqual:
		return order != 0
	case listing.Less:
		return order < 0
	case listing.LessEqual:
		return order <= 0
	case listing.Greater:
		return order > 0
	case listing.GreaterEqual:
		return order >= 0
	default:
		panic(fmt.Sprintf("unknown relation %q", c.Op))
	}
}

// compareTo compares a conversion with values in an order.
func compareTo(c *domain.Conversion, order []listing.Order, values []any) int {
	for i, o := range order {
		result := compareValues(field(c, o.Field, ""), values[i])
		if o.Desc {
			result = -result
		}
		if result != 0 {
			return result
		}
	}
	return 0
}

func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b.(bool))) // false comes before true in words too
	default:
		panic(fmt.Sprintf("no order of %T", a))
	}
}

// field returns the value of a field, or of a part of an amount, by its stored name.
func field(c *domain.Conversion, name string, part listing.Part) any {
	if part != "" {
		m := map[string]money.Money{"amount": c.Amount, "discount": c.Discount, "refunded_amount": c.Refunded, "payout": c.Payout, "revenue": c.Revenue}[name]
		return map[listing.Part]any{listing.CurrencyCode: m.Currency, listing.Units: m.Units, listing.Nanos: int64(m.Nanos)}[part]
	}
	value, ok := map[string]any{
		"id": c.ID, "offer": c.Offer, "publisher": c.Publisher, "coupon": c.Coupon, "coupon_code_key": couponcode.Fold(c.CouponCode), "codes": string(c.Codes),
		"click": c.Click, "transaction_id": c.TransactionID, "event": c.Event, "status": string(c.Status), "status_reason": c.StatusReason,
		"outcome": string(c.Outcome), "method": string(c.Method), "reason": string(c.Reason),
		"pub_unique1": c.PubUniques[0], "pub_unique2": c.PubUniques[1], "pub_unique3_key": couponcode.Fold(c.PubUniques[2]),
		"pub_unique4": c.PubUniques[3], "pub_unique5": c.PubUniques[4], "pub_click_id": c.PubClickID, "pub_sub_id": c.PubSubID,
		"conflicted": c.Conflicted, "undeduplicated": c.Undeduplicated, "postback": c.Postback,
		"conversion_time": c.ConversionTime, "create_time": c.CreateTime, "update_time": c.UpdateTime,
	}[name]
	if !ok {
		panic("no field " + name)
	}
	return value
}

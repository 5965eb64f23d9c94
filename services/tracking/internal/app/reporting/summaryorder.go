package reporting

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// summaryOrder parses an order of groups from a field of the request. It drops the key that ends every order:
// the default order breaks ties instead. The order can use the sums that a caller with the rows is told. Its error is InvalidArgument on that field.
func summaryOrder(field, orderBy string, groupBy []rollup.Dimension, within listing.Rows) ([]listing.Order, error) {
	fields := []string{"clicks", "conversions", "conversions_without_click", "amount", "discount", "payout", "revenue"}
	for _, d := range groupBy {
		fields = append(fields, strings.ToLower(string(d)))
	}
	sortable := make([]listing.Field, len(fields))
	for i, name := range fields {
		sortable[i] = listing.Field{Name: name, Sortable: true, HiddenFrom: columns.FigureHiddenFrom(name)}
	}
	q, err := listing.NewSchema(listing.Field{Name: "row", Kind: listing.Opaque}, "", sortable...).
		Query(listing.Request{OrderBy: orderBy}, within, nil, time.Time{})
	if err != nil {
		return nil, apperr.OnField(err, field)
	}
	return q.Order[:len(q.Order)-1], nil
}

// compareBy compares two rows by a column.
func compareBy(column string, a, b *SummaryRow) int {
	switch column {
	case "clicks":
		return cmp.Compare(a.Clicks(), b.Clicks())
	case "conversions":
		return cmp.Compare(a.Conversions(), b.Conversions())
	case "conversions_without_click":
		return cmp.Compare(a.Clickless(), b.Clickless())
	case "amount":
		return compareMoney(a.Amounts(), b.Amounts())
	case "discount":
		return compareMoney(a.Discounts(), b.Discounts())
	case "payout":
		return compareMoney(a.Payouts(), b.Payouts())
	case "revenue":
		return compareMoney(a.Revenues(), b.Revenues())
	case "offer":
		return cmp.Compare(a.Offer, b.Offer)
	case "publisher":
		return cmp.Compare(a.Publisher, b.Publisher)
	case "coupon_code":
		return cmp.Compare(a.CouponCode, b.CouponCode)
	case "status":
		return cmp.Compare(a.Status, b.Status)
	case "method":
		return cmp.Compare(a.Method, b.Method)
	default: // day, week, month
		return cmp.Compare(a.Date, b.Date)
	}
}

// compareMoney compares sums of several currencies, one currency after the other.
func compareMoney(a, b []money.Money) int {
	sums := map[string][2]money.Money{}
	for i, side := range [][]money.Money{a, b} {
		for _, sum := range side {
			both := sums[sum.Currency]
			both[i] = sum
			sums[sum.Currency] = both
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		switch both := sums[currency]; {
		case both[0].Less(both[1]):
			return -1
		case both[1].Less(both[0]):
			return 1
		}
	}
	return 0
}

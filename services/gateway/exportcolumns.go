package gateway

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// exportColumn is a column of an export of T.
type exportColumn[T any] struct {
	name string
	cell func(T) string
	// isText says that the cells are texts, not numbers, amounts, times, true or false.
	isText bool
}

func textColumn[T any](name string, cell func(T) string) exportColumn[T] {
	return exportColumn[T]{name, cell, true}
}

func plainColumn[T any](name string, cell func(T) string) exportColumn[T] {
	return exportColumn[T]{name, cell, false}
}

// defaultColumns are what is exported of conversions unless columns are chosen. Pub. Unique 3 is off.
const defaultColumns = "conversion_time,name,offer,publisher,coupon_code,transaction_id,event,amount,currency," +
	"payout,payout_currency,revenue,revenue_currency,status,outcome,method,reason"

// exportColumns are all columns of conversions: the API's fields by their names and with their values, amounts of money
// as two columns each.
func exportColumns() []exportColumn[*trackingv1.Conversion] {
	type row = *trackingv1.Conversion
	text, plain := textColumn[row], plainColumn[row]
	return []exportColumn[row]{
		text("name", row.GetName),
		text("offer", row.GetOffer),
		text("publisher", row.GetPublisher),
		text("coupon", row.GetCoupon),
		text("coupon_code", row.GetCouponCode),
		text("codes", func(c row) string { return strings.Join(c.GetCodes(), ", ") }),
		text("click", row.GetClick),
		text("transaction_id", row.GetTransactionId),
		text("event", row.GetEvent),
		plain("amount", func(c row) string { return decimal(c.GetAmount()) }),
		text("currency", func(c row) string { return c.GetAmount().GetCurrencyCode() }),
		plain("refunded_amount", func(c row) string { return decimal(c.GetRefundedAmount()) }),
		plain("payout", func(c row) string { return decimal(c.GetPayout()) }),
		text("payout_currency", func(c row) string { return c.GetPayout().GetCurrencyCode() }),
		plain("revenue", func(c row) string { return decimal(c.GetRevenue()) }),
		text("revenue_currency", func(c row) string { return c.GetRevenue().GetCurrencyCode() }),
		text("status", func(c row) string { return enumName(c.GetStatus()) }),
		text("outcome", func(c row) string { return enumName(c.GetOutcome()) }),
		text("method", func(c row) string { return enumName(c.GetMethod()) }),
		text("reason", func(c row) string { return enumName(c.GetReason()) }),
		text("pub_unique1", row.GetPubUnique1),
		text("pub_unique2", row.GetPubUnique2),
		text("pub_unique3", row.GetPubUnique3),
		text("pub_unique4", row.GetPubUnique4),
		text("pub_unique5", row.GetPubUnique5),
		text("pub_click_id", row.GetPubClickId),
		text("pub_sub_id", row.GetPubSubId),
		plain("conversion_time", func(c row) string { return moment(c.GetConversionTime()) }),
		plain("create_time", func(c row) string { return moment(c.GetCreateTime()) }),
		plain("update_time", func(c row) string { return moment(c.GetUpdateTime()) }),
		plain("conflicted", func(c row) string { return strconv.FormatBool(c.GetConflicted()) }),
		plain("undeduplicated", func(c row) string { return strconv.FormatBool(c.GetUndeduplicated()) }),
	}
}

// decimal returns an amount without its currency; empty for none.
func decimal(m *couponv1.Money) string {
	if m == nil {
		return ""
	}
	sign, units, nanos := "", m.GetUnits(), m.GetNanos()
	if units < 0 || nanos < 0 {
		sign, units, nanos = "-", -units, -nanos
	}
	if nanos == 0 {
		return sign + strconv.FormatInt(units, 10)
	}
	return sign + strings.TrimRight(fmt.Sprintf("%d.%09d", units, nanos), "0")
}

// enumName returns a value's short name; empty for the unspecified one.
func enumName(value protoreflect.Enum) string {
	if value.Number() == 0 {
		return ""
	}
	if named := value.Descriptor().Values().ByNumber(value.Number()); named != nil {
		return string(named.Name())
	}
	return strconv.Itoa(int(value.Number()))
}

// moment returns a time as RFC 3339 in UTC, to the millisecond as it is stored; empty for none.
func moment(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format("2006-01-02T15:04:05.000Z")
}

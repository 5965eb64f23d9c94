package mongostore

import (
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// cellDocument is a cell of the figures as it is stored. Measures that are zero may be left out.
type cellDocument struct {
	// ID is the generation and the key as one text.
	ID string `bson:"_id"`
	// Generation tells the cells apart that were counted from the beginning at different times; only the
	// last generation counts.
	Generation int64         `bson:"generation"`
	Cube       rollup.Cube   `bson:"cube"`
	Period     int32         `bson:"period"`
	Offer      string        `bson:"offer"`
	Publisher  string        `bson:"publisher"`
	CouponCode string        `bson:"coupon_code"`
	Status     domain.Status `bson:"status"`
	Method     domain.Method `bson:"method"`
	Currency   string        `bson:"currency"`

	Clicks        int64 `bson:"clicks"`
	Conversions   int64 `bson:"conversions"`
	Clickless     int64 `bson:"clickless"`
	AmountUnits   int64 `bson:"amount_units"`
	AmountNanos   int64 `bson:"amount_nanos"`
	RefundedUnits int64 `bson:"refunded_units"`
	RefundedNanos int64 `bson:"refunded_nanos"`
	PayoutUnits   int64 `bson:"payout_units"`
	PayoutNanos   int64 `bson:"payout_nanos"`
	RevenueUnits  int64 `bson:"revenue_units"`
	RevenueNanos  int64 `bson:"revenue_nanos"`
	DiscountUnits int64 `bson:"discount_units"`
	DiscountNanos int64 `bson:"discount_nanos"`

	// Through is the first batch that is not in the cell, and nor is any after it; if it is before the store's
	// counted_batch, nothing has come between.
	Through int64 `bson:"through"`
	// Mends counts the fixes of the cell by recounts.
	Mends int64 `bson:"mends"`
}

func encodeCell(c rollup.Cell, generation, through int64) *cellDocument {
	k, m := c.Key, c.Measures
	return &cellDocument{
		ID: cellID(k, generation), Generation: generation, Cube: k.Cube, Period: k.Period,
		Offer: k.Offer, Publisher: k.Publisher, CouponCode: k.CouponCode, Status: k.Status, Method: k.Method, Currency: k.Currency,
		Clicks: m.Clicks, Conversions: m.Conversions, Clickless: m.Clickless,
		AmountUnits: m.Amount.Units, AmountNanos: m.Amount.Nanos, RefundedUnits: m.Refunded.Units, RefundedNanos: m.Refunded.Nanos,
		PayoutUnits: m.Payout.Units, PayoutNanos: m.Payout.Nanos, RevenueUnits: m.Revenue.Units, RevenueNanos: m.Revenue.Nanos,
		DiscountUnits: m.Discount.Units, DiscountNanos: m.Discount.Nanos,
		Through: through,
	}
}

func (d *cellDocument) decode() rollup.Cell {
	return rollup.Cell{
		Key: rollup.CellKey{
			Cube: d.Cube, Period: d.Period, Offer: d.Offer, Publisher: d.Publisher, CouponCode: d.CouponCode,
			Status: d.Status, Method: d.Method, Currency: d.Currency,
		},
		Measures: rollup.Measures{
			Clicks: d.Clicks, Conversions: d.Conversions, Clickless: d.Clickless,
			Amount:   rollup.Sum{Units: d.AmountUnits, Nanos: d.AmountNanos},
			Refunded: rollup.Sum{Units: d.RefundedUnits, Nanos: d.RefundedNanos},
			Payout:   rollup.Sum{Units: d.PayoutUnits, Nanos: d.PayoutNanos},
			Revenue:  rollup.Sum{Units: d.RevenueUnits, Nanos: d.RevenueNanos},
			Discount: rollup.Sum{Units: d.DiscountUnits, Nanos: d.DiscountNanos},
		},
	}
}

// cellID returns the `_id` of a cell. Codes may hold any character, so those that part the fields are
// escaped: no two keys have the same.
func cellID(k rollup.CellKey, generation int64) string {
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	fields := []string{strconv.FormatInt(generation, 10), strconv.Itoa(int(k.Cube)), strconv.Itoa(int(k.Period))}
	for _, text := range []string{k.Offer, k.Publisher, k.CouponCode, string(k.Status), string(k.Method), k.Currency} {
		fields = append(fields, escape.Replace(text))
	}
	return strings.Join(fields, "|")
}

// advance returns the upsert that adds d to the cell, unless the cell already has all before batch d.Through.
func (d *cellDocument) advance() mongodb.Upsert {
	return mongodb.Upsert{
		ID: d.ID, Below: bson.E{Key: "through", Value: d.Through},
		Update: bson.D{
			{Key: "$inc", Value: d.measures()},
			{Key: "$set", Value: bson.D{{Key: "through", Value: d.Through}}},
			{Key: "$setOnInsert", Value: append(d.key(), bson.E{Key: "mends", Value: int64(0)})},
		},
	}
}

// fix returns the upsert that adds what d has to the cell, unless another recount has fixed the cell since d was
// read. What is counted in the meantime does not interfere.
func (d *cellDocument) fix() mongodb.Upsert {
	return mongodb.Upsert{
		ID: d.ID, Below: bson.E{Key: "mends", Value: d.Mends + 1},
		Update: bson.D{
			{Key: "$inc", Value: append(d.measures(), bson.E{Key: "mends", Value: int64(1)})},
			{Key: "$setOnInsert", Value: append(d.key(), bson.E{Key: "through", Value: d.Through})},
		},
	}
}

// measures returns the cell's figures that are not zero.
func (d *cellDocument) measures() bson.D {
	measures := bson.D{}
	for _, m := range []struct {
		name  string
		value int64
	}{
		{"clicks", d.Clicks},
		{"conversions", d.Conversions},
		{"clickless", d.Clickless},
		{"amount_units", d.AmountUnits},
		{"amount_nanos", d.AmountNanos},
		{"refunded_units", d.RefundedUnits},
		{"refunded_nanos", d.RefundedNanos},
		{"payout_units", d.PayoutUnits},
		{"payout_nanos", d.PayoutNanos},
		{"revenue_units", d.RevenueUnits},
		{"revenue_nanos", d.RevenueNanos},
		{"discount_units", d.DiscountUnits},
		{"discount_nanos", d.DiscountNanos},
	} {
		if m.value != 0 {
			measures = append(measures, bson.E{Key: m.name, Value: m.value})
		}
	}
	return measures
}

// key returns what a cell has that never changes.
func (d *cellDocument) key() bson.D {
	return bson.D{
		{Key: "generation", Value: d.Generation},
		{Key: "cube", Value: d.Cube},
		{Key: "period", Value: d.Period},
		{Key: "offer", Value: d.Offer},
		{Key: "publisher", Value: d.Publisher},
		{Key: "coupon_code", Value: d.CouponCode},
		{Key: "status", Value: d.Status},
		{Key: "method", Value: d.Method},
		{Key: "currency", Value: d.Currency},
	}
}

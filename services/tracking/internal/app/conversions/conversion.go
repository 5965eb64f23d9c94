package conversions

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Schema has the fields that conversions are filtered and ordered by. Dates in filters are days of the zone.
func Schema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Conversions(), zone, "conversion_time desc",
		listing.Field{Name: "name", Stored: "id"},
		listing.Field{Name: "coupon", Optional: true},
		listing.Field{Name: "coupon_code", Stored: "coupon_code_key"},
		listing.Field{Name: "codes", Optional: true},
		listing.Field{Name: "status_reason", Optional: true},
		listing.Field{Name: "pub_unique3", Stored: "pub_unique3_key"},
		listing.Field{Name: "undeduplicated", Optional: true},
		listing.Field{Name: "postback", Optional: true},
	)
}

// storedValue returns the stored value of a conversion's field that lists are ordered by.
func storedValue(c domain.Conversion, field string) any { return columnOf(&c, field) }

// columnOf returns the stored value of a field, or of a part of one, that lists are filtered and ordered by.
func columnOf(c *domain.Conversion, column string) any {
	switch column {
	case "conversion_time":
		return c.ConversionTime
	case "create_time":
		return c.CreateTime
	case "update_time":
		return c.UpdateTime
	case "conflicted":
		return c.Conflicted
	case "undeduplicated":
		return c.Undeduplicated
	}
	if field, part, ok := cutPart(column); ok {
		return partOf(c, field, part)
	}
	return textOf(c, column)
}

// textOf is columnOf for texts; the id for any other.
func textOf(c *domain.Conversion, column string) string {
	switch column {
	case "offer":
		return c.Offer
	case "publisher":
		return c.Publisher
	case "coupon":
		return c.Coupon
	case "coupon_code_key":
		return couponcode.Fold(c.CouponCode)
	case "codes":
		return string(c.Codes)
	case "click":
		return c.Click
	case "transaction_id":
		return c.TransactionID
	case "event":
		return c.Event
	case "status":
		return string(c.Status)
	case "status_reason":
		return c.StatusReason
	case "outcome":
		return string(c.Outcome)
	case "method":
		return string(c.Method)
	case "reason":
		return string(c.Reason)
	case "pub_unique1", "pub_unique2", "pub_unique4", "pub_unique5":
		return c.PubUniques[column[len(column)-1]-'1']
	case "pub_unique3_key":
		return couponcode.Fold(c.PubUniques[2])
	case "pub_click_id":
		return c.PubClickID
	case "pub_sub_id":
		return c.PubSubID
	case "postback":
		return c.Postback
	default:
		return c.ID
	}
}

// cutPart splits a column such as amount_units into its field and the part of a money amount.
func cutPart(column string) (field string, part listing.Part, ok bool) {
	for _, part := range []listing.Part{listing.CurrencyCode, listing.Units, listing.Nanos} {
		if field, ok := strings.CutSuffix(column, "_"+string(part)); ok {
			return field, part, true
		}
	}
	return "", "", false
}

// partOf is columnOf for a part of an amount of money.
func partOf(c *domain.Conversion, field string, part listing.Part) any {
	amount := c.Amount
	switch field {
	case "refunded_amount":
		amount = c.Refunded
	case "discount":
		amount = c.Discount
	case "payout":
		amount = c.Payout
	case "revenue":
		amount = c.Revenue
	}
	switch part {
	case listing.Units:
		return amount.Units
	case listing.Nanos:
		return int64(amount.Nanos)
	default:
		return amount.Currency
	}
}

// Conversion returns a conversion by its id.
//
// Errors: NotFound (CONVERSION_NOT_FOUND).
func (s *Service) Conversion(ctx context.Context, id string) (domain.Conversion, error) {
	r := rows.Of(ctx)
	c, err := s.store.Conversion(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !r.Has(c.Offer, c.Publisher) {
		return domain.Conversion{}, NotFound(id)
	}
	return told(r, c), err
}

// ETag returns the revision of a conversion as the API shows it.
func ETag(c domain.Conversion) string { return strconv.FormatInt(c.Revision, 10) }

// NotFound returns the error for an unknown conversion.
func NotFound(id string) error {
	return apperr.New(apperr.NotFound, "CONVERSION_NOT_FOUND", "there is no conversion %q", id)
}

// Conversions returns a page of the conversions that match, and the token of the next.
//
// Errors: InvalidArgument on filter, order_by, page_size or page_token.
func (s *Service) Conversions(ctx context.Context, req listing.Request) ([]domain.Conversion, string, error) {
	q, err := Query(ctx, s.schema, req, s.moment())
	if err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, s.store.Conversions)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, toldAll(rows.Of(ctx), found), storedValue)
	return page, next, nil
}

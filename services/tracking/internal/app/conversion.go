package app

import (
	"context"
	"errors"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// conversionSchema says by what conversions are filtered and ordered.
func conversionSchema() *listing.Schema {
	text := func(name string) listing.Field { return listing.Field{Name: name, Kind: listing.String} }
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "conversions/"},
		"conversion_time desc",
		listing.Field{Name: "offer", Kind: listing.Name, Prefix: "offers/", Sortable: true},
		listing.Field{Name: "publisher", Kind: listing.Name, Prefix: "publishers/", Sortable: true},
		listing.Field{Name: "coupon", Kind: listing.String, Optional: true},
		listing.Field{Name: "coupon_code", Stored: "coupon_code_key", Kind: listing.Folded},
		listing.Field{Name: "codes", Kind: listing.String, Within: true, Optional: true},
		text("click"),
		text("transaction_id"),
		text("event"),
		listing.Field{Name: "status", Kind: listing.Enum, Sortable: true, Values: conversionStatuses()},
		listing.Field{Name: "status_reason", Kind: listing.String, Optional: true},
		listing.Field{Name: "outcome", Kind: listing.Enum, Values: []string{"ATTRIBUTED", "UNATTRIBUTED"}},
		listing.Field{Name: "method", Kind: listing.Enum, Values: conversionMethods()},
		listing.Field{Name: "reason", Kind: listing.Enum, Values: []string{
			"UNKNOWN_CODE", "AMBIGUOUS_CODE", "EXPIRED", "NOT_STARTED", "DISABLED", "NOT_APPROVED", "UNKNOWN_CLICK",
			"CLICK_TOO_OLD", "NO_REFERENCE", "OFFER_INACTIVE", "OTHER_OFFER", "CLICK_AFTER_SALE", "CLICK_REQUIRED", "LIMIT_REACHED",
			"COUPON_SERVICE_AWAY",
		}},
		text("pub_unique1"), text("pub_unique2"),
		listing.Field{Name: "pub_unique3", Stored: "pub_unique3_key", Kind: listing.Folded, Sortable: true},
		text("pub_unique4"), text("pub_unique5"), text("pub_click_id"), text("pub_sub_id"),
		amount("amount"), currency("currency", "amount"), amount("refunded_amount"),
		amount("payout"), currency("payout_currency", "payout"), amount("revenue"), currency("revenue_currency", "revenue"),
		listing.Field{Name: "conflicted", Kind: listing.Bool},
		listing.Field{Name: "undeduplicated", Kind: listing.Bool, Optional: true},
		listing.Field{Name: "postback", Kind: listing.Name, Prefix: "postbacks/", Optional: true},
		listing.Field{Name: "conversion_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "update_time", Kind: listing.Time, Sortable: true},
	)
}

func amount(name string) listing.Field { return listing.Field{Name: name, Kind: listing.Amount} }

func currency(name, of string) listing.Field {
	return listing.Field{Name: name, Stored: of, Kind: listing.Currency}
}

// storedValue returns the stored value of a conversion's field that lists are ordered by.
func storedValue(c domain.Conversion, field string) any { return columnOf(&c, field) }

// columnOf returns the stored value of a field, or of a part of one, by which lists are filtered and ordered.
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

// cutPart parts a column such as amount_units into its field and the part of an amount of money.
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
	c, err := s.store.Conversion(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return c, conversionNotFound(id)
	}
	return c, err
}

func conversionNotFound(id string) error {
	return apperr.New(apperr.NotFound, "CONVERSION_NOT_FOUND", "there is no conversion %q", id)
}

// Conversions returns a page of the conversions that match, and the token of the next.
//
// Errors: InvalidArgument on filter, order_by, page_size or page_token.
func (s *Service) Conversions(ctx context.Context, req listing.Request) ([]domain.Conversion, string, error) {
	q, err := s.conversions.Query(req, nil, s.Now())
	if err != nil {
		return nil, "", err
	}
	rows, err := readPage(ctx, q, s.store.Conversions)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, rows, storedValue)
	return page, next, nil
}

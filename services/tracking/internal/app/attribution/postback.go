package attribution

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// postbackSchema has the fields that the journal is filtered and ordered by.
func postbackSchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Postbacks(), zone, "create_time desc",
		listing.Field{Name: "name", Stored: "id"},
		listing.Field{Name: "coupon_code", Stored: "coupon_code_key"},
		listing.Field{Name: "codes", Stored: "coupon_code_key"},
	)
}

// storedPostback returns the stored value of a postback's field that lists are ordered by.
func storedPostback(p domain.Postback, field string) any {
	if field == "create_time" {
		return p.Time
	}
	return p.ID
}

// Postback returns an entry of the journal by its id.
//
// Errors: NotFound (POSTBACK_NOT_FOUND).
func (s *Service) Postback(ctx context.Context, id string) (domain.Postback, error) {
	p, err := s.store.Postback(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !rows.Of(ctx).Has(p.Offer, "") {
		return domain.Postback{}, apperr.New(apperr.NotFound, "POSTBACK_NOT_FOUND", "there is no postback %q; the journal keeps each for a limited time", id)
	}
	return p, err
}

// Postbacks returns a page of the journal's entries that match, and the token of the next.
//
// Errors: InvalidArgument on filter, order_by, page_size or page_token.
func (s *Service) Postbacks(ctx context.Context, req listing.Request) ([]domain.Postback, string, error) {
	q, err := s.postbacks.Query(req, rows.Of(ctx).In("", "offer"), nil, s.Now())
	if err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, s.store.Postbacks)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, found, storedPostback)
	return page, next, nil
}

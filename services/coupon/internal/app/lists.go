package app

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// list runs a list request: it checks the request, reads one page and makes the next page's token.
func list[T any](
	ctx context.Context, s *Service, schema *listing.Schema, req listing.Request, scope listing.Expr,
	read func(context.Context, listing.Query) ([]T, error), value func(T, string) any,
) ([]T, string, error) {
	q, err := schema.Query(req, scope, s.Now())
	if err != nil {
		return nil, "", err
	}
	var rows []T
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		rows, err = read(ctx, q)
		return err
	})
	if err != nil {
		return nil, "", orMissing(err, err, "reading a list")
	}
	page, next := listing.Page(q, rows, value)
	return page, next, nil
}

// scope returns the condition that keeps a list to one offer, which must exist; nil for all offers.
func (s *Service) scope(ctx context.Context, offer string) (listing.Expr, error) {
	if offer == "" {
		return nil, nil
	}
	if _, err := s.Offer(ctx, offer); err != nil {
		return nil, err
	}
	return listing.Compare{Field: "offer", Op: listing.Equal, Value: offer}, nil
}

func offerSchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: domain.OfferName(""), Sortable: true}, "name",
		listing.Field{Name: "display_name", Kind: listing.Title, Sortable: true},
		listing.Field{Name: "state", Kind: listing.Enum, Values: names(domain.OfferActive, domain.OfferPaused, domain.OfferArchived)},
		listing.Field{Name: "postback_auth", Kind: listing.Enum, Values: names(domain.AuthToken, domain.AuthOpen, domain.AuthHMAC)},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "update_time", Kind: listing.Time, Sortable: true},
	)
}

// offerValue returns what an offer is stored with in a field that offers are ordered by.
func offerValue(o domain.Offer, field string) any {
	switch field {
	case "display_name":
		return o.DisplayName
	case "create_time":
		return o.CreateTime
	case "update_time":
		return o.UpdateTime
	default:
		return o.ID
	}
}

func publisherSchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: domain.PublisherName(""), Sortable: true}, "name",
		listing.Field{Name: "display_name", Kind: listing.Title, Sortable: true},
		listing.Field{Name: "state", Kind: listing.Enum, Values: names(domain.PublisherActive, domain.PublisherArchived)},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "update_time", Kind: listing.Time, Sortable: true},
	)
}

// publisherValue returns what a publisher is stored with in a field that publishers are ordered by.
func publisherValue(p domain.Publisher, field string) any {
	switch field {
	case "display_name":
		return p.DisplayName
	case "create_time":
		return p.CreateTime
	case "update_time":
		return p.UpdateTime
	default:
		return p.ID
	}
}

func approvalSchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque, Sortable: true}, "name",
		listing.Field{Name: "offer", Kind: listing.Name, Prefix: domain.OfferName("")},
		listing.Field{Name: "publisher", Kind: listing.Name, Prefix: domain.PublisherName("")},
		listing.Field{Name: "state", Kind: listing.Enum, Values: names(domain.ApprovalPending, domain.ApprovalApproved, domain.ApprovalBlocked)},
		listing.Field{Name: "source", Kind: listing.Enum, Values: names(domain.SourceManual, domain.SourceCoupon)},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "update_time", Kind: listing.Time, Sortable: true},
	)
}

// approvalValue returns what an approval is stored with in a field that approvals are ordered by.
func approvalValue(a domain.Approval, field string) any {
	switch field {
	case "create_time":
		return a.CreateTime
	case "update_time":
		return a.UpdateTime
	default:
		return a.ID()
	}
}

func couponSchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "create_time desc",
		listing.Field{Name: "code", Stored: "code_key", Kind: listing.Folded, Sortable: true},
		listing.Field{Name: "offer", Kind: listing.Name, Prefix: domain.OfferName(""), Sortable: true},
		listing.Field{Name: "publisher", Kind: listing.Name, Prefix: domain.PublisherName(""), Sortable: true},
		listing.Field{Name: "state", Kind: listing.Enum, Expand: stateWhere, Values: names(
			domain.CouponScheduled, domain.CouponActive, domain.CouponExpired, domain.CouponDisabled, domain.CouponArchived)},
		listing.Field{Name: "enabled", Kind: listing.Bool},
		listing.Field{Name: "internal_note", Kind: listing.Title},
		listing.Field{Name: "start_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "expire_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "update_time", Kind: listing.Time, Sortable: true},
	)
}

// couponValue returns what a coupon is stored with in a field that coupons are ordered by.
func couponValue(c domain.Coupon, field string) any {
	switch field {
	case "code_key":
		return couponcode.Fold(c.Code)
	case "offer":
		return c.Offer
	case "publisher":
		return c.Publisher
	case "start_time":
		return c.StartTime
	case "expire_time":
		return c.Expiry()
	case "create_time":
		return c.CreateTime
	case "update_time":
		return c.UpdateTime
	default:
		return c.ID()
	}
}

// stateWhere returns the condition on stored fields that a coupon stands in a state at a moment:
// what domain.StateOf says, for a database.
func stateWhere(state string, now time.Time) listing.Expr {
	archived := listing.Compare{Field: "archived", Op: listing.Equal, Value: true}
	if state == string(domain.CouponArchived) {
		return archived
	}
	kept := listing.Compare{Field: "archived", Op: listing.Equal, Value: false}
	enabled := func(value bool) listing.Expr {
		return listing.Compare{Field: "enabled", Op: listing.Equal, Value: value}
	}
	at := func(field string, op listing.Op) listing.Expr {
		return listing.Compare{Field: field, Op: op, Value: now}
	}
	switch domain.CouponState(state) {
	case domain.CouponDisabled:
		return listing.And{kept, enabled(false)}
	case domain.CouponScheduled:
		return listing.And{kept, enabled(true), at("start_time", listing.Greater)}
	case domain.CouponExpired:
		return listing.And{kept, enabled(true), at("start_time", listing.LessEqual), at("expire_time", listing.LessEqual)}
	default:
		return listing.And{kept, enabled(true), at("start_time", listing.LessEqual), at("expire_time", listing.Greater)}
	}
}

// names returns values as strings.
func names[T ~string](values ...T) []string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return texts
}

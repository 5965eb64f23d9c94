package app

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// list checks a list request of a caller that may know of some rows, reads one page and returns it with the next page's token.
func list[T any](
	ctx context.Context, s *Service, schema *listing.Schema, req listing.Request, within listing.Rows, scope listing.Expr,
	read func(context.Context, listing.Query) ([]T, error), value func(T, string) any,
) ([]T, string, error) {
	q, err := schema.Query(req, within, scope, s.Now())
	if err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, read)
	if err != nil {
		return nil, "", orMissing(err, err, "reading a list")
	}
	page, next := listing.Page(q, found, value)
	return page, next, nil
}

// scope returns the condition that limits a list to one offer, which must exist; nil for all offers. A limited caller gets
// an empty list for an offer that does not exist, as it does for one that it may not know of.
func (s *Service) scope(ctx context.Context, offer string) (listing.Expr, error) {
	if offer == "" {
		return nil, nil
	}
	if !rows.Of(ctx).IsLimited() {
		if _, err := s.Offer(ctx, offer); err != nil {
			return nil, err
		}
	}
	return listing.Compare{Field: "offer", Op: listing.Equal, Value: offer}, nil
}

func offerSchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Offers(), zone, "name", listing.Field{Name: "name", Stored: "id"})
}

// offerValue returns the stored value of a field that offers can be ordered by.
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

func publisherSchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Publishers(), zone, "name", listing.Field{Name: "name", Stored: "id"})
}

// publisherValue returns the stored value of a field that publishers can be ordered by.
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

func approvalSchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Approvals(), zone, "name", listing.Field{Name: "name", Stored: "id"})
}

// approvalValue returns the stored value of a field that approvals can be ordered by.
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

func couponSchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Coupons(), zone, "create_time desc",
		listing.Field{Name: "name", Stored: "id"},
		listing.Field{Name: "code", Stored: "code_key"},
		listing.Field{Name: "expire_time", None: domain.NoExpiry()},
		listing.Field{Name: "state", Expand: stateWhere},
	)
}

// couponValue returns the stored value of a field that coupons can be ordered by.
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

// stateWhere returns the condition on stored fields for a coupon's being in a state at a moment. It is
// domain.StateOf for databases.
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

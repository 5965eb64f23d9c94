package delivery

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// Store keeps deliveries, those that are done for 90 days.
type Store interface {
	// Unplanned returns conversions that are Unplanned, whole, at most limit.
	Unplanned(ctx context.Context, limit int) ([]domain.Conversion, error)
	// Plan stores the deliveries of plans, leaving out those whose ids are taken, and then notes that
	// their conversions are planned, unless one has changed since its plan was made. A crash in between
	// leaves the conversion unplanned.
	Plan(ctx context.Context, plans []delivery.Plan) error
	// ClaimDeliveries returns deliveries that are due, the longest due first, with their attempts and with
	// DueTime set to the claim's Until: until then nobody else gets them. Of a conversion's deliveries to
	// one publisher only the first that is not done is ever given out.
	ClaimDeliveries(ctx context.Context, claim delivery.Claim) ([]delivery.Delivery, error)
	// FinishDelivery stores a claimed delivery after an attempt: done, or due again. It does nothing if the
	// holder no longer holds it.
	FinishDelivery(ctx context.Context, delivery delivery.Delivery, holder string) error
	// ReplayDelivery makes a delivery due at a time with no attempts counted, whatever its state, and
	// returns it, or ErrNotFound.
	ReplayDelivery(ctx context.Context, id string, now time.Time) (delivery.Delivery, error)
	// Delivery returns a delivery by its id, with its attempts.
	Delivery(ctx context.Context, id string) (delivery.Delivery, error)
	// Deliveries returns the deliveries that a query selects, without their attempts.
	Deliveries(ctx context.Context, q listing.Query) ([]delivery.Delivery, error)
}

package conversions

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Export sends all conversions that match, a part at a time, in order and from one consistent view, until ctx
// ends, send fails, or the service stops. send must not keep a part after it returns. filter and orderBy are as
// in lists.
//
// Errors: InvalidArgument on filter or order_by; Unavailable when the service stops, or the store has too many
// exports under way; send's; ctx's.
func (s *Service) Export(ctx context.Context, filter, orderBy string, send func([]domain.Conversion) error) error {
	q, err := Query(ctx, s.schema, listing.Request{Filter: filter, OrderBy: orderBy}, s.moment())
	if err != nil {
		return err
	}
	q.Limit = 0
	return s.store.ExportConversions(ctx, q, func(part []domain.Conversion) error {
		select {
		case <-s.stopping:
			return apperr.New(apperr.Unavailable, "SERVICE_STOPPING", "the service is stopping; export again")
		default:
			return send(toldAll(rows.Of(ctx), part))
		}
	})
}

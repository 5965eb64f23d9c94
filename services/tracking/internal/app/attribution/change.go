package attribution

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Change stores the result of do on a conversion, with the coupon uses that it takes and returns. stored is the
// conversion as it was read, target a coupon that may be credited by the change besides the present one.
// unchanged says that do changed nothing. With once, which may be nil, the change is made once, and the error of a
// repetition is *Made.
func (s *Service) Change(ctx context.Context, stored domain.Conversion, target *domain.Coupon, once *Once, do func(domain.Conversion) (domain.Conversion, error)) (changed domain.Conversion, unchanged bool, err error) {
	present, err := s.creditedCoupon(ctx, stored)
	if err != nil {
		return stored, false, err
	}
	changed, err = s.update(ctx, stored.ID, once, func(c domain.Conversion) (domain.Update, error) {
		after, err := do(c)
		if err != nil {
			return domain.Update{}, err
		}
		unchanged = after.Revision == c.Revision
		update := domain.Update{Conversion: after}
		if before := c.Holds(); before != "" && before != after.Holds() {
			update.Return = s.returned(c)
		}
		if after.Holds() != "" && after.Holds() != c.Holds() {
			coupon := oneNamed(after.Coupon, present, target)
			if coupon == nil {
				return domain.Update{}, apperr.New(apperr.Aborted, "CONVERSION_CHANGED", "conversions/%s was credited to another coupon meanwhile; try again", c.ID)
			}
			update.Use = s.use(after, coupon, "")
		}
		return update, nil
	})
	switch {
	case errors.Is(err, domain.ErrLimitReached):
		return stored, false, limitReached()
	case errors.Is(err, domain.ErrNotFound):
		return stored, false, conversions.NotFound(stored.ID)
	case err != nil:
		return stored, false, err
	}
	if changed.Unplanned {
		s.wake()
	}
	return changed, unchanged, nil
}

func (s *Service) update(ctx context.Context, id string, once *Once, change func(domain.Conversion) (domain.Update, error)) (domain.Conversion, error) {
	if once != nil {
		return s.store.UpdateConversionOnce(ctx, id, *once, change)
	}
	return s.store.UpdateConversion(ctx, id, change)
}

func limitReached() error {
	return apperr.New(apperr.FailedPrecondition, "LIMIT_REACHED", "the coupon has earned as many sales as its limits allow; raise them first")
}

// creditedCoupon returns the coupon credited with a conversion; nil if no coupon is.
func (s *Service) creditedCoupon(ctx context.Context, c domain.Conversion) (*domain.Coupon, error) {
	if c.Coupon == "" {
		return nil, nil
	}
	return s.CouponNamed(ctx, c.Coupon, c.Offer, c.CouponCode)
}

// oneNamed returns the coupon that has a name, nil if no coupon has it.
func oneNamed(name string, coupons ...*domain.Coupon) *domain.Coupon {
	for _, coupon := range coupons {
		if coupon != nil && coupon.Name() == name {
			return coupon
		}
	}
	return nil
}

// use returns the coupon use that a conversion takes, of a reservation if it has one; nil if there is nothing to count.
func (s *Service) use(c domain.Conversion, coupon *domain.Coupon, reservation string) *domain.Use {
	if coupon == nil || c.Holds() == "" || !coupon.Limits.Limited() && reservation == "" {
		return nil
	}
	from, to := s.day(c.ConversionTime)
	return &domain.Use{
		Coupon: coupon.Name(), Code: coupon.Code, ETag: coupon.ETag, Limits: coupon.Limits, From: from, To: to,
		Now: s.Now(), Reservation: reservation, TransactionID: c.TransactionID, Conversion: c.ID,
	}
}

// saleOf returns the sale that a report makes, with the use that it takes. coupon is the one that earns it; nil if none
// does. If the report names a reservation that holds no use for it, the sale is judged as without one, and says so.
func (s *Service) saleOf(ctx context.Context, c domain.Conversion, coupon *domain.Coupon, reservation string) (domain.Sale, error) {
	if reservation == "" || c.Unjudged() {
		return domain.Sale{Conversion: c, Use: s.use(c, coupon, "")}, nil
	}
	var of *domain.Reservation
	found, err := s.store.Reservation(ctx, reservation)
	switch {
	case err == nil && found.Offer == c.Offer:
		of = &found
	case err != nil && !errors.Is(err, domain.ErrNotFound):
		return domain.Sale{}, err
	}
	note := domain.ReservationNote(reservation, of, c.Holds(), c.ID, s.Now())
	if note != "" {
		reservation = ""
		c.Explanation += " " + note
	}
	return domain.Sale{Conversion: c, Use: s.use(c, coupon, reservation), Note: note}, nil
}

// tryUse returns ErrLimitReached if a use could not be taken now; a nil use can always be taken.
func (s *Service) tryUse(ctx context.Context, use *domain.Use) error {
	if use == nil {
		return nil
	}
	left, err := s.store.UsesLeft(ctx, *use)
	if err == nil && !left {
		return domain.ErrLimitReached
	}
	return err
}

// tried returns the conversion of a dry run or test: as it would be stored under the coupon's limits now.
func (s *Service) tried(ctx context.Context, sale domain.Sale) (domain.Conversion, error) {
	err := s.tryUse(ctx, sale.Use)
	if errors.Is(err, domain.ErrLimitReached) {
		return sale.OverLimit(), nil
	}
	return sale.Conversion, err
}

// returned returns the use that a conversion holds, whether or not its coupon has limits now.
func (s *Service) returned(c domain.Conversion) *domain.Use {
	from, to := s.day(c.ConversionTime)
	return &domain.Use{Coupon: c.Coupon, Code: c.CouponCode, From: from, To: to}
}

// day returns the beginning and the end of a time's day in the program's time zone.
func (s *Service) day(at time.Time) (from, to time.Time) {
	year, month, day := at.In(s.zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, s.zone), time.Date(year, month, day+1, 0, 0, 0, 0, s.zone)
}

package attribution

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Edit asks for a change of a conversion by a person or a platform service.
type Edit struct {
	// ID is the conversion's, ETag its revision as the caller knows it; empty: any.
	ID    string
	ETag  string
	Actor string
	// Reason is in words.
	Reason string
}

// ETag returns the revision of a conversion as the API shows it.
func ETag(c domain.Conversion) string { return strconv.FormatInt(c.Revision, 10) }

// Approve approves a conversion.
//
// Errors: NotFound (CONVERSION_NOT_FOUND); FailedPrecondition (CONVERSION_UNATTRIBUTED, LIMIT_REACHED);
// Aborted (ETAG_MISMATCH).
func (s *Service) Approve(ctx context.Context, e Edit) (domain.Conversion, error) {
	return s.edit(ctx, e, nil, domain.Conversion.Approve)
}

// Reject rejects a conversion.
//
// Errors: NotFound (CONVERSION_NOT_FOUND); InvalidArgument on reason; Aborted (ETAG_MISMATCH).
func (s *Service) Reject(ctx context.Context, e Edit) (domain.Conversion, error) {
	if pasted.Trim(e.Reason) == "" {
		return domain.Conversion{}, apperr.Invalid("REASON_REQUIRED", "reason", "is missing: say why the sale is not paid for")
	}
	return s.edit(ctx, e, nil, domain.Conversion.Reject)
}

// Adjust sets the sale amount. Without a currency it is in the conversion's, else the offer's.
//
// Errors: NotFound (CONVERSION_NOT_FOUND); InvalidArgument on amount; FailedPrecondition (NO_RATES);
// Aborted (ETAG_MISMATCH).
func (s *Service) Adjust(ctx context.Context, e Edit, amount money.Money) (domain.Conversion, error) {
	amount, err := s.inCurrency(ctx, e.ID, amount)
	if err != nil {
		return domain.Conversion{}, err
	}
	return s.edit(ctx, e, nil, func(c domain.Conversion, by domain.By) (domain.Conversion, error) { return c.Adjust(amount, by) })
}

// inCurrency returns the amount in its own currency, else the conversion's, else its offer's.
func (s *Service) inCurrency(ctx context.Context, id string, amount money.Money) (money.Money, error) {
	if amount.Currency != "" {
		return amount, nil
	}
	stored, err := s.conversion(ctx, id)
	if err != nil {
		return amount, err
	}
	amount.Currency = stored.Amount.Currency
	if amount.Currency == "" {
		offer, err := s.catalog.Offer(ctx, stored.Offer)
		if err != nil {
			return amount, orNotFound(err, "OFFER_NOT_FOUND", "offer", stored.Offer)
		}
		amount.Currency = offer.CurrencyCode
	}
	return amount, nil
}

// Refund records the refund of an amount, or of the whole remaining amount if whole is true. Without a currency
// the amount is in the conversion's.
//
// Errors: NotFound (CONVERSION_NOT_FOUND); InvalidArgument on amount or refund_id; FailedPrecondition
// (NO_RATES, NO_AMOUNT); Aborted (ETAG_MISMATCH).
func (s *Service) Refund(ctx context.Context, e Edit, amount money.Money, whole bool, refundID string) (domain.Conversion, error) {
	return s.edit(ctx, e, nil, func(c domain.Conversion, by domain.By) (domain.Conversion, error) {
		refund := amount
		switch {
		case whole:
			refund = money.Money{}
		case refund.Currency == "":
			refund.Currency = c.Amount.Currency
		}
		return c.Refund(refund, refundID, by)
	})
}

// ResolveConflict settles a conflict of a conversion.
//
// Errors: NotFound (CONVERSION_NOT_FOUND, CONFLICT_NOT_FOUND); FailedPrecondition (CONFLICT_RESOLVED,
// NO_RATES); InvalidArgument on amount; Aborted (ETAG_MISMATCH).
func (s *Service) ResolveConflict(ctx context.Context, e Edit, number int, resolution domain.Resolution) (domain.Conversion, error) {
	return s.edit(ctx, e, nil, func(c domain.Conversion, by domain.By) (domain.Conversion, error) {
		return c.Resolve(number, resolution, by)
	})
}

// ReassignToCoupon credits a conversion to the coupon of a publisher that has a code on an offer.
//
// Errors: NotFound (CONVERSION_NOT_FOUND, COUPON_NOT_FOUND); InvalidArgument on coupon (OTHER_OFFER);
// FailedPrecondition (LIMIT_REACHED); Aborted (ETAG_MISMATCH).
func (s *Service) ReassignToCoupon(ctx context.Context, e Edit, name, offer, code string) (domain.Conversion, error) {
	stored, err := s.conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	if stored.Offer != offer {
		return domain.Conversion{}, apperr.Invalid("OTHER_OFFER", "coupon", "is a coupon of offer %s, but the sale was on offer %s", offer, stored.Offer)
	}
	coupon, err := s.couponNamed(ctx, name, offer, code)
	if err != nil {
		return domain.Conversion{}, err
	}
	if coupon == nil {
		return domain.Conversion{}, apperr.New(apperr.NotFound, "COUPON_NOT_FOUND", "there is no coupon %q", name)
	}
	return s.reassign(ctx, e, stored.Offer, domain.Assignment{Publisher: coupon.Publisher, Coupon: coupon, ApprovalPayout: coupon.ApprovalPayout})
}

// ReassignToPublisher credits a conversion to a publisher, without a coupon.
//
// Errors: NotFound (CONVERSION_NOT_FOUND, PUBLISHER_NOT_FOUND); Aborted (ETAG_MISMATCH).
func (s *Service) ReassignToPublisher(ctx context.Context, e Edit, publisher string) (domain.Conversion, error) {
	stored, err := s.conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	standing, err := s.catalog.Standing(ctx, stored.Offer, publisher)
	if err != nil {
		return domain.Conversion{}, orNotFound(err, "PUBLISHER_NOT_FOUND", "publisher", publisher)
	}
	return s.reassign(ctx, e, stored.Offer, domain.Assignment{Publisher: publisher, ApprovalPayout: standing.Payout})
}

func (s *Service) reassign(ctx context.Context, e Edit, offer string, to domain.Assignment) (domain.Conversion, error) {
	o, err := s.catalog.Offer(ctx, offer)
	if err != nil {
		return domain.Conversion{}, orNotFound(err, "OFFER_NOT_FOUND", "offer", offer)
	}
	return s.edit(ctx, e, to.Coupon, func(c domain.Conversion, by domain.By) (domain.Conversion, error) { return c.Reassign(o, to, by) })
}

// edit changes a conversion in somebody's name. target is a coupon that the edit may credit besides the present
// one; nil if it may credit no other.
func (s *Service) edit(ctx context.Context, e Edit, target *domain.Coupon, do func(domain.Conversion, domain.By) (domain.Conversion, error)) (domain.Conversion, error) {
	by := domain.By{Actor: cmp.Or(e.Actor, domain.DefaultActor), Time: s.Now(), Reason: e.Reason}
	if err := by.Check(); err != nil {
		return domain.Conversion{}, err
	}
	stored, err := s.conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	changed, _, err := s.change(ctx, stored, target, func(c domain.Conversion) (domain.Conversion, error) {
		if e.ETag != "" && e.ETag != ETag(c) {
			return c, apperr.New(apperr.Aborted, "ETAG_MISMATCH", "conversions/%s has changed since it was read: its etag is %s, not %s", c.ID, ETag(c), e.ETag)
		}
		return do(c, by)
	})
	return changed, err
}

// change stores the result of do on a conversion, with the coupon uses that it takes and returns. stored is the
// conversion as it was read, target a coupon that may be credited by the change besides the present one.
// unchanged says that do changed nothing.
func (s *Service) change(ctx context.Context, stored domain.Conversion, target *domain.Coupon, do func(domain.Conversion) (domain.Conversion, error)) (changed domain.Conversion, unchanged bool, err error) {
	present, err := s.creditedCoupon(ctx, stored)
	if err != nil {
		return stored, false, err
	}
	changed, err = s.store.UpdateConversion(ctx, stored.ID, func(c domain.Conversion) (domain.Update, error) {
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
			update.Use = s.use(after, coupon)
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

func limitReached() error {
	return apperr.New(apperr.FailedPrecondition, "LIMIT_REACHED", "the coupon has earned as many sales as its limits allow; raise them first")
}

// creditedCoupon returns the coupon credited with a conversion; nil if no coupon is.
func (s *Service) creditedCoupon(ctx context.Context, c domain.Conversion) (*domain.Coupon, error) {
	if c.Coupon == "" {
		return nil, nil
	}
	return s.couponNamed(ctx, c.Coupon, c.Offer, c.CouponCode)
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

// use returns the coupon use that a conversion takes; nil if the coupon is unlimited.
func (s *Service) use(c domain.Conversion, coupon *domain.Coupon) *domain.Use {
	if coupon == nil || !coupon.Limits.Limited() || c.Holds() == "" {
		return nil
	}
	from, to := s.day(c.ConversionTime)
	return &domain.Use{Coupon: coupon.Name(), Code: coupon.Code, ETag: coupon.ETag, Limits: coupon.Limits, From: from, To: to}
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
		return domain.OverLimit(sale.Conversion), nil
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

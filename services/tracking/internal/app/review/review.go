// Package review changes conversions by hand: a person or a platform service approves, rejects, adjusts, refunds
// and reassigns them, and settles their conflicts.
package review

import (
	"cmp"
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// CouponClient answers what the coupon service knows. Its answers may come from a cache.
type CouponClient interface {
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// Standing returns a publisher's standing on an offer, or ErrNotFound for an unknown publisher.
	Standing(ctx context.Context, offer, publisher string) (domain.Standing, error)
}

// Service changes conversions. It is safe for concurrent use.
type Service struct {
	attribution *attribution.Service
	conversions *conversions.Service
	catalog     CouponClient
}

// New returns the use cases. They read conversions and store changes with their coupon uses through the others.
func New(a *attribution.Service, c *conversions.Service, catalog CouponClient) *Service {
	return &Service{attribution: a, conversions: c, catalog: catalog}
}

// Edit asks for a change of a conversion by a person or a platform service.
type Edit struct {
	// ID is the conversion's, ETag its revision as the caller knows it; empty: any.
	ID    string
	ETag  string
	Actor string
	// Reason is in words.
	Reason string
	// Once makes the change once for each request id; nil if the call has none. The error of a repetition is
	// *attribution.Made.
	Once *attribution.Once
}

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
	stored, err := s.conversions.Conversion(ctx, id)
	if err != nil {
		return amount, err
	}
	amount.Currency = stored.Amount.Currency
	if amount.Currency == "" {
		offer, err := s.catalog.Offer(ctx, stored.Offer)
		if err != nil {
			return amount, domain.OrNotFound(err, "OFFER_NOT_FOUND", "offer", stored.Offer)
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
	stored, err := s.conversions.Conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	if stored.Offer != offer {
		return domain.Conversion{}, apperr.Invalid("OTHER_OFFER", "coupon", "is a coupon of offer %s, but the sale was on offer %s", offer, stored.Offer)
	}
	coupon, err := s.attribution.CouponNamed(ctx, name, offer, code)
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
	stored, err := s.conversions.Conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	standing, err := s.catalog.Standing(ctx, stored.Offer, publisher)
	if err != nil {
		return domain.Conversion{}, domain.OrNotFound(err, "PUBLISHER_NOT_FOUND", "publisher", publisher)
	}
	return s.reassign(ctx, e, stored.Offer, domain.Assignment{Publisher: publisher, ApprovalPayout: standing.Payout})
}

func (s *Service) reassign(ctx context.Context, e Edit, offer string, to domain.Assignment) (domain.Conversion, error) {
	o, err := s.catalog.Offer(ctx, offer)
	if err != nil {
		return domain.Conversion{}, domain.OrNotFound(err, "OFFER_NOT_FOUND", "offer", offer)
	}
	return s.edit(ctx, e, to.Coupon, func(c domain.Conversion, by domain.By) (domain.Conversion, error) { return c.Reassign(o, to, by) })
}

// edit changes a conversion in somebody's name. target is a coupon that the edit may credit besides the present
// one; nil if it may credit no other.
func (s *Service) edit(ctx context.Context, e Edit, target *domain.Coupon, do func(domain.Conversion, domain.By) (domain.Conversion, error)) (domain.Conversion, error) {
	by := domain.By{Actor: cmp.Or(e.Actor, domain.DefaultActor), Time: s.attribution.Now(), Reason: e.Reason}
	if err := by.Check(); err != nil {
		return domain.Conversion{}, err
	}
	stored, err := s.conversions.Conversion(ctx, e.ID)
	if err != nil {
		return domain.Conversion{}, err
	}
	changed, _, err := s.attribution.Change(ctx, stored, target, e.Once, func(c domain.Conversion) (domain.Conversion, error) {
		if e.ETag != "" && e.ETag != conversions.ETag(c) {
			return c, apperr.New(apperr.Aborted, "ETAG_MISMATCH", "conversions/%s has changed since it was read: its etag is %s, not %s", c.ID, conversions.ETag(c), e.ETag)
		}
		return do(c, by)
	})
	return changed, err
}

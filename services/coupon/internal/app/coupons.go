package app

import (
	"context"
	"errors"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// Shared is a coupon with the other publishers who have its code on its offer.
type Shared struct {
	Coupon domain.Coupon
	// With has the publishers' ids, sorted, at most domain.MaxSharers.
	With []string
}

// CreateCoupon stores a coupon and approves its publisher on its offer, or does neither. A draft without a
// start time starts now. Errors: InvalidArgument; NotFound (OFFER_NOT_FOUND, PUBLISHER_NOT_FOUND);
// AlreadyExists (COUPON_EXISTS, CODE_TAKEN); FailedPrecondition (OFFER_ARCHIVED, PUBLISHER_ARCHIVED,
// PUBLISHER_BLOCKED).
func (s *Service) CreateCoupon(ctx context.Context, draft domain.Coupon) (Shared, error) {
	return s.createCoupon(ctx, draft, nil)
}

// TryCoupon is CreateCoupon without storing anything.
func (s *Service) TryCoupon(ctx context.Context, draft domain.Coupon) (Shared, error) {
	return s.createCoupon(ctx, draft, errTried)
}

// createCoupon stores a coupon. If verdict is errTried, it stores nothing and returns what it would store.
func (s *Service) createCoupon(ctx context.Context, draft domain.Coupon, verdict error) (Shared, error) {
	now := s.Now()
	if draft.StartTime.IsZero() {
		draft.StartTime = now
	}
	draft, invalid := domain.CheckCoupon(draft)
	var plan domain.Plan
	defer s.memory.forget()
	_, err := s.store.CreateCoupon(ctx, draft.Offer, draft.Publisher, draft.Code, func(standing domain.Standing) (domain.Plan, error) {
		var refused error
		plan, refused = domain.AdmitCoupon(draft, standing, now)
		if err := apperr.Join(invalid, refused); err != nil {
			return plan, err
		}
		return plan, verdict
	})
	if err != nil && !errors.Is(err, errTried) {
		return Shared{}, orMissing(err, err, "storing a coupon")
	}
	return Shared{Coupon: plan.Coupon, With: plan.SharedWith}, nil
}

// Coupon returns a coupon. Errors: NotFound, COUPON_NOT_FOUND.
func (s *Service) Coupon(ctx context.Context, offer, publisher, code string) (Shared, error) {
	coupon, err := s.store.Coupon(ctx, domain.CouponID(offer, publisher, code))
	if err != nil {
		return Shared{}, orMissing(err, noCoupon(offer, publisher, code), "reading a coupon")
	}
	return s.shared(ctx, coupon)
}

// Coupons returns a page of the coupons of an offer, or of all offers if offer is "", and the next page's
// token. Errors: InvalidArgument; NotFound, OFFER_NOT_FOUND.
func (s *Service) Coupons(ctx context.Context, offer string, req listing.Request) ([]domain.Coupon, string, error) {
	scope, err := s.scope(ctx, offer)
	if err != nil {
		return nil, "", err
	}
	return list(ctx, s, s.coupons, req, rows.Of(ctx).In("publisher", "offer"), scope, s.store.Coupons, couponValue)
}

// UpdateCoupon sets some fields of a coupon to their values in a draft. A start time that is unset there
// becomes now. If that changes nothing, nothing is stored. Errors: NotFound (COUPON_NOT_FOUND);
// InvalidArgument; Aborted (ETAG_MISMATCH); FailedPrecondition (COUPON_ARCHIVED); AlreadyExists (CODE_TAKEN).
func (s *Service) UpdateCoupon(
	ctx context.Context, offer, publisher, code string, draft Draft[domain.Coupon], u Update,
) (Shared, error) {
	setters, err := pick(u, couponFields())
	if err != nil {
		return Shared{}, err
	}
	var before, tried domain.Coupon
	which := domain.Coupon{Offer: offer, Publisher: publisher, Code: code}
	shared, err := s.changeCoupon(ctx, which, u.Etag, func(current domain.Coupon) (domain.Coupon, error) {
		if current.Archived {
			return current, apperr.New(apperr.FailedPrecondition, "COUPON_ARCHIVED", "%s is archived; an archived coupon cannot be changed", current.Name()).With("coupon", current.Name())
		}
		before = current
		now := s.Now()
		wanted, unread := draft(current)
		if wanted.StartTime.IsZero() {
			wanted.StartTime = now
		}
		var invalid error
		tried, invalid = domain.CheckCoupon(apply(current, wanted, setters))
		if unread == nil && invalid == nil && tried == current {
			return current, errUnchanged
		}
		tried.UpdateTime = now
		return tried, u.verdict(unread, invalid)
	})
	if errors.Is(err, errTried) {
		if err := s.tryMove(ctx, before, tried); err != nil {
			return Shared{}, err
		}
		return s.shared(ctx, tried)
	}
	return shared, err
}

// tryMove checks a change of a coupon's dates as the store does when it writes the change.
func (s *Service) tryMove(ctx context.Context, before, after domain.Coupon) error {
	if !domain.WidensHold(before, after) {
		return nil
	}
	offer, err := s.Offer(ctx, after.Offer)
	if err != nil || !offer.UniqueCodes {
		return err
	}
	holds, err := s.store.Holds(ctx, after.Offer, after.Publisher, after.Code)
	if err != nil {
		return orMissing(err, err, "reading who holds a code")
	}
	return domain.CheckMove(before, after, holds)
}

// ArchiveCoupon ends a coupon permanently. Errors: NotFound, COUPON_NOT_FOUND; Aborted, ETAG_MISMATCH.
func (s *Service) ArchiveCoupon(ctx context.Context, offer, publisher, code, etag string) (Shared, error) {
	which := domain.Coupon{Offer: offer, Publisher: publisher, Code: code}
	return s.changeCoupon(ctx, which, etag, func(current domain.Coupon) (domain.Coupon, error) {
		if current.Archived {
			return current, errUnchanged
		}
		current.Archived, current.UpdateTime = true, s.Now()
		return current, nil
	})
}

// changeCoupon changes a coupon if the caller's etag matches, and returns the result.
func (s *Service) changeCoupon(
	ctx context.Context, which domain.Coupon, etag string, change func(domain.Coupon) (domain.Coupon, error),
) (Shared, error) {
	var unchanged domain.Coupon
	defer s.memory.forget()
	updated, err := s.store.UpdateCoupon(ctx, which.ID(), func(current domain.Coupon) (domain.Coupon, error) {
		if err := domain.MatchEtag(etag, current.Name(), current.Revision); err != nil {
			return current, err
		}
		unchanged = current
		return change(current)
	})
	if errors.Is(err, errUnchanged) {
		updated, err = unchanged, nil
	}
	if err != nil {
		return Shared{}, orMissing(err, noCoupon(which.Offer, which.Publisher, which.Code), "changing a coupon")
	}
	return s.shared(ctx, updated)
}

// shared returns a coupon with the other publishers who have its code.
func (s *Service) shared(ctx context.Context, coupon domain.Coupon) (Shared, error) {
	with, err := s.store.SharedWith(ctx, coupon.Offer, coupon.Publisher, coupon.Code, domain.MaxSharers)
	return Shared{Coupon: coupon, With: with}, orMissing(err, err, "reading who shares a code")
}

func noCoupon(offer, publisher, code string) error {
	return apperr.New(apperr.NotFound, "COUPON_NOT_FOUND", "publisher %s has no coupon %s on offer %s", publisher, couponcode.Fold(code), offer).
		With("publisher", resource.Publisher(publisher)).With("offer", resource.Offer(offer))
}

// couponFields are the fields of a coupon that updates can change, by their API names. Only ArchiveCoupon
// archives a coupon.
func couponFields() map[string]field[domain.Coupon] {
	type coupon = domain.Coupon
	return map[string]field[coupon]{
		"start_time":        func(c *coupon, from coupon) { c.StartTime = from.StartTime },
		"expire_time":       func(c *coupon, from coupon) { c.ExpireTime = from.ExpireTime },
		"internal_note":     func(c *coupon, from coupon) { c.InternalNote = from.InternalNote },
		"enabled":           func(c *coupon, from coupon) { c.Enabled = from.Enabled },
		"payout":            func(c *coupon, from coupon) { c.Payout = from.Payout },
		"settings":          func(c *coupon, from coupon) { c.Settings = from.Settings },
		"usage_limit":       func(c *coupon, from coupon) { c.UsageLimit = from.UsageLimit },
		"daily_usage_limit": func(c *coupon, from coupon) { c.DailyUsageLimit = from.DailyUsageLimit },
		"discount":          func(c *coupon, from coupon) { c.Discount = from.Discount },
	}
}

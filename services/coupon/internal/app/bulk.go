package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// BatchRow is one coupon of a batch.
type BatchRow struct {
	Draft domain.Coupon
	// Unread describes the parts of the request that could not be read; nil if none.
	Unread error
}

// Batch asks for many coupons at once, on one offer or several.
type Batch struct {
	Rows []BatchRow
	// Atomic means that either all are stored or none.
	Atomic bool
	// ValidateOnly means that none is stored.
	ValidateOnly bool
}

// BatchResult is the result for one coupon of a batch.
type BatchResult struct {
	// Shared is the coupon as stored or, with ValidateOnly, as it would be. It is zero if Fault is set.
	Shared Shared
	// Fault says why the coupon was refused; nil if it was not.
	Fault *apperr.Error
}

// errNothingToStore rolls back the transaction of a batch that stores nothing.
var errNothingToStore = errors.New("nothing is to be stored")

// CreateCoupons checks each coupon of a batch as CreateCoupon does, as if the admitted ones before it were
// stored already. It stores all admitted coupons in one transaction. If the store fails, no coupon is stored
// and no results are returned. The results are in the order of the rows. Errors: InvalidArgument
// (INVALID_REQUESTS); FailedPrecondition (BATCH_REFUSED) if the batch is Atomic and a coupon is refused.
func (s *Service) CreateCoupons(ctx context.Context, batch Batch) ([]BatchResult, error) {
	if err := domain.CheckBatch(len(batch.Rows)); err != nil {
		return nil, err
	}
	now := s.Now()
	checked := make([]BatchResult, len(batch.Rows))
	drafts := make([]domain.Coupon, len(batch.Rows))
	for i, row := range batch.Rows {
		if row.Draft.StartTime.IsZero() {
			row.Draft.StartTime = now
		}
		var invalid error
		drafts[i], invalid = domain.CheckCoupon(row.Draft)
		checked[i].Fault = apperr.As(apperr.Join(row.Unread, invalid))
	}
	defer s.memory.forget()
	var results []BatchResult
	_, err := s.store.CreateCoupons(ctx, drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
		results = slices.Clone(checked) // It may be called again.
		plans, err := admitBatch(results, drafts, standings, now, batch.Atomic)
		if err == nil && batch.ValidateOnly {
			err = errNothingToStore
		}
		return plans, err
	})
	if err != nil && !errors.Is(err, errNothingToStore) {
		return nil, orMissing(err, err, "storing coupons")
	}
	return results, nil
}

// admitBatch decides on drafts and sets the result of each. A draft that already has a fault also gets the
// faults found here. In an atomic batch, the first fault is the error.
func admitBatch(results []BatchResult, drafts []domain.Coupon, standings *domain.Standings, now time.Time, atomic bool) ([]domain.Plan, error) {
	var plans []domain.Plan
	for i, draft := range drafts {
		result := &results[i]
		if result.Fault != nil {
			_, err := domain.AdmitCoupon(draft, standings.Of(draft), now)
			result.Fault = apperr.As(apperr.Join(result.Fault, err))
		} else if plan, err := standings.Admit(draft, now); err != nil {
			result.Fault = apperr.As(err)
		} else {
			plans = append(plans, plan)
			result.Shared = Shared{Coupon: plan.Coupon, With: plan.SharedWith}
		}
		if result.Fault != nil && atomic {
			return nil, domain.BatchRefused(i, result.Fault)
		}
	}
	return plans, nil
}

// seriesAttempts bounds how often taken codes are generated again. If half of all codes are taken, one of
// 10,000 is still missing after 14 attempts.
const seriesAttempts = 20

// errTaken rolls back the transaction of a series if some of its codes are taken.
var errTaken = errors.New("some codes are taken")

// GenerateCoupons generates a series of codes that are not in use on the offer, and stores a copy of draft,
// which has no code, with each. It returns the codes. Either all coupons are stored, in one transaction, or
// none. Errors: InvalidArgument, including INVALID_LENGTH if too few codes are free; otherwise those of
// CreateCoupon.
func (s *Service) GenerateCoupons(ctx context.Context, draft domain.Coupon, series domain.Series) ([]string, error) {
	now := s.Now()
	if draft.StartTime.IsZero() {
		draft.StartTime = now
	}
	draft, series, err := domain.CheckSeriesOf(draft, series)
	if err != nil {
		return nil, apperr.Join(err, s.standingFault(ctx, draft, now))
	}
	defer s.memory.forget()
	tried := make(map[string]bool, series.Count)
	var codes []string
	for range seriesAttempts {
		if codes, err = domain.FillCodes(codes, series, tried, s.random); err != nil {
			return nil, err
		}
		drafts := domain.WithCodes(draft, codes)
		var free []string
		_, err := s.store.CreateCoupons(ctx, drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
			if free = standings.Free(draft.Offer, codes); len(free) < len(codes) {
				return nil, errTaken
			}
			return admitAll(drafts, standings, now)
		})
		if err == nil {
			return codes, nil
		}
		if !errors.Is(err, errTaken) {
			return nil, orMissing(err, err, "storing coupons")
		}
		codes = free
	}
	return nil, domain.SeriesExhausted(series)
}

// TryCoupons returns the error that GenerateCoupons would return before generating any codes. It stores
// nothing.
func (s *Service) TryCoupons(ctx context.Context, draft domain.Coupon, series domain.Series) error {
	now := s.Now()
	if draft.StartTime.IsZero() {
		draft.StartTime = now
	}
	draft, _, err := domain.CheckSeriesOf(draft, series)
	return apperr.Join(err, s.standingFault(ctx, draft, now))
}

// standingFault returns why coupons like draft, which has no code, cannot be created now; nil if they can.
func (s *Service) standingFault(ctx context.Context, draft domain.Coupon, now time.Time) error {
	_, err := s.store.CreateCoupon(ctx, draft.Offer, draft.Publisher, "", func(standing domain.Standing) (domain.Plan, error) {
		plan, err := domain.AdmitCoupon(draft, standing, now)
		if err == nil {
			err = errTried
		}
		return plan, err
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return orMissing(err, err, "reading how a coupon stands")
}

// admitAll plans coupons, and fails on the first that is not admitted.
func admitAll(drafts []domain.Coupon, standings *domain.Standings, now time.Time) ([]domain.Plan, error) {
	plans := make([]domain.Plan, len(drafts))
	for i, draft := range drafts {
		var err error
		if plans[i], err = standings.Admit(draft, now); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

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
	// Unread says which parts of the request could not be read; nil if all could.
	Unread error
}

// Batch asks for many coupons at once, of one offer or several.
type Batch struct {
	Rows []BatchRow
	// Atomic says that all are stored or none.
	Atomic bool
	// ValidateOnly says that none is stored.
	ValidateOnly bool
}

// BatchResult is what became of one coupon of a batch.
type BatchResult struct {
	// Shared is the coupon as it is stored, or would be; empty with a Fault.
	Shared Shared
	// Fault is why it was refused; nil: it was not.
	Fault *apperr.Error
}

// errNothingToStore ends the transaction of a batch that is only judged.
var errNothingToStore = errors.New("nothing is to be stored")

// CreateCoupons judges each coupon of a batch as CreateCoupon does, as if those before it that were
// admitted were stored, and stores all that are admitted in one transaction: when the store fails,
// none is stored and there are no results. The results are in the order of the rows. Errors:
// InvalidArgument, INVALID_REQUESTS; FailedPrecondition, BATCH_REFUSED, when one is refused of a
// batch that is Atomic.
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

// admitBatch decides on drafts and sets the result of each. A draft that has a fault already gets its further
// faults too. In an atomic batch, the first fault is the error.
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

// seriesAttempts bounds how often taken codes are made anew. With half of all codes taken, of
// 10,000 wanted ones one is left after 14 times.
const seriesAttempts = 20

// errTaken ends the transaction of a series some of whose codes are taken.
var errTaken = errors.New("some codes are taken")

// GenerateCoupons stores a coupon like draft, which has no code, for each of a series of codes that
// nobody has on the offer yet, and returns the codes: all are stored, in one transaction, or none.
// Errors: InvalidArgument, also INVALID_LENGTH where too few codes are free; else as of
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

// TryCoupons returns the error with which GenerateCoupons would refuse a series before it makes codes. It
// stores nothing.
func (s *Service) TryCoupons(ctx context.Context, draft domain.Coupon, series domain.Series) error {
	now := s.Now()
	if draft.StartTime.IsZero() {
		draft.StartTime = now
	}
	draft, _, err := domain.CheckSeriesOf(draft, series)
	return apperr.Join(err, s.standingFault(ctx, draft, now))
}

// standingFault says why coupons like draft, which has no code, cannot be created at present.
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

// admitAll decides on coupons all of which must be admitted.
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

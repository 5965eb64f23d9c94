package attribution

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// deferredInterval is how often KeepJudging looks for reports that are due.
	deferredInterval = time.Second
	// deferredLease is how long a claim on them lasts, and deferredAtOnce how many are claimed at once.
	deferredLease  = time.Minute
	deferredAtOnce = 50
)

// isAway reports whether an error says that the coupon service could not be reached.
func isAway(err error) bool {
	e := apperr.As(err)
	return e != nil && e.Reason == domain.CouponServiceUnavailable
}

// KeepJudging judges waiting reports when they are due, until ctx ends: sales that came while the coupon
// service was away, and changes that came before their sales. While the coupon service is away, KeepJudging
// asks it less and less often. It calls failed with other failures, and tries again.
func (s *Service) KeepJudging(ctx context.Context, failed func(error)) {
	failures := 0
	var rest time.Time // don't ask the coupon service before then
	for {
		if err := s.lookForSales(ctx); err != nil && !isAway(err) && ctx.Err() == nil {
			failed(err)
		}
		if now := s.Now(); !now.Before(rest) {
			err := s.judgeDue(ctx)
			if err == nil {
				failures = 0
			} else {
				rest = now.Add(domain.AwayPause(failures))
				failures++
			}
			if err != nil && !isAway(err) && ctx.Err() == nil {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.after(deferredInterval):
		}
	}
}

func (s *Service) claimDeferred(ctx context.Context, reason domain.Reason) ([]domain.Deferred, error) {
	now := s.Now()
	return s.store.ClaimDeferred(ctx, reason, now, now.Add(deferredLease), deferredAtOnce)
}

// judgeDue judges the sales that are due again, and stops at the first one that finds the coupon service still away.
func (s *Service) judgeDue(ctx context.Context) error {
	for {
		due, err := s.claimDeferred(ctx, domain.CouponServiceAway)
		if err != nil || len(due) == 0 {
			return err
		}
		for i, d := range due {
			err := s.judgeAgain(ctx, d)
			if err == nil {
				continue
			}
			for _, later := range due[i+1:] { // do not wait for the lease to end
				later.DueTime = s.Now()
				err = errors.Join(err, s.store.PutOff(ctx, later))
			}
			return err
		}
	}
}

// judgeAgain judges a sale that waited for the coupon service, as of its own time. If that fails, the sale is
// put off or, once expired, left held.
func (s *Service) judgeAgain(ctx context.Context, d domain.Deferred) error {
	stored, err := s.store.Conversion(ctx, d.Conversion)
	switch {
	case err == nil && !stored.Unjudged():
		return s.store.Settle(ctx, d.ID) // a person settled it first
	case err != nil && !errors.Is(err, domain.ErrNotFound):
		return err
	}
	_, err = s.since(s.Now()).replay(ctx, d.Postback, ReplayOrder{Actor: domain.Automatic, reason: "the coupon service answered"})
	switch {
	case err == nil:
		return s.store.Settle(ctx, d.ID)
	case d.Expired(s.Now()):
		return s.finish(ctx, d, unchangedReplay(stored, string(domain.CouponServiceAway), "The coupon service was away for too long. Replay the postback once it answers."))
	default:
		return errors.Join(err, s.store.PutOff(ctx, d.PutOff(s.Now())))
	}
}

// finish notes in the journal what happened to a waiting report, and then ends its wait. In this order a crash
// in between loses nothing.
func (s *Service) finish(ctx context.Context, d domain.Deferred, result domain.Replay) error {
	result.Time = s.Now()
	if err := s.store.SetReplay(ctx, d.Postback.ID, result); err != nil && !errors.Is(err, domain.ErrNotFound) { // it may have expired
		return err
	}
	return s.store.Settle(ctx, d.ID)
}

// deferSale returns the report to keep for a sale that cannot be judged now.
func (s *Service) deferSale(p settled, c domain.Conversion) *domain.Deferred {
	entry := domain.Postback{
		Parameters: p.report.Parameters().Encode(), IdempotencyKey: p.report.IdempotencyKey, Authenticated: p.authenticated, Time: p.now,
	}
	if p.entry != nil {
		entry = *p.entry
	}
	d := domain.DeferSale(c, entry)
	return &d
}

package flow

import (
	"context"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

const (
	// CouponServiceUnavailable is the reason of a Catalog's error if the coupon service cannot be reached.
	CouponServiceUnavailable = "COUPON_SERVICE_UNAVAILABLE"

	// deferredInterval is how often there is looked for reports that are due.
	deferredInterval = time.Second
	// deferredLease is for how long they are left to who claimed them, and deferredAtOnce how many.
	deferredLease  = time.Minute
	deferredAtOnce = 50
)

// isAway says whether the coupon service could not be reached.
func isAway(err error) bool {
	e := apperr.As(err)
	return e != nil && e.Reason == CouponServiceUnavailable
}

// KeepJudging judges reports that wait when they are due, until ctx ends: sales that came while the coupon
// service was away, and changes that came before their sales. While the coupon service is away it is asked
// less and less often. failed is told of other failures; the next attempt follows.
func (s *Service) KeepJudging(ctx context.Context, failed func(error)) {
	failures := 0
	var rest time.Time // until when the coupon service is left alone
	for {
		if err := s.lookForSales(ctx); err != nil && !isAway(err) && ctx.Err() == nil {
			failed(err)
		}
		if now := s.Now(); !now.Before(rest) {
			err := s.judgeDue(ctx)
			if err == nil {
				failures = 0
			} else {
				rest = now.Add(rules.AwayPause(failures))
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

func (s *Service) claimDeferred(ctx context.Context, reason rules.Reason) ([]rules.Deferred, error) {
	now := s.Now()
	return s.store.ClaimDeferred(ctx, reason, now, now.Add(deferredLease), deferredAtOnce)
}

// judgeDue judges sales again that are due, up to the first for which the coupon service is still away.
func (s *Service) judgeDue(ctx context.Context) error {
	for {
		due, err := s.claimDeferred(ctx, rules.CouponServiceAway)
		if err != nil || len(due) == 0 {
			return err
		}
		for i, d := range due {
			err := s.judgeAgain(ctx, d)
			if err == nil {
				continue
			}
			for _, later := range due[i+1:] { // they need not wait for the lease's end
				later.DueTime = s.Now()
				err = errors.Join(err, s.store.PutOff(ctx, later))
			}
			return err
		}
	}
}

// judgeAgain judges a sale that waited for the coupon service, at its own time. If it cannot, it is put off
// or, in the end, left as it is.
func (s *Service) judgeAgain(ctx context.Context, d rules.Deferred) error {
	stored, err := s.store.Conversion(ctx, d.Conversion)
	switch {
	case err == nil && !stored.Unjudged():
		return s.store.Settle(ctx, d.ID) // a person was faster
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	_, err = s.replay(AsOf(ctx, s.Now()), d.Postback, ReplayOrder{Actor: rules.Automatic, reason: "the coupon service answered"})
	switch {
	case err == nil:
		return s.store.Settle(ctx, d.ID)
	case d.Expired(s.Now()):
		return s.finish(ctx, d, unchangedReplay(stored, string(rules.CouponServiceAway), "The coupon service was away for too long. Replay the postback once it answers."))
	default:
		return errors.Join(err, s.store.PutOff(ctx, d.PutOff(s.Now())))
	}
}

// finish notes in the journal what happened to a report that waited, and ends its wait. In this order, so
// that nothing is lost if it is cut off in between.
func (s *Service) finish(ctx context.Context, d rules.Deferred, result rules.Replay) error {
	result.Time = s.Now()
	if err := s.store.SetReplay(ctx, d.Postback.ID, result); err != nil && !errors.Is(err, ErrNotFound) { // it may have expired
		return err
	}
	return s.store.Settle(ctx, d.ID)
}

// deferSale returns what is kept of a sale that cannot be judged now.
func (s *Service) deferSale(p settled, c rules.Conversion) *rules.Deferred {
	entry := rules.Postback{
		Parameters: p.report.Parameters().Encode(), IdempotencyKey: p.report.IdempotencyKey, Authenticated: p.authenticated, Time: p.now,
	}
	if p.entry != nil {
		entry = *p.entry
	}
	d := rules.DeferSale(c, entry)
	return &d
}

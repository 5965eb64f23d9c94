package attribution

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// maxEarly bounds the early changes that are made when their sale comes. Any others are made later, automatically.
const maxEarly = 100

// earlyChange is a change that came before its sale.
type earlyChange struct {
	domain.Deferred
	report domain.Report
	offer  domain.Offer
	// err says why it was not made; nil if it was, or changed nothing.
	err error
}

// keepEarly keeps a change of a sale that is unknown or not judged yet. The change is made once the sale has
// come and is judged. id is the sale's. The change is stored before it looks for the sale, and the sale
// before it looks for changes, so the second one always finds the first.
func (s *Service) keepEarly(ctx context.Context, p settled, id string) (Verdict, error) {
	entry := p.entry.Early("")
	d := domain.DeferChange(p.report, id, entry)
	verdict := Verdict{
		Outcome: Unattributed, Conversion: domain.Conversion{Offer: p.offer.ID, Reason: domain.EarlyChange}, Warnings: p.report.Warnings,
		Message: fmt.Sprintf("The sale of this transaction on offer %s is not known, or not judged, yet. The change is kept and made once it is, until %s.",
			p.offer.ID, d.ExpireTime.Format(time.DateOnly)),
	}
	if p.report.Test {
		return tested(verdict, Unattributed), nil
	}
	s.clock(p)
	p.entry.Warnings = p.secrets().HideAll(verdict.Warnings)
	d.Postback = p.entry.Early(verdict.Message)
	kept, err := s.store.Defer(ctx, d)
	if err != nil {
		return Verdict{}, err
	}
	if !kept {
		verdict.Outcome, verdict.Message = Duplicate, "This change is known already and waits for its sale."
		return verdict, s.journal(ctx, p, verdict)
	}
	stored, err := s.store.Conversion(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return verdict, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if stored.Unjudged() {
		return verdict, nil
	}
	return s.overtaken(ctx, verdict, stored, d.ID)
}

// overtaken returns the verdict on an early change whose sale came while the change was being stored.
func (s *Service) overtaken(ctx context.Context, verdict Verdict, stored domain.Conversion, id string) (Verdict, error) {
	changed, early, err := s.makeEarly(ctx, stored)
	if err != nil {
		return verdict, nil //nolint:nilerr // it is kept, and made later
	}
	for _, e := range early {
		if e.ID == id && e.err != nil {
			verdict.Message = "The change was kept, but could not be made when the sale came: " + e.err.Error()
			return verdict, nil
		}
	}
	made := verdictOf(changed, verdict.Warnings)
	made.Message = "The conversion is " + stateInWords(changed) + "."
	return made, nil
}

// withEarly makes the changes that came before a sale, and returns the sale's verdict with their results.
func (s *Service) withEarly(ctx context.Context, verdict Verdict) Verdict {
	changed, early, err := s.makeEarly(ctx, verdict.Conversion)
	if err != nil {
		verdict.Warnings = append(verdict.Warnings, "a change that came before this sale is kept, and will be made shortly")
		return verdict
	}
	for _, e := range early {
		if e.err != nil {
			verdict.Warnings = append(verdict.Warnings, "a change that came before this sale was not made: "+e.err.Error())
		}
	}
	if changed.Revision != verdict.Conversion.Revision {
		verdict.Message += " The changes that came before the sale were made: the conversion is " + stateInWords(changed) + "."
	}
	verdict.Conversion = changed
	return verdict
}

// makeEarly makes the changes that came before a sale, in the order they came, and returns the changed sale.
// Each is made once, even if makeEarly runs several times or concurrently. If the sale is not judged yet,
// they keep waiting.
func (s *Service) makeEarly(ctx context.Context, stored domain.Conversion) (domain.Conversion, []earlyChange, error) {
	if stored.Unjudged() {
		return stored, nil, nil
	}
	early, err := s.readEarly(ctx, stored.ID)
	if err != nil || len(early) == 0 {
		return stored, nil, err
	}
	now := s.Now()
	changed, _, err := s.Change(ctx, stored, nil, nil, func(c domain.Conversion) (domain.Conversion, error) {
		for i := range early {
			e := &early[i]
			if e.offer.ID == "" {
				continue // it could not be read
			}
			c, e.err = c.ApplyEarly(e.report, e.offer, domain.By{Actor: domain.Advertiser, Time: now, Postback: e.Postback.ID})
		}
		return c, nil
	})
	if err != nil {
		return stored, nil, err
	}
	for _, e := range early {
		if err := s.finish(ctx, e.Deferred, earlyResult(changed, e.err)); err != nil {
			return changed, early, err
		}
	}
	return changed, early, nil
}

// readEarly returns the changes that wait for a sale, as they were reported.
func (s *Service) readEarly(ctx context.Context, conversion string) ([]earlyChange, error) {
	waiting, err := s.store.EarlyChanges(ctx, conversion, maxEarly)
	if err != nil {
		return nil, err
	}
	early := make([]earlyChange, len(waiting))
	for i, d := range waiting {
		p, err := s.reread(ctx, d.Postback)
		switch e := apperr.As(err); {
		case err == nil:
			early[i] = earlyChange{Deferred: d, report: p.report, offer: p.offer}
		case e == nil || e.Kind == apperr.Unavailable:
			return nil, err
		default:
			early[i] = earlyChange{Deferred: d, err: err}
		}
	}
	return early, nil
}

// earlyResult returns what the journal says about an early change once its sale has come.
func earlyResult(c domain.Conversion, refusal error) domain.Replay {
	if e := apperr.As(refusal); e != nil {
		return domain.Replay{Outcome: domain.ReplayRefused, Reason: e.Reason, Message: e.Message, Conversion: c.ID, Publisher: c.Publisher}
	}
	return domain.Replay{
		Outcome: replayOutcome(c), Message: "The sale came, and the change was made. The conversion is " + stateInWords(c) + ".",
		Conversion: c.ID, Publisher: c.Publisher,
	}
}

// replayEarly replays a change that came before its sale. If the sale has come, it makes the waiting changes.
func (s *Service) replayEarly(ctx context.Context, p settled, order ReplayOrder) (domain.Replay, error) {
	id, _, err := s.conversionID(ctx, p.report, p.offer.ID)
	if err != nil {
		return domain.Replay{}, err
	}
	stored, err := s.store.Conversion(ctx, id)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return domain.Replay{Outcome: domain.ReplayUnchanged, Reason: string(domain.EarlyChange), Message: "The sale has not come yet."}, nil
	case err != nil:
		return domain.Replay{}, err
	case stored.Unjudged():
		return unchangedReplay(stored, string(domain.EarlyChange), "The sale is not judged yet."), nil
	case !order.DryRun:
		if stored, _, err = s.makeEarly(ctx, stored); err != nil {
			return domain.Replay{}, err
		}
	}
	if stored.ChangedBy(p.postback) {
		return unchangedReplay(stored, "", "The change was made when the sale came. The conversion is "+stateInWords(stored)+"."), nil
	}
	verdict, _, err := s.reportStatus(ctx, p)
	return replayed(verdict), err
}

// lookForSales makes the early changes whose sales have come but were cut off, and gives up those that have
// waited too long.
func (s *Service) lookForSales(ctx context.Context) error {
	due, err := s.claimDeferred(ctx, domain.EarlyChange)
	if err != nil {
		return err
	}
	for _, d := range due {
		stored, err := s.store.Conversion(ctx, d.Conversion)
		missing := errors.Is(err, domain.ErrNotFound) || err == nil && stored.Unjudged()
		switch {
		case err == nil && !missing:
			if stored, _, err = s.makeEarly(ctx, stored); err == nil && stored.Unplanned {
				s.wake()
			}
		case missing && d.Expired(s.Now()):
			err = s.finish(ctx, d, domain.Replay{
				Outcome: domain.ReplayRefused, Reason: "SALE_DID_NOT_COME", Message: "The sale did not come in time; report it, and then the change again.",
			})
		case missing:
			err = s.store.PutOff(ctx, d.PutOff(s.Now()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unknownSale refuses a change of an unknown sale that cannot be kept.
func unknownSale(p settled) error {
	return apperr.Invalid("TRANSACTION_NOT_FOUND", "transaction_id", "is not known on offer %s: report the sale first, and then that it was %s", p.offer.ID, strings.ToLower(string(p.report.Status)))
}

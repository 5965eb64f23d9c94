package attribution

import (
	"context"
	"errors"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// reportStatus changes a known sale as a report says. handled is false if the report itself is a new sale,
// approved at once, that must be recorded. A mere change of a sale that is unknown or not judged yet is kept
// until then.
func (s *Service) reportStatus(ctx context.Context, p settled) (_ Verdict, handled bool, err error) {
	if !p.authenticated {
		return Verdict{}, true, missingToken() // an OPEN offer takes sales without proof, but not changes
	}
	id, keyed, err := s.conversionID(ctx, p.report, p.offer.ID)
	switch {
	case err != nil:
		return Verdict{}, true, err
	case !keyed:
		return Verdict{}, true, apperr.Invalid("TRANSACTION_REQUIRED", "transaction_id", "is missing: say which sale is %s", strings.ToLower(string(p.report.Status)))
	}
	stored, err := s.store.Conversion(ctx, id)
	early := errors.Is(err, domain.ErrNotFound) || err == nil && stored.Unjudged()
	switch {
	case early && !p.report.ChangesOnly():
		return Verdict{}, false, nil
	case early && p.entry == nil:
		return Verdict{}, true, unknownSale(p)
	case early:
		verdict, err := s.keepEarly(ctx, p, id)
		return verdict, true, err
	case err != nil:
		return Verdict{}, true, err
	case p.report.Test:
		verdict, err := s.testStatus(ctx, p, stored)
		return verdict, true, err
	}
	verdict, err := s.applyStatus(ctx, p, stored)
	return verdict, true, err
}

// testStatus returns the result that applyStatus would have.
func (s *Service) testStatus(ctx context.Context, p settled, stored domain.Conversion) (Verdict, error) {
	if stored.Contradicts(p.report, p.offer) {
		return Verdict{}, stored.Conflicting()
	}
	changed, err := stored.Apply(p.report, domain.By{Actor: domain.Advertiser, Time: p.now})
	if err != nil {
		return Verdict{}, err
	}
	if changed.Holds() != stored.Holds() {
		coupon, err := s.creditedCoupon(ctx, changed)
		if err != nil {
			return Verdict{}, err
		}
		err = s.tryUse(ctx, s.use(changed, coupon, ""))
		if errors.Is(err, domain.ErrLimitReached) {
			return Verdict{}, limitReached()
		}
		if err != nil {
			return Verdict{}, err
		}
	}
	verdict := verdictOf(changed, p.report.Warnings)
	if changed.Revision == stored.Revision {
		return tested(verdict, Duplicate), nil
	}
	return tested(verdict, verdict.Outcome), nil
}

func (s *Service) applyStatus(ctx context.Context, p settled, stored domain.Conversion) (Verdict, error) {
	by := domain.By{Actor: domain.Advertiser, Time: p.now, Postback: p.postback}
	if stored.Contradicts(p.report, p.offer) {
		if p.replay {
			return Verdict{}, stored.Conflicting() // it arrived once, however often it is replayed
		}
		content := stored.ContentSaid(p.report, p.offer)
		content.Postback, content.UpdateTime = by.Postback, p.now
		return Verdict{}, s.conflict(ctx, p.report, content, stored)
	}
	changed, unchanged, err := s.Change(ctx, stored, nil, nil, func(c domain.Conversion) (domain.Conversion, error) { return c.Apply(p.report, by) })
	if err != nil {
		return Verdict{}, err
	}
	verdict := verdictOf(changed, p.report.Warnings)
	verdict.Warnings = append(verdict.Warnings, domain.WarnOfFineAmount(p.report.AmountIn(stored.Amount.Currency))...)
	verdict.Message = "The conversion is " + stateInWords(changed) + "."
	if unchanged {
		verdict.Outcome = Duplicate
		verdict.Message = "The conversion is " + stateInWords(changed) + " already; nothing was changed."
		if p.report.Status == domain.ReportRefunded && p.report.RefundID == "" && p.report.HasAmount {
			verdict.Warnings = append(verdict.Warnings, "a refund of the same amount is taken for a repeat; send refund_id, another for each refund, to tell two apart")
		}
	}
	return verdict, s.journal(ctx, p, verdict)
}

// stateInWords describes a conversion's state.
func stateInWords(c domain.Conversion) string {
	words := strings.ToLower(string(c.Status))
	switch {
	case c.Returned():
		words += ", and refunded in full"
	case !c.Refunded.IsNone():
		words += ", with " + c.Refunded.String() + " of " + c.Amount.String() + " refunded"
	}
	return words
}

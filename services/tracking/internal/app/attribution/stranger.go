package attribution

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// isStranger reports whether a report came from outside without proof: its offer accepts reports from anybody.
func (p settled) isStranger() bool { return p.call != nil && !p.authenticated && !p.replay }

// tellStranger returns the answer to a stranger's sale. It is that of a first report, even if the sale is known
// or, as err says, contradicts what is stored. verdict is the verdict on the sale alone.
func (s *Service) tellStranger(ctx context.Context, p settled, verdict Verdict, err error) (Verdict, error) {
	if e := apperr.As(err); e != nil && e.Kind == apperr.Aborted {
		// The conflict is kept, and the journal has the refusal.
		if stored := s.journalRefusal(ctx, p, err); stored != err { //nolint:errorlint // it returns the same one
			return Verdict{}, stored
		}
		err = nil
	}
	if err != nil {
		return Verdict{}, err
	}
	return forStranger(verdict), nil
}

// forStranger returns a verdict without what a stranger may not know: publishers, and anything of what is
// stored. Conversion ids are derived from what was sent, or random.
func forStranger(v Verdict) Verdict {
	c := v.Conversion
	v.Conversion = domain.Conversion{
		ID: c.ID, Offer: c.Offer, CouponCode: c.CouponCode, Method: c.Method, Outcome: c.Outcome, Status: domain.StatusPending,
	}
	if domain.IsForStrangers(c.Reason) {
		v.Conversion.Reason = c.Reason
	}
	v.Message = "The report is kept. It came without proof, so a person looks at it before it counts."
	if v.Outcome == Test {
		v.Message = "Test: nothing was stored. A report without proof waits for a person to look at it."
	}
	return v
}

package attribution

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// Call is how a report came, as the journal keeps it.
type Call struct {
	// Method is GET or POST.
	Method string
	// Parameters are the received ones in query form, without those that are credentials by their names, and with
	// the preset that the path named.
	Parameters string
	// Body is the body, and ContentType its type, if its parameters could not be read.
	Body        string
	ContentType string
	IP          string
	// Received is when the call arrived.
	Received time.Time
	// Status returns the HTTP status that answers an error.
	Status func(error) int
	// Doubt is called before the coupon service is asked about a token or signature that memory does not
	// know. It bounds how often a caller may guess: it may wait, and its error refuses the report.
	Doubt func(context.Context) error
	// Stranger is called for a report without proof on an offer that takes it. Its error refuses the report.
	Stranger func(offer string) error
}

func (c *Call) admit(offer string) error {
	if c.Stranger == nil {
		return nil
	}
	return c.Stranger(offer)
}

func (c *Call) doubt(ctx context.Context) error {
	if c == nil || c.Doubt == nil {
		return nil
	}
	return c.Doubt(ctx)
}

// Refuse journals a report that could not be read, if it comes from its offer's advertiser. It returns the error
// that refuses it, for its fault or for its proof. r is the part that could be read.
func (s *Service) Refuse(ctx context.Context, r domain.Report, call *Call, fault error) error {
	p, err := s.settle(ctx, r, call)
	switch {
	case IsGuess(err) && (r.Token != "" || !namesNothing(r)):
		return err // so that a wrong token counts as one
	case err != nil:
		return fault
	}
	return s.journalRefusal(ctx, p, fault)
}

// journalRefusal journals a report that is refused with an error, and returns the error. A report that could not
// be judged or stored is not journaled: its sender will try again.
func (s *Service) journalRefusal(ctx context.Context, p settled, refusal error) error {
	e := apperr.As(refusal)
	if e == nil || e.Kind == apperr.Unavailable || p.report.Test || p.entry == nil {
		return refusal
	}
	s.clock(p)
	entry := *p.entry
	entry.Outcome, entry.Reason, entry.Message, entry.HTTPStatus = domain.PostbackRejected, e.Reason, p.secrets().Hide(e.Message), p.call.Status(refusal)
	entry.Conversion, entry.Warnings = strings.TrimPrefix(e.Metadata["conversion"], resource.Conversions), p.secrets().HideAll(p.report.Warnings)
	if entry.Conversion != "" {
		c, err := s.store.Conversion(ctx, entry.Conversion)
		switch {
		case err == nil && c.Erased():
			entry = entry.Erase()
		case err != nil && !errors.Is(err, domain.ErrNotFound):
			return err
		}
	}
	if err := s.store.InsertPostback(ctx, entry); err != nil {
		return err
	}
	return refusal
}

// journal stores the entry of a report that made no new conversion.
func (s *Service) journal(ctx context.Context, p settled, verdict Verdict) error {
	if p.entry == nil {
		return nil
	}
	s.clock(p)
	entry := p.entry.Of(verdict.Conversion)
	entry.Message, entry.Warnings = p.secrets().Hide(verdict.Message), p.secrets().HideAll(verdict.Warnings)
	if verdict.Outcome == Duplicate {
		entry.Outcome, entry.HTTPStatus = domain.PostbackDuplicate, 200
	}
	if verdict.Conversion.Erased() {
		entry = entry.Erase()
	}
	return s.store.InsertPostback(ctx, entry)
}

// secrets returns the values that the journal must not keep of a report.
func (p settled) secrets() partner.Secrets { return partner.SecretsOf(p.report, p.offer.Credentials) }

// clock notes in a report's entry how long judging it took.
func (s *Service) clock(p settled) {
	p.entry.Duration = max(s.now().Sub(p.call.Received), 0).Truncate(time.Microsecond)
}

// newEntry returns a report's entry in the journal, without its outcome; nil for a report by our own
// services.
func (s *Service) newEntry(p settled) (*domain.Postback, error) {
	if p.call == nil {
		return nil, nil
	}
	id, err := s.ids.Next(p.now)
	if err != nil {
		return nil, err
	}
	secrets := p.secrets()
	// Hidden first: a value that is cut would no longer be recognized.
	parameters, _ := partner.KeptParameters(secrets.Hide(p.call.Parameters))
	if p.isStranger() {
		parameters = partner.StrangersParameters(parameters)
	}
	return &domain.Postback{
		ID: id, Offer: p.offer.ID, Method: p.call.Method, Parameters: parameters, IP: p.call.IP,
		Body: partner.KeptBody(secrets.Hide(p.call.Body)), ContentType: p.call.ContentType,
		CouponCode: p.report.CodeText(), TransactionID: p.report.TransactionID, IdempotencyKey: p.report.IdempotencyKey,
		Authenticated: p.authenticated, Time: p.now,
	}, nil
}

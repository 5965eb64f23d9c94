package attribution

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Outcome is the result of a report.
type Outcome string

// The outcomes of a report that was not refused.
const (
	Attributed   Outcome = "ATTRIBUTED"
	Unattributed Outcome = "UNATTRIBUTED"
	Duplicate    Outcome = "DUPLICATE"
	Test         Outcome = "TEST"
)

// Verdict is the answer to a report.
type Verdict struct {
	Outcome Outcome
	// Conversion is the stored conversion, new or old; for a test, the one that would be stored.
	Conversion domain.Conversion
	Warnings   []string
	Message    string
	// would is the outcome of a test if it were not one.
	would Outcome
}

// Report attributes a sale and stores it, or changes a known sale as the report says, unless the report is a
// test or a repeat. A result without an error is durable. call is for the journal; nil if one of our own
// services reports.
//
// Errors: InvalidArgument on a parameter (OFFER_NOT_FOUND, OFFER_NOT_SETTLED, TRANSACTION_NOT_FOUND,
// REFUND_TOO_LARGE, AMOUNT_OVER_LIMIT and its like); NotFound (OFFER_NOT_FOUND) if one of our own services
// reports; Unauthenticated (MISSING_TOKEN, INVALID_TOKEN, MISSING_SIGNATURE, INVALID_SIGNATURE,
// STALE_SIGNATURE); Aborted (CONVERSION_CONFLICT) if the transaction is stored with other content (the new
// content is kept as a conflict); FailedPrecondition (CONVERSION_UNATTRIBUTED, LIMIT_REACHED, NO_AMOUNT) if the
// sale's state does not allow it; Unavailable if it could not be judged or stored, and nothing was stored.
func (s *Service) Report(ctx context.Context, r domain.Report, call *Call) (Verdict, error) {
	p, err := s.settle(ctx, r, call)
	if err != nil {
		return Verdict{}, err
	}
	verdict, err := s.judge(ctx, p)
	if err != nil {
		return Verdict{}, s.journalRefusal(ctx, p, err)
	}
	return verdict, nil
}

// judge records a sale, or changes a known one.
func (s *Service) judge(ctx context.Context, p settled) (Verdict, error) {
	if !p.report.IsSale() {
		verdict, handled, err := s.reportStatus(ctx, p)
		if handled || err != nil {
			return verdict, err
		}
	}
	if p.isStranger() {
		if err := p.offer.CheckUnproven(p.report); err != nil {
			return Verdict{}, err
		}
	}
	return s.reportSale(ctx, p)
}

// settled is a report whose offer is known and whose reporter is no stranger.
type settled struct {
	report domain.Report
	offer  domain.Offer
	click  *domain.Click
	// authenticated says that the reporter proved who it is.
	authenticated bool
	now           time.Time
	// postback is the id of the report's entry in the journal; "" for a report by our own services.
	postback string
	// call is how the report came, and entry its entry in the journal; nil for one by our own services.
	call  *Call
	entry *domain.Postback
	// replay says that the report was judged before, when it came.
	replay bool
}

// settle finds a report's offer and checks its proof.
func (s *Service) settle(ctx context.Context, r domain.Report, call *Call) (settled, error) {
	r.ClickID = clickID(r.ClickID)
	r = s.withoutWordOffer(ctx, r)
	p := settled{report: r, now: s.Now(), call: call}
	var err error
	if p.click, err = s.findClick(ctx, r.ClickID); err != nil {
		return p, err
	}
	if p.offer, err = s.settleOffer(ctx, r, p.click, call); err != nil {
		return p, s.unsettled(ctx, r, err)
	}
	p.authenticated, err = authenticate(r, p.offer, p.now)
	if IsGuess(err) {
		p, err = s.authenticateLatest(ctx, p)
	}
	if err != nil {
		return p, err
	}
	if p.offer.Auth != domain.AuthHMAC {
		if named := p.offer.Credentials.NamedBy(r.Token); named != "" {
			s.catalog.NoteTokenUse(named)
		}
	}
	if p.isStranger() {
		if err := p.call.admit(p.offer.ID); err != nil {
			return p, err
		}
	}
	p.report = s.withoutWords(ctx, p.report, p.offer.ID)
	if p.offer.Auth == domain.AuthHMAC && r.Proof.ID != "" {
		// It is signed and the same for each attempt, unlike the Idempotency-Key header.
		p.report.IdempotencyKey = r.Proof.ID
	}
	if p.entry, err = s.newEntry(p); p.entry != nil {
		p.postback = p.entry.ID
	}
	return p, err
}

// reportSale records a sale.
func (s *Service) reportSale(ctx context.Context, p settled) (Verdict, error) {
	claim, err := s.gather(ctx, p.report, p.offer, p.click)
	if claim.Away = isAway(err); err != nil && !claim.Away {
		return Verdict{}, err
	}
	if claim.Time.IsZero() {
		claim.Time = p.now
	}
	id, keyed, err := s.conversionID(ctx, p.report, p.offer.ID)
	if err != nil {
		return Verdict{}, err
	}
	if !keyed {
		random, err := uuid.NewRandom()
		if err != nil {
			return Verdict{}, fmt.Errorf("making a conversion id: %w", err)
		}
		id = bare(random.String())
		p.report.Warnings = append(p.report.Warnings, "without transaction_id, click_id or an Idempotency-Key header a repeat of this call counts as another sale")
	}
	decision := domain.Attribute(claim)
	conversion, warnings := domain.NewConversion(id, p.report, claim, decision, p.authenticated, p.now)
	conversion.Undeduplicated = !keyed
	sale, err := s.saleOf(ctx, conversion, decision.Coupon, p.report.Reservation)
	if err != nil {
		return Verdict{}, err
	}
	warnings = append(p.report.Warnings, warnings...)
	if sale.Note != "" && !p.isStranger() {
		warnings = append(warnings, sale.Note+" "+noReservation)
	}
	if p.report.Test && p.isStranger() {
		return forStranger(tested(verdictOf(sale.Conversion, warnings), Outcome(decision.Outcome))), nil
	}
	if p.report.Test {
		return s.test(ctx, p.report, sale, warnings)
	}
	return s.record(ctx, p, sale, warnings)
}

// otherDiscount warns of a repeat whose discount is not the stored one.
const otherDiscount = "discount: differs from the one that the sale was reported with; a repeat does not change it"

// noReservation says what happens to a sale whose reservation holds no use for it.
const noReservation = "The sale was judged as without it."

// conversionID returns the id of the conversion that a report makes or is about. A sale from when events were
// case-sensitive keeps its id of that time. keyed is false if nothing can identify repeats.
func (s *Service) conversionID(ctx context.Context, r domain.Report, offer string) (id string, keyed bool, err error) {
	id, keyed = domain.ConversionID(r, offer)
	former, ok := domain.FormerConversionID(r, offer)
	if !ok {
		return id, keyed, nil
	}
	_, err = s.store.Conversion(ctx, former)
	switch {
	case err == nil:
		return former, keyed, nil
	case errors.Is(err, domain.ErrNotFound):
		return id, keyed, nil
	default:
		return "", false, err
	}
}

// bare returns a UUID without its dashes, the form of a conversion's id.
func bare(id string) string { return strings.ReplaceAll(id, "-", "") }

// record stores a sale, or finds it stored already.
func (s *Service) record(ctx context.Context, p settled, sale domain.Sale, warnings []string) (Verdict, error) {
	if p.entry != nil {
		s.clock(p)
		p.entry.Warnings = p.secrets().HideAll(warnings)
		sale.Postback, sale.Conversion.Postback = p.entry, p.entry.ID
	}
	if sale.Conversion.Unjudged() {
		sale.Deferred = s.deferSale(p, sale.Conversion)
	}
	stored, inserted, err := s.store.InsertConversion(ctx, sale)
	if err != nil {
		return Verdict{}, err
	}
	var verdict Verdict
	switch {
	case inserted:
		verdict = s.recorded(ctx, verdictOf(stored, warnings))
	case stored.Repeats(p.report, sale.Conversion):
		if p.report.HasDiscount && sale.Conversion.Discount != stored.Discount {
			warnings = append(warnings, otherDiscount)
		}
		verdict = duplicate(stored, warnings)
		err = s.journal(ctx, p, verdict)
	default:
		err = s.conflict(ctx, p.report, sale.Conversion, stored)
	}
	if p.isStranger() {
		return s.tellStranger(ctx, p, verdictOf(sale.Conversion, warnings), err)
	}
	return verdict, err
}

// recorded returns the verdict on a sale that was just stored, after doing what must follow at once.
func (s *Service) recorded(ctx context.Context, verdict Verdict) Verdict {
	if verdict.Conversion.Awaited {
		verdict = s.withEarly(ctx, verdict)
	}
	if verdict.Conversion.Unplanned {
		s.wake()
	}
	return verdict
}

// verdictOf returns the verdict on a conversion that was stored or changed.
func verdictOf(c domain.Conversion, warnings []string) Verdict {
	return Verdict{Outcome: Outcome(c.Outcome), Conversion: c, Warnings: warnings, Message: c.Explanation}
}

// duplicate returns the verdict on a report that changed nothing.
func duplicate(stored domain.Conversion, warnings []string) Verdict {
	return Verdict{
		Outcome: Duplicate, Conversion: stored, Warnings: warnings,
		Message: "This sale is known already; nothing new was stored. " + stored.Explanation,
	}
}

// conflict keeps a report whose content differs from the stored one with the conversion, and returns the
// refusal. content is the conversion that the report would have made.
func (s *Service) conflict(ctx context.Context, r domain.Report, content, stored domain.Conversion) error {
	_, err := s.store.UpdateConversion(ctx, stored.ID, func(c domain.Conversion) (domain.Update, error) {
		return domain.Update{Conversion: c.WithConflict(r, content, content.Postback, content.UpdateTime)}, nil
	})
	if err != nil {
		return err
	}
	return stored.Conflicting()
}

// test returns the verdict of a test: what would have happened, with nothing stored.
func (s *Service) test(ctx context.Context, r domain.Report, sale domain.Sale, warnings []string) (Verdict, error) {
	stored, err := s.store.Conversion(ctx, sale.Conversion.ID)
	if errors.Is(err, domain.ErrNotFound) {
		made, err := s.tried(ctx, sale)
		return tested(verdictOf(made, warnings), Outcome(made.Outcome)), err
	}
	switch {
	case err == nil && !stored.Repeats(r, sale.Conversion):
		return Verdict{}, stored.Conflicting()
	case err == nil:
		return tested(verdictOf(sale.Conversion, warnings), Duplicate), nil
	default:
		return Verdict{}, err
	}
}

// tested turns a verdict into that of a test.
func tested(verdict Verdict, would Outcome) Verdict {
	verdict.Outcome, verdict.would = Test, would
	verdict.Message = fmt.Sprintf("Test: nothing was stored; without test=1 the outcome would be %s. %s", would, verdict.Message)
	return verdict
}

// clickID returns a click's id as we wrote it. Some systems send it back in upper case, in braces or without
// dashes; it is still one click and, if nothing else identifies a repeat, one sale.
func clickID(sent string) string {
	if id, err := uuid.Parse(sent); err == nil {
		return id.String()
	}
	return sent
}

// findClick returns the click with an id, as clickID has it; nil without one.
func (s *Service) findClick(ctx context.Context, id string) (*domain.Click, error) {
	if uuid.Validate(id) != nil {
		return nil, nil // no id, or not one of ours
	}
	click, err := s.store.Click(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &click, nil
}

// gather looks up everything that a report refers to.
func (s *Service) gather(ctx context.Context, r domain.Report, offer domain.Offer, click *domain.Click) (domain.Claim, error) {
	c := domain.Claim{Offer: offer, Time: r.Time, Code: r.Code, Publisher: r.Publisher, ClickID: r.ClickID, Click: click}
	if r.Code != "" {
		var err error
		if c.Coupons, c.CodeElsewhere, err = s.couponsWith(ctx, offer.ID, r.Code); err != nil {
			return c, err
		}
	}
	for _, code := range r.More {
		coupons, elsewhere, err := s.couponsWith(ctx, offer.ID, code)
		if err != nil {
			return c, err
		}
		c.More = append(c.More, domain.ClaimedCode{Code: code, Coupons: coupons, Elsewhere: elsewhere})
	}
	if click == nil || click.Offer != offer.ID {
		return c, nil
	}
	if click.Publisher != "" {
		standing, err := domain.StandingOrNone(s.catalog.Standing(ctx, offer.ID, click.Publisher))
		if err != nil {
			return c, err
		}
		c.ClickApproved, c.ClickPayout, c.ClickDeliver = standing.Approved, standing.Payout, standing.Deliver
	}
	if click.Coupon == "" {
		return c, nil
	}
	var err error
	c.ClickCoupon, err = s.CouponNamed(ctx, click.Coupon, offer.ID, click.CouponCode)
	return c, err
}

// couponsWith returns the coupons of an offer that have a code and, if none has it, whether other offers do.
func (s *Service) couponsWith(ctx context.Context, offer, code string) (coupons []domain.Coupon, elsewhere bool, err error) {
	coupons, err = s.catalog.Coupons(ctx, offer, code)
	if err != nil || len(coupons) > 0 {
		return coupons, false, err
	}
	others, err := s.catalog.Coupons(ctx, "", code)
	return nil, len(others) > 0, err
}

// CouponNamed returns the coupon with a resource name, code and offer; nil if it does not exist.
func (s *Service) CouponNamed(ctx context.Context, name, offer, code string) (*domain.Coupon, error) {
	coupons, err := s.catalog.Coupons(ctx, offer, code)
	if err != nil {
		return nil, err
	}
	for i := range coupons {
		if coupons[i].Name() == name {
			return &coupons[i], nil
		}
	}
	return nil, nil
}

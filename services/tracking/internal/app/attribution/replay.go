package attribution

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

// replayPage is how many postbacks a replay by filter takes at a time.
const replayPage = 100

// ReplayOrder asks for a replay.
type ReplayOrder struct {
	// DryRun asks for what would happen, with nothing changed.
	DryRun bool
	Actor  string
	// reason is the reason in words; "" if a person asked for the replay.
	reason string
}

// Replay judges a postback again, at its own time, with what is known today.
//
// Errors: NotFound (POSTBACK_NOT_FOUND); InvalidArgument on actor; Unavailable when nothing was stored.
func (s *Service) Replay(ctx context.Context, id string, order ReplayOrder) (domain.Replay, error) {
	if err := (domain.By{Actor: order.Actor}).Check(); err != nil {
		return domain.Replay{}, err
	}
	postback, err := s.Postback(ctx, id)
	if err != nil {
		return domain.Replay{}, err
	}
	return s.since(s.Now()).replay(ctx, postback, order)
}

func (s *Service) replay(ctx context.Context, postback domain.Postback, order ReplayOrder) (domain.Replay, error) {
	result, err := s.rejudge(ctx, postback, order)
	if e := apperr.As(err); e != nil && e.Kind != apperr.Unavailable {
		result = domain.Replay{Outcome: domain.ReplayRefused, Reason: e.Reason, Message: e.Message, Conversion: strings.TrimPrefix(e.Metadata["conversion"], resource.Conversions)}
	} else if err != nil {
		return domain.Replay{}, err
	}
	if order.DryRun {
		return result, nil
	}
	result.Time = s.Now()
	if err := s.store.SetReplay(ctx, postback.ID, result); err != nil && !errors.Is(err, domain.ErrNotFound) { // it may just have expired
		return domain.Replay{}, err
	}
	return result, nil
}

// rejudge does what a replay does. Its refusals are apperrs.
func (s *Service) rejudge(ctx context.Context, postback domain.Postback, order ReplayOrder) (domain.Replay, error) {
	if postback.Erased() {
		return domain.Replay{}, apperr.New(apperr.FailedPrecondition, "POSTBACK_ERASED", "the personal data of postbacks/%s was erased, so it cannot be judged again", postback.ID)
	}
	p, err := s.reread(ctx, postback)
	if err != nil {
		return domain.Replay{}, err
	}
	if !p.report.IsSale() {
		p.report.Test = order.DryRun
		result, handled, err := s.replayStatus(ctx, p, postback, order)
		if handled || err != nil {
			return result, err
		}
	}
	if postback.Outcome == domain.PostbackRejected && !p.authenticated {
		if err := p.offer.CheckUnproven(p.report); err != nil {
			return domain.Replay{}, err
		}
	}
	sale, err := s.saleAnew(ctx, p, postback)
	if err != nil {
		return domain.Replay{}, err
	}
	stored, err := s.store.Conversion(ctx, sale.Conversion.ID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return s.recordReplay(ctx, sale, order)
	case err != nil:
		return domain.Replay{}, err
	case stored.Postback != p.postback && !stored.Repeats(p.report, sale.Conversion):
		return domain.Replay{}, stored.Conflicting()
	case stored.Outcome == domain.Attributed:
		return unchangedReplay(stored, "", "Somebody is credited already."), nil
	case sale.Conversion.Outcome != domain.Attributed && !stored.Unjudged():
		return unchangedReplay(stored, string(sale.Conversion.Reason), "The sale is still held. "+sale.Conversion.Explanation), nil
	}
	return s.attributeReplay(ctx, sale, stored, order)
}

// replayStatus makes the change of a sale that a report asks for, if it was refused when it arrived. handled is
// false if the report made the sale, or would.
func (s *Service) replayStatus(ctx context.Context, p settled, postback domain.Postback, order ReplayOrder) (_ domain.Replay, handled bool, err error) {
	if postback.Reason == string(domain.EarlyChange) && postback.Outcome == domain.PostbackUnattributed {
		result, err := s.replayEarly(ctx, p, order)
		return result, true, err
	}
	if postback.Outcome == domain.PostbackRejected {
		verdict, handled, err := s.reportStatus(ctx, p)
		return replayed(verdict), handled, err
	}
	stored, err := s.store.Conversion(ctx, postback.Conversion)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return domain.Replay{}, true, err
	}
	if err == nil && stored.Postback == postback.ID {
		return domain.Replay{}, false, nil
	}
	return domain.Replay{Outcome: domain.ReplayUnchanged, Conversion: postback.Conversion, Message: "The change was made when the postback came."}, true, nil
}

// reread returns a postback's original report, with its offer's present settings.
func (s *Service) reread(ctx context.Context, postback domain.Postback) (settled, error) {
	p := settled{now: s.Now(), authenticated: postback.Authenticated, postback: postback.ID, replay: true}
	params, err := parametersOf(postback)
	if err != nil {
		return p, err
	}
	if p.report, err = s.presets.Read(params, postback.Time); err != nil {
		return p, err
	}
	p.report.Token, p.report.Proof = "", domain.Proof{} // it was proven when it arrived
	p.report.ClickID = clickID(p.report.ClickID)
	p.report.Offer, p.report.IdempotencyKey = postback.Offer, postback.IdempotencyKey
	if p.report.Time.IsZero() {
		p.report.Time = postback.Time
	}
	if p.offer, err = s.settleOffer(ctx, p.report, nil, nil); err != nil {
		return p, err
	}
	p.report = s.withoutWords(ctx, p.report, p.offer.ID)
	p.click, err = s.findClick(ctx, p.report.ClickID)
	return p, err
}

// parametersOf returns the parameters of a postback.
func parametersOf(postback domain.Postback) (url.Values, error) {
	if partner.BodyLost(postback.Reason) {
		return nil, apperr.New(apperr.InvalidArgument, postback.Reason, "%s", postback.Message)
	}
	if partner.IsCutBody(postback.Body) {
		return nil, apperr.New(apperr.InvalidArgument, partner.BodyTooLarge, "the journal has only the beginning of this postback's body")
	}
	params := partner.ParseQuery(postback.Parameters)
	body, err := partner.ReadBody(postback.ContentType, []byte(postback.Body))
	for name, values := range body {
		params[name] = append(params[name], values...)
	}
	return params, err
}

// saleAnew returns the sale that a postback would make today.
func (s *Service) saleAnew(ctx context.Context, p settled, postback domain.Postback) (domain.Sale, error) {
	claim, err := s.gather(ctx, p.report, p.offer, p.click)
	if err != nil {
		return domain.Sale{}, err
	}
	id, keyed, err := s.conversionID(ctx, p.report, p.offer.ID)
	switch {
	case err != nil:
		return domain.Sale{}, err
	case keyed:
	case postback.Conversion != "":
		id = postback.Conversion
	default:
		id = bare(postback.ID) // the same in each replay
	}
	decision := domain.Attribute(claim)
	conversion, _ := domain.NewConversion(id, p.report, claim, decision, p.authenticated, p.now)
	conversion.Undeduplicated, conversion.Postback = !keyed, postback.ID
	return s.saleOf(ctx, conversion, decision.Coupon, p.report.Reservation)
}

// recordReplay records a sale whose postback had been refused.
func (s *Service) recordReplay(ctx context.Context, sale domain.Sale, order ReplayOrder) (domain.Replay, error) {
	var stored domain.Conversion
	var err error
	if order.DryRun {
		stored, err = s.tried(ctx, sale)
	} else {
		stored, _, err = s.store.InsertConversion(ctx, sale)
	}
	if err != nil {
		return domain.Replay{}, err
	}
	verdict := verdictOf(stored, nil)
	if !order.DryRun {
		verdict = s.recorded(ctx, verdict)
	}
	return domain.Replay{
		Outcome: replayOutcome(stored), Reason: string(stored.Reason), Message: verdict.Message,
		Conversion: stored.ID, Publisher: stored.Publisher,
	}, nil
}

func replayOutcome(c domain.Conversion) domain.ReplayOutcome {
	if c.Outcome == domain.Attributed {
		return domain.ReplayAttributed
	}
	return domain.ReplayRecorded
}

// attributeReplay credits a held sale. If a sale that was not judged yet still earns nothing, it says why.
func (s *Service) attributeReplay(ctx context.Context, sale domain.Sale, stored domain.Conversion, order ReplayOrder) (domain.Replay, error) {
	by := domain.By{Actor: cmp.Or(order.Actor, domain.DefaultActor), Time: s.Now(), Reason: cmp.Or(order.reason, "replay"), Postback: sale.Conversion.Postback}
	if sale.Use != nil {
		// The sale keeps its time; the postback's may be later if its content was accepted.
		use := *sale.Use
		use.From, use.To = s.day(stored.ConversionTime)
		sale.Use = &use
	}
	credited, err := stored.Replay(sale.Conversion, by)
	switch {
	case err == nil && order.DryRun:
		err = s.tryUse(ctx, sale.Use)
	case err == nil:
		credited, err = s.store.UpdateConversion(ctx, stored.ID, func(c domain.Conversion) (domain.Update, error) {
			after, err := c.Replay(sale.Conversion, by)
			update := domain.Update{Conversion: after}
			if after.Holds() != c.Holds() {
				update.Use = sale.Use
			}
			return update, err
		})
	}
	switch {
	case errors.Is(err, domain.ErrLimitReached) && stored.Unjudged():
		return s.attributeReplay(ctx, domain.Sale{Conversion: sale.OverLimit()}, stored, order)
	case errors.Is(err, domain.ErrLimitReached):
		return unchangedReplay(stored, string(domain.LimitReached), "The sale is still held: its coupon has earned as many sales as its limits allow."), nil
	case err != nil:
		return domain.Replay{}, err
	}
	if stored.Unjudged() && !order.DryRun {
		if credited, _, err = s.makeEarly(ctx, credited); err != nil {
			return domain.Replay{}, err
		}
	}
	if credited.Outcome != domain.Attributed {
		return unchangedReplay(credited, string(credited.Reason), "The sale is still held. "+credited.Explanation), nil
	}
	if credited.Unplanned && !order.DryRun {
		s.wake()
	}
	return domain.Replay{
		Outcome: domain.ReplayAttributed, Message: credited.Explanation, Conversion: credited.ID, Publisher: credited.Publisher,
	}, nil
}

func unchangedReplay(c domain.Conversion, reason, message string) domain.Replay {
	return domain.Replay{Outcome: domain.ReplayUnchanged, Reason: reason, Message: message, Conversion: c.ID, Publisher: c.Publisher}
}

// replayed returns the result of a replay that changed a known sale, or would.
func replayed(v Verdict) domain.Replay {
	if v.Outcome == Duplicate || v.would == Duplicate {
		return unchangedReplay(v.Conversion, "", v.Message)
	}
	return domain.Replay{Outcome: replayOutcome(v.Conversion), Message: v.Message, Conversion: v.Conversion.ID, Publisher: v.Conversion.Publisher}
}

// Replayed is a postback with the result of its replay.
type Replayed struct {
	Postback string
	Result   domain.Replay
}

// ReplayAll replays the postbacks that match a filter and arrived before the call, oldest first. It calls tell
// with each page's results.
//
// Errors: InvalidArgument on filter or actor; what tell returns; Unavailable.
func (s *Service) ReplayAll(ctx context.Context, filter string, order ReplayOrder, tell func([]Replayed) error) error {
	if strings.TrimSpace(filter) == "" {
		return apperr.Invalid("FILTER_REQUIRED", "filter", `is missing: say which postbacks, such as reason = "UNKNOWN_CODE"`)
	}
	if err := (domain.By{Actor: order.Actor}).Check(); err != nil {
		return err
	}
	req := listing.Request{Filter: filter, OrderBy: "create_time", PageSize: replayPage}
	began := s.Now()
	latest := s.since(began)
	before := listing.Compare{Field: "create_time", Op: listing.Less, Value: began}
	for {
		q, err := s.postbacks.Query(req, rows.Of(ctx).Nothing(), before, s.Now())
		if err != nil {
			return err
		}
		found, err := s.store.Postbacks(ctx, q)
		if err != nil {
			return err
		}
		page, next := listing.Page(q, found, storedPostback)
		results := make([]Replayed, len(page))
		for i, postback := range page {
			result, err := latest.replay(ctx, postback, order)
			if err != nil {
				return err
			}
			results[i] = Replayed{Postback: postback.ID, Result: result}
		}
		if err := tell(results); err != nil || next == "" {
			return err
		}
		req.PageToken = next
	}
}

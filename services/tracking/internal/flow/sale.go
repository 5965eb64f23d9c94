package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// Outcome says what became of a report.
type Outcome string

// The outcomes of a report that was not refused.
const (
	Attributed   Outcome = "ATTRIBUTED"
	Unattributed Outcome = "UNATTRIBUTED"
	Duplicate    Outcome = "DUPLICATE"
	Test         Outcome = "TEST"
)

// invalidTokenReason is the reason of a report whose token is not the offer's.
const invalidTokenReason = "INVALID_TOKEN"

// IsGuess says whether a report was refused for a proof that is not the offer's: perhaps somebody
// guesses.
func IsGuess(err error) bool {
	e := apperr.As(err)
	return e != nil && (e.Reason == invalidTokenReason || e.Reason == rules.InvalidSignature)
}

// Verdict is the answer to a report.
type Verdict struct {
	Outcome Outcome
	// Conversion is what is stored, from now or from before; for a test, what would be.
	Conversion rules.Conversion
	Warnings   []string
	Message    string
}

// Report attributes a sale and stores it, unless it is a test or known already. What it returns
// without an error is durable.
//
// Errors: InvalidArgument on a parameter (OFFER_NOT_FOUND, OFFER_NOT_SETTLED); NotFound
// (OFFER_NOT_FOUND) where one of our own services reports; Unauthenticated (MISSING_TOKEN,
// INVALID_TOKEN, MISSING_SIGNATURE, INVALID_SIGNATURE, STALE_SIGNATURE); Aborted (CONVERSION_CONFLICT) when the same transaction is stored with another
// content; Unavailable when it could not be judged or stored, and nothing was.
func (s *Service) Report(ctx context.Context, r rules.Report) (Verdict, error) {
	now := s.Now()
	click, err := s.findClick(ctx, r.ClickID)
	if err != nil {
		return Verdict{}, err
	}
	offer, err := s.settleOffer(ctx, r, click)
	if err != nil {
		return Verdict{}, err
	}
	authenticated, err := authenticate(r, offer, now)
	if err != nil {
		return Verdict{}, err
	}
	if offer.Auth == rules.AuthHMAC && r.Proof.ID != "" {
		// It is signed, and the same for each try, unlike the Idempotency-Key header beside it.
		r.IdempotencyKey = r.Proof.ID
	}
	claim, err := s.gather(ctx, r, offer, click)
	if err != nil {
		return Verdict{}, err
	}
	if claim.Time.IsZero() {
		claim.Time = now
	}
	id, keyed := rules.ConversionID(r, offer.ID)
	if !keyed {
		random, err := uuid.NewRandom()
		if err != nil {
			return Verdict{}, fmt.Errorf("making a conversion id: %w", err)
		}
		id = strings.ReplaceAll(random.String(), "-", "")
		r.Warnings = append(r.Warnings, "without transaction_id, click_id or an Idempotency-Key header a repeat of this call counts as another sale")
	}
	conversion, warnings := rules.NewConversion(id, r, claim, rules.Attribute(claim), authenticated, now)
	r.Warnings = append(r.Warnings, warnings...)
	conversion.Undeduplicated = !keyed
	verdict := Verdict{Outcome: Outcome(conversion.Outcome), Conversion: conversion, Warnings: r.Warnings, Message: conversion.Explanation}
	if r.Test {
		return s.test(ctx, verdict)
	}
	return s.record(ctx, verdict)
}

// record stores the conversion of a verdict, or finds it stored already.
func (s *Service) record(ctx context.Context, verdict Verdict) (Verdict, error) {
	stored, inserted, err := s.store.InsertConversion(ctx, verdict.Conversion)
	if err != nil {
		return Verdict{}, err
	}
	if inserted {
		return verdict, nil
	}
	if err := checkRepeat(verdict.Conversion, stored); err != nil {
		return Verdict{}, err
	}
	verdict.Outcome, verdict.Conversion = Duplicate, stored
	verdict.Message = "This sale is known already; nothing new was stored. " + stored.Explanation
	return verdict, nil
}

// test turns a verdict into that of a test: what would have happened, with nothing stored.
func (s *Service) test(ctx context.Context, verdict Verdict) (Verdict, error) {
	would := verdict.Outcome
	stored, err := s.store.Conversion(ctx, verdict.Conversion.ID)
	switch {
	case err == nil:
		if err := checkRepeat(verdict.Conversion, stored); err != nil {
			return Verdict{}, err
		}
		would = Duplicate
	case !errors.Is(err, ErrNotFound):
		return Verdict{}, err
	}
	verdict.Outcome = Test
	verdict.Message = fmt.Sprintf("Test: nothing was stored; without test=1 the outcome would be %s. %s", would, verdict.Message)
	return verdict, nil
}

// checkRepeat refuses a repeat whose content is not what is stored.
func checkRepeat(repeat, stored rules.Conversion) error {
	if repeat.ContentHash == stored.ContentHash {
		return nil
	}
	return apperr.New(apperr.Aborted, "CONVERSION_CONFLICT",
		"this transaction is stored already as conversions/%s with another code, click, publisher or amount; nothing was changed", stored.ID).
		With("conversion", "conversions/"+stored.ID)
}

// findClick returns the click with an id, nil without one.
func (s *Service) findClick(ctx context.Context, id string) (*rules.Click, error) {
	if uuid.Validate(id) != nil {
		return nil, nil // no id, or none of ours
	}
	click, err := s.store.Click(ctx, strings.ToLower(id))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &click, nil
}

// settleOffer finds the offer of a report: the one it names, else the token's, else the click's,
// else the only one that has the code.
func (s *Service) settleOffer(ctx context.Context, r rules.Report, click *rules.Click) (rules.Offer, error) {
	id := r.Offer
	switch {
	case id != "":
	case r.Token != "":
		offer, err := s.catalog.OfferByToken(ctx, r.Token)
		if errors.Is(err, ErrNotFound) {
			return rules.Offer{}, invalidToken()
		}
		return offer, err
	case click != nil:
		id = click.Offer
	case r.Code != "":
		only, err := s.onlyOfferWith(ctx, r.Code)
		if err != nil {
			return rules.Offer{}, err
		}
		id = only
	}
	if id == "" {
		return rules.Offer{}, notSettled(r)
	}
	offer, err := s.catalog.Offer(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return rules.Offer{}, noOffer(r, id)
	}
	return offer, err
}

// noOffer is a platform service's NotFound and an advertiser's wrong parameter.
func noOffer(r rules.Report, id string) error {
	if r.Trusted {
		return apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer %q", id)
	}
	return apperr.Invalid("OFFER_NOT_FOUND", "offer_id", "there is no offer %q", id)
}

// onlyOfferWith returns the id of the one offer that has a code; empty where there is none, or more.
func (s *Service) onlyOfferWith(ctx context.Context, code string) (string, error) {
	coupons, err := s.catalog.Coupons(ctx, "", code)
	if err != nil {
		return "", err
	}
	only := ""
	for _, c := range coupons {
		if only != "" && only != c.Offer {
			return "", nil
		}
		only = c.Offer
	}
	return only, nil
}

func notSettled(r rules.Report) error {
	if r.Trusted {
		return apperr.Invalid("OFFER_NOT_SETTLED", "offer", "neither the click nor the code says which offer this sale is of; name the offer")
	}
	return apperr.Invalid("OFFER_NOT_SETTLED", "offer_id", "neither a token, a known click nor the code says which offer this sale is of; send offer_id or token")
}

// authenticate says whether the reporter proved that it speaks for the offer's advertiser, and
// refuses it where the offer wants proof or the proof is wrong. Where the offer wants a signature a
// token proves nothing.
func authenticate(r rules.Report, offer rules.Offer, now time.Time) (bool, error) {
	switch {
	case r.Trusted:
		return true, nil
	case offer.Auth == rules.AuthHMAC:
		err := r.Proof.Check(offer, now)
		return err == nil, err
	case r.Token != "":
		if !offer.Credentials.Takes(r.Token, now) {
			return false, invalidToken()
		}
		return true, nil
	case offer.Auth == rules.AuthOpen:
		return false, nil
	}
	return false, apperr.New(apperr.Unauthenticated, "MISSING_TOKEN", "token: offer %s takes postbacks only with its postback token; send it as token", offer.ID)
}

func invalidToken() error {
	return apperr.New(apperr.Unauthenticated, invalidTokenReason, "token: this is not the offer's postback token, or no longer; the offer's settings show it")
}

// gather puts together what is known of what a report refers to.
func (s *Service) gather(ctx context.Context, r rules.Report, offer rules.Offer, click *rules.Click) (rules.Claim, error) {
	c := rules.Claim{Offer: offer, Time: r.Time, Code: r.Code, Publisher: r.Publisher, ClickID: r.ClickID, Click: click}
	if r.Code != "" {
		coupons, err := s.catalog.Coupons(ctx, offer.ID, r.Code)
		if err != nil {
			return c, err
		}
		c.Coupons = coupons
		if len(coupons) == 0 {
			elsewhere, err := s.catalog.Coupons(ctx, "", r.Code)
			if err != nil {
				return c, err
			}
			c.CodeElsewhere = len(elsewhere) > 0
		}
	}
	if click == nil || click.Offer != offer.ID {
		return c, nil
	}
	if click.Publisher != "" {
		standing, err := s.standing(ctx, offer.ID, click.Publisher)
		if err != nil {
			return c, err
		}
		c.ClickApproved, c.ClickPayout = standing.Approved, standing.Payout
	}
	if click.Coupon == "" {
		return c, nil
	}
	coupons, err := s.catalog.Coupons(ctx, offer.ID, click.CouponCode)
	if err != nil {
		return c, err
	}
	for i := range coupons {
		if coupons[i].Name() == click.Coupon {
			c.ClickCoupon = &coupons[i]
		}
	}
	return c, nil
}

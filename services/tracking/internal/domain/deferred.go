package domain

import (
	"fmt"
	"math"
	"time"
)

const (
	// earlyWait is how long a change that came before its sale waits for the sale, and awayWait how long a
	// sale waits for the coupon service.
	earlyWait = 30 * 24 * time.Hour
	awayWait  = 7 * 24 * time.Hour

	// A sale applies its early changes when it comes. These pauses are for the checks that find a change
	// whose sale was cut off: soon at first, then less often the longer the change has waited, at least
	// daily.
	earlyFirstLook = 10 * time.Second
	earlyLookPart  = 4
	earlyLastLook  = 24 * time.Hour

	// The pauses between attempts to judge a sale whose coupons could not be looked up.
	awayFirstPause = time.Second
	awayLastPause  = 10 * time.Second
)

// Deferred is a report that waits to be judged, or judged again, automatically.
type Deferred struct {
	// ID is 32 hexadecimal digits. A repeat of the report has the same id.
	ID string
	// Reason is EarlyChange or CouponServiceAway.
	Reason Reason
	// Conversion is the id of the report's sale, which does not exist yet for an EarlyChange.
	Conversion string
	// Postback is the report's entry in the journal, which is replayed to judge it. It is kept here too,
	// since the journal's retention may be shorter than the wait. It has no ID if one of our own services
	// reported.
	Postback Postback
	// Tries counts the attempts that failed.
	Tries int
	// DueTime is the time of the next attempt, or the end of the present attempt's lease.
	DueTime time.Time
	// ExpireTime is when the report is given up.
	ExpireTime time.Time
}

// DeferChange returns the report to keep for a change that came before its sale. conversion is the id that
// the sale will have.
func DeferChange(r Report, conversion string, entry Postback) Deferred {
	amount := "" // a currency without an amount says nothing
	if r.HasAmount {
		amount = fmt.Sprint(r.Amount.Units, r.Amount.Nanos, r.Amount.Currency)
	}
	return Deferred{
		ID: hash("early", conversion, string(r.Status), r.RefundID, amount), Reason: EarlyChange, Conversion: conversion, Postback: entry,
		DueTime: entry.Time.Add(earlyFirstLook), ExpireTime: entry.Time.Add(earlyWait),
	}
}

// DeferSale returns the report to keep, beside its conversion, for a sale that could not be judged.
func DeferSale(c Conversion, entry Postback) Deferred {
	entry = entry.Of(c)
	return Deferred{
		ID: hash("away", c.ID), Reason: CouponServiceAway, Conversion: c.ID, Postback: entry,
		DueTime: entry.Time.Add(awayFirstPause), ExpireTime: entry.Time.Add(awayWait),
	}
}

// PutOff returns the report after an attempt that failed at now.
func (d Deferred) PutOff(now time.Time) Deferred {
	pause := AwayPause(d.Tries)
	if d.Reason == EarlyChange {
		pause = max(earlyFirstLook, min(now.Sub(d.Postback.Time)/earlyLookPart, earlyLastLook))
	}
	d.Tries++
	d.DueTime = now.Add(pause).Truncate(time.Millisecond)
	return d
}

// AwayPause returns how long to wait before asking the coupon service again after a number of failures in a row.
func AwayPause(failures int) time.Duration {
	return time.Duration(min(float64(awayFirstPause)*math.Pow(2, float64(failures)), float64(awayLastPause)))
}

// Expired reports whether the report is given up.
func (d Deferred) Expired(now time.Time) bool { return !now.Before(d.ExpireTime) }

// Early returns the entry of a change that came before its sale.
func (p Postback) Early(message string) Postback {
	p.Outcome, p.HTTPStatus, p.Reason, p.Message = PostbackUnattributed, 202, string(EarlyChange), message
	return p
}

// ChangesOnly reports whether a report says only what happened to a sale, and nothing of the sale itself. If
// the sale is unknown, such a report is early. One that says approved or pending and names a code, a click or
// an amount reports a sale that starts in that status.
func (r Report) ChangesOnly() bool {
	switch r.Status {
	case NewSale:
		return false
	case ReportApproved, ReportPending:
		return r.Code == "" && r.ClickID == "" && !r.HasAmount
	default:
		return true
	}
}

// IsSale reports whether a report is of a sale, new or known, rather than of a change of one. An approval is
// both.
func (r Report) IsSale() bool {
	return r.Status == NewSale || r.Status == ReportPending && !r.ChangesOnly()
}

// ChangedBy reports whether the conversion's history or its conflicts have a postback's change.
func (c Conversion) ChangedBy(postback string) bool {
	for _, change := range c.Changes {
		if change.By.Postback == postback && postback != "" && change.Kind != ChangeReplay {
			return true
		}
	}
	for _, conflict := range c.Conflicts {
		if conflict.Postback == postback && postback != "" {
			return true
		}
	}
	return false
}

// ApplyEarly returns the conversion with an early change applied. If it returns an error, the change is
// refused, and the conversion may have it noted as a conflict. A change that the history has already changes
// nothing.
//
// Errors: those of Apply, and Aborted (CONVERSION_CONFLICT).
func (c Conversion) ApplyEarly(r Report, offer Offer, by By) (Conversion, error) {
	if c.ChangedBy(by.Postback) {
		return c, nil
	}
	if c.Contradicts(r, offer) {
		return c.WithConflict(r, c.ContentSaid(r, offer), by.Postback, by.Time), c.Conflicting()
	}
	return c.Apply(r, by)
}

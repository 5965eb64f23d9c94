package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// maxConflicts bounds the conflicts stored with one conversion. Later ones are only in the journal.
const maxConflicts = 100

// Resolution says how a conflict was settled.
type Resolution string

// The resolutions. Unresolved is the zero value: nobody has settled the conflict yet.
const (
	Unresolved Resolution = ""
	Accepted   Resolution = "ACCEPTED"
	Dismissed  Resolution = "DISMISSED"
)

// Conflict is a report of a sale that is already stored with different content.
type Conflict struct {
	// Number counts from 1.
	Number int
	// Time is when it was first received.
	Time time.Time
	// Count is how many times it was received.
	Count       int
	ContentHash string
	// Postback is the id of the first postback that brought it; "" if a platform service did.
	Postback   string
	Amount     money.Money
	Code       string
	Click      string
	Publisher  string
	Resolution Resolution
}

// Repeats reports whether a report whose conversion would have the same id also has the same content: as
// reported first, with the present amount, or as in an accepted conflict.
func (c Conversion) Repeats(r Report, other Conversion) bool {
	if other.ContentHash == c.ContentHash {
		return true
	}
	for _, conflict := range c.Conflicts {
		if conflict.Resolution == Accepted && conflict.ContentHash == other.ContentHash {
			return true
		}
	}
	if first := c.After(0).Amount; other.Amount == c.Amount && first != c.Amount {
		other.Amount = first
		return ContentHash(r, other) == c.ContentHash
	}
	return false
}

// Conflicting returns the error that refuses a report of the conversion with another content.
func (c Conversion) Conflicting() error {
	return apperr.New(apperr.Aborted, "CONVERSION_CONFLICT",
		"this transaction is stored already as conversions/%s with another code, click, publisher or amount; the sale was not changed, and this report is kept with it as a conflict to resolve", c.ID).
		With("conversion", resource.Conversion(c.ID))
}

// WithConflict returns the conversion with a conflict added for a report with different content. other is
// the conversion that the report would have made.
func (c Conversion) WithConflict(r Report, other Conversion, postback string, now time.Time) Conversion {
	changed := c
	changed.Conflicts = append([]Conflict(nil), c.Conflicts...)
	for i := range changed.Conflicts {
		if changed.Conflicts[i].ContentHash == other.ContentHash {
			changed.Conflicts[i].Count++
			changed.touch(now)
			return changed
		}
	}
	if len(c.Conflicts) >= maxConflicts {
		return c
	}
	if c.Erased() {
		r.Code, r.More = "", nil
		if r.ClickID != "" {
			r.ClickID = ErasedText
		}
	}
	changed.Conflicts = append(changed.Conflicts, Conflict{
		Number: len(c.Conflicts) + 1, Time: now, Count: 1, ContentHash: other.ContentHash, Postback: postback,
		Amount: other.Amount, Code: r.CodeText(), Click: r.ClickID, Publisher: r.Publisher,
	})
	changed.Conflicted = true
	changed.touch(now)
	return changed
}

// Resolve returns the conversion with a conflict settled. If it is accepted, the conversion takes the amount
// that was sent.
//
// Errors: NotFound (CONFLICT_NOT_FOUND); FailedPrecondition (CONFLICT_RESOLVED, NO_RATES);
// and InvalidArgument as for Adjust.
func (c Conversion) Resolve(number int, resolution Resolution, by By) (Conversion, error) {
	if number < 1 || number > len(c.Conflicts) {
		return c, apperr.New(apperr.NotFound, "CONFLICT_NOT_FOUND", "conversions/%s has no conflict %d", c.ID, number)
	}
	conflict := c.Conflicts[number-1]
	switch conflict.Resolution {
	case resolution:
		return c, nil
	case Unresolved:
	default:
		return c, apperr.New(apperr.FailedPrecondition, "CONFLICT_RESOLVED", "conflict %d of conversions/%s is resolved already: %s", number, c.ID, conflict.Resolution)
	}
	changed := c
	if resolution == Accepted {
		adjusted, err := c.adjust(conflict.Amount, ChangeResolve, by)
		if err != nil {
			return c, err
		}
		changed = adjusted
	}
	if changed.Revision == c.Revision { // the amount did not change
		recorded, err := c.recorded(changed, ChangeResolve, "", by)
		if err != nil {
			return c, err
		}
		changed = recorded
	}
	changed.Conflicts = append([]Conflict(nil), c.Conflicts...)
	changed.Conflicts[number-1].Resolution = resolution
	changed.Conflicted = false
	for _, other := range changed.Conflicts {
		changed.Conflicted = changed.Conflicted || other.Resolution == Unresolved
	}
	return changed, nil
}

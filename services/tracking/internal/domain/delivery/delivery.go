// Package delivery decides what publishers are told of their conversions: which deliveries, with what content, and when
// one that failed is tried again.
package delivery

import (
	"slices"
	"strconv"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// State says whether a delivery is done.
type State string

// The states of a delivery.
const (
	Due       State = "DUE"
	Delivered State = "DELIVERED"
	Dead      State = "DEAD"
)

// Delivery is one notification of a publisher about its conversion, with all its attempts.
type Delivery struct {
	// ID is `{conversion}-{change}-{publisher}`, so that the same delivery is never planned twice.
	ID         string
	Conversion string
	// Change is the number of the change that it reports; 0 is the creation.
	Change    int
	Publisher string
	Offer     string
	// Status is the conversion's status that it reports.
	Status domain.Status
	State  State
	// Payload is the JSON body of a POST; see the type Payload.
	Payload string
	// DueTime is the time of the next attempt, or the end of the present attempt's lease. Zero when it is
	// done.
	DueTime time.Time
	// FirstDueTime is when its attempts began: at creation, or at its last replay. The delivery is given up
	// a fixed time later.
	FirstDueTime time.Time
	// AttemptCount counts the attempts since FirstDueTime.
	AttemptCount int
	// Attempts are the last attempts, oldest first; left out in lists.
	Attempts   []Attempt
	CreateTime time.Time
	FinishTime time.Time
}

// Attempt is one call for a delivery.
type Attempt struct {
	Time time.Time
	// HTTPStatus is the answer's status; 0 if no answer came.
	HTTPStatus int
	Latency    time.Duration
	// Error describes what went wrong; "" if nothing did.
	Error string
}

// Planned returns the deliveries for a conversion's changes that are not planned yet. publisher looks up a
// publisher by its id, and returns false if it does not exist.
func Planned(c domain.Conversion, publisher func(id string) (domain.Publisher, bool), now time.Time) []Delivery {
	var planned []Delivery
	for _, h := range happenings(c) {
		if h.change < c.PlanFrom {
			continue
		}
		for _, state := range h.states {
			to, ok := publisher(state.Publisher)
			shown := shownTo(c, state)
			if !ok || !takes(to, h, state.Status, shown) {
				continue
			}
			planned = append(planned, Delivery{
				ID:         c.ID + "-" + strconv.Itoa(h.change) + "-" + to.ID,
				Conversion: c.ID, Change: h.change, Publisher: to.ID, Offer: c.Offer, Status: state.Status,
				State: Due, Payload: payload(shown, to.Payload, h, state), DueTime: now, FirstDueTime: now, CreateTime: now,
			})
		}
	}
	return planned
}

// shownTo returns the conversion as a state's publisher may see it: as it was credited then, and without the
// values that another publisher put on the click, since the sale may have been reassigned.
func shownTo(c domain.Conversion, state domain.State) domain.Conversion {
	if c.PubUniques[2] == c.CouponCode {
		c.PubUniques[2] = state.CouponCode
	}
	c.Method, c.CouponCode = state.Method, state.CouponCode
	if c.Basis == nil || c.Basis.Click == nil || c.Basis.Click.Publisher == state.Publisher {
		return c
	}
	c.PubClickID, c.PubSubID = "", ""
	code := c.PubUniques[2]
	c.PubUniques = domain.Uniques{}
	if code == c.CouponCode {
		c.PubUniques[2] = code
	}
	return c
}

// takes reports whether a publisher wants a delivery of what happened to a conversion.
func takes(p domain.Publisher, h happening, status domain.Status, c domain.Conversion) bool {
	return p.Active && p.PostbackURL != nil && slices.Contains(p.Statuses, status) &&
		(h.pays || p.Payload == domain.PayloadV2) && (!p.OnlyWithClick || c.PubClickID != "")
}

// Plan holds the deliveries for a conversion's changes up to a revision.
type Plan struct {
	// Conversion is the conversion's id, and Revision its revision when the plan was made.
	Conversion string
	Revision   int64
	Deliveries []Delivery
}

// Claim asks for deliveries that are due.
type Claim struct {
	Now time.Time
	// Until is when the claim's lease ends.
	Until time.Time
	// Holder is the claim's own name; no two claims have the same.
	Holder string
	// Skip are the ids of publishers to leave out for now.
	Skip []string
	// Limit bounds the deliveries claimed.
	Limit int
}

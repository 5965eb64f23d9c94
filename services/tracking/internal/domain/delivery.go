package domain

import (
	"slices"
	"strconv"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// DeliveryState says whether a delivery is done.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryDue       DeliveryState = "DUE"
	DeliveryDelivered DeliveryState = "DELIVERED"
	DeliveryDead      DeliveryState = "DEAD"
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
	Status Status
	State  DeliveryState
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

// Plan returns the deliveries for a conversion's changes that are not planned yet. publisher looks up a
// publisher by its id, and returns false if it does not exist.
func (c Conversion) Plan(publisher func(id string) (Publisher, bool), now time.Time) []Delivery {
	var planned []Delivery
	for number := c.PlanFrom; number <= len(c.Changes); number++ {
		at := c.CreateTime
		if number > 0 {
			at = c.Changes[number-1].By.Time
		}
		for _, message := range c.messages(number) {
			to, ok := publisher(message.Publisher)
			shown := c.shownTo(message.Publisher)
			if !ok || !to.takes(message.Status, shown) {
				continue
			}
			planned = append(planned, Delivery{
				ID:         c.ID + "-" + strconv.Itoa(number) + "-" + to.ID,
				Conversion: c.ID, Change: number, Publisher: to.ID, Offer: c.Offer, Status: message.Status,
				State: DeliveryDue, Payload: shown.payload(message, at), DueTime: now, FirstDueTime: now, CreateTime: now,
			})
		}
	}
	return planned
}

// shownTo returns the conversion as a publisher may see it: without the values that another publisher put on
// the click, since the sale may have been reassigned.
func (c Conversion) shownTo(publisher string) Conversion {
	if c.Basis == nil || c.Basis.Click == nil || c.Basis.Click.Publisher == publisher {
		return c
	}
	c.PubClickID, c.PubSubID = "", ""
	code := c.PubUniques[2]
	c.PubUniques = Uniques{}
	if code == c.CouponCode {
		c.PubUniques[2] = code
	}
	return c
}

// messages returns the states to report after a change, each to its own publisher.
func (c Conversion) messages(number int) []State {
	if number == 0 {
		state := c.State()
		if len(c.Changes) > 0 {
			state = c.Changes[0].From
		}
		return credited(state)
	}
	from, to := c.Changes[number-1].From, c.Changes[number-1].To
	if from.Publisher != to.Publisher {
		taken := from // for the publisher who loses the sale
		taken.Status, taken.Payout = StatusRejected, money.Money{}
		return append(credited(taken), credited(to)...)
	}
	if from.Status == to.Status && from.Payout == to.Payout {
		return nil
	}
	return credited(to)
}

// credited returns the state if it credits a publisher, who is to be notified.
func credited(s State) []State {
	if s.Publisher == "" {
		return nil
	}
	return []State{s}
}

// takes reports whether a publisher wants a delivery for a conversion's status.
func (p Publisher) takes(status Status, c Conversion) bool {
	return p.Active && p.PostbackURL != nil && slices.Contains(p.Statuses, status) && (!p.OnlyWithClick || c.PubClickID != "")
}

// DeliveryPlan holds the deliveries for a conversion's changes up to a revision.
type DeliveryPlan struct {
	// Conversion is the conversion's id, and Revision its revision when the plan was made.
	Conversion string
	Revision   int64
	Deliveries []Delivery
}

// DeliveryClaim asks for deliveries that are due.
type DeliveryClaim struct {
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

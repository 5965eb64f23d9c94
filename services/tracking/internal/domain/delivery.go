package domain

import (
	"slices"
	"strconv"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// DeliveryState says where a delivery stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryDue       DeliveryState = "DUE"
	DeliveryDelivered DeliveryState = "DELIVERED"
	DeliveryDead      DeliveryState = "DEAD"
)

// Delivery is one call to a publisher about its conversion, however often it is tried.
type Delivery struct {
	// ID is the conversion's id, the number of the change, and the publisher, so that the same one is
	// never planned twice: `{conversion}-{change}-{publisher}`.
	ID         string
	Conversion string
	// Change is the number of the change that it tells of; 0: the creation.
	Change    int
	Publisher string
	Offer     string
	// Status is what it tells.
	Status Status
	State  DeliveryState
	// Payload is what it tells, as the JSON of a POST.
	Payload string
	// DueTime is when it is tried next; while it is being tried, until when that is left to the one who
	// tries. Zero when it is done.
	DueTime time.Time
	// FirstDueTime is when its tries began, by which it is given up: at creation, or at its last replay.
	FirstDueTime time.Time
	// AttemptCount counts the tries since FirstDueTime.
	AttemptCount int
	// Attempts are the last tries, oldest first; left out in lists.
	Attempts   []Attempt
	CreateTime time.Time
	FinishTime time.Time
}

// Attempt is one try of a delivery.
type Attempt struct {
	Time time.Time
	// HTTPStatus is the answer's; 0: there was none.
	HTTPStatus int
	Latency    time.Duration
	// Error is what went wrong, in words; empty: nothing.
	Error string
}

// Plan returns the deliveries of a conversion's changes that are not planned yet. publisher returns what
// is known of a publisher by its id; false: there is none of that id.
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

// shownTo returns the conversion as a publisher is told of it: without what another one put on its click, as
// where the sale was given to somebody else by hand.
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

// messages returns the states of which publishers are told after a change, each its own publisher.
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
		taken := from // told to the one from whom it is taken
		taken.Status, taken.Payout = StatusRejected, money.Money{}
		return append(credited(taken), credited(to)...)
	}
	if from.Status == to.Status && from.Payout == to.Payout {
		return nil
	}
	return credited(to)
}

// credited returns a state of which somebody is to be told, if there is somebody.
func credited(s State) []State {
	if s.Publisher == "" {
		return nil
	}
	return []State{s}
}

// takes says whether a publisher is told of a status of a conversion.
func (p Publisher) takes(status Status, c Conversion) bool {
	return p.Active && p.PostbackURL != nil && slices.Contains(p.Statuses, status) && (!p.OnlyWithClick || c.PubClickID != "")
}

// DeliveryPlan is what a conversion's changes up to a revision come to.
type DeliveryPlan struct {
	// Conversion is the id, Revision what it had when the plan was made.
	Conversion string
	Revision   int64
	Deliveries []Delivery
}

// DeliveryClaim asks for deliveries that are due.
type DeliveryClaim struct {
	Now time.Time
	// Until is until when those claimed are left to the claimant.
	Until time.Time
	// Holder is the claim's own name: no two claims have the same.
	Holder string
	// Skip are the ids of publishers to whom nothing is to be delivered now.
	Skip []string
	// Limit is how many are claimed at most.
	Limit int
}

package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// The types of what happens to a conversion, as PayloadV2 has them.
const (
	HappenedCreated    = "conversion.created"
	HappenedApproved   = "conversion.approved"
	HappenedRejected   = "conversion.rejected"
	HappenedRefunded   = "conversion.refunded"
	HappenedAdjusted   = "conversion.adjusted"
	HappenedReassigned = "conversion.reassigned"
)

// happening is an event for publishers: the creation of a conversion, or a change of it.
type happening struct {
	// change is the number of the change; 0 is the creation.
	change int
	// kind is one of the types above.
	kind string
	// sequence counts the conversion's happenings, from 1.
	sequence int
	at       time.Time
	// states are what to report, each to its own publisher.
	states []State
	// pays says that the status or the payout changed.
	pays bool
}

// happenings returns what happened to the conversion, in order. It depends only on the history, which grows at
// its end, so a happening keeps its sequence. What happened while nobody was credited is left out.
func (c Conversion) happenings() []happening {
	var all []happening
	add := func(h happening) {
		if h.kind != "" && len(h.states) > 0 {
			h.sequence = len(all) + 1
			all = append(all, h)
		}
	}
	created := c.State()
	if len(c.Changes) > 0 {
		created = c.Changes[0].From
	}
	add(happening{kind: HappenedCreated, at: c.CreateTime, states: credited(created), pays: true})
	for i, change := range c.Changes {
		add(happening{change: i + 1, kind: change.happened(), at: change.By.Time, states: change.states(), pays: change.pays()})
	}
	return all
}

// happened returns the type of a change; "" if publishers do not hear of it.
func (change Change) happened() string {
	switch change.Kind {
	case ChangeApprove:
		return HappenedApproved
	case ChangeReject:
		return HappenedRejected
	case ChangeRefund:
		return HappenedRefunded
	case ChangeAdjust:
		return HappenedAdjusted
	case ChangeReassign:
		return HappenedReassigned
	case ChangeReplay: // the sale was held until now
		return HappenedCreated
	case ChangeResolve:
		if change.From.Amount != change.To.Amount {
			return HappenedAdjusted
		}
	}
	return ""
}

// states returns what to report after a change, each to its own publisher.
func (change Change) states() []State {
	if change.From.Publisher == change.To.Publisher {
		return credited(change.To)
	}
	taken := change.From // for the publisher who loses the sale
	taken.Status, taken.Payout = StatusRejected, money.Money{}
	return append(credited(taken), credited(change.To)...)
}

// pays reports whether a publisher's status or payout changed.
func (change Change) pays() bool {
	return change.From.Publisher != change.To.Publisher || change.From.Status != change.To.Status || change.From.Payout != change.To.Payout
}

// credited returns the state if it credits a publisher, who is to be notified.
func credited(s State) []State {
	if s.Publisher == "" {
		return nil
	}
	return []State{s}
}

package delivery

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// The types of what happens to a conversion, as PayloadV2 has them.
const (
	Created    = "conversion.created"
	Approved   = "conversion.approved"
	Rejected   = "conversion.rejected"
	Refunded   = "conversion.refunded"
	Adjusted   = "conversion.adjusted"
	Reassigned = "conversion.reassigned"
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
	states []domain.State
	// pays says that the status or the payout changed.
	pays bool
}

// happenings returns what happened to a conversion, in order. It depends only on the history, which grows at
// its end, so a happening keeps its sequence. What happened while nobody was credited is left out.
func happenings(c domain.Conversion) []happening {
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
	add(happening{kind: Created, at: c.CreateTime, states: credited(created), pays: true})
	for i, change := range c.Changes {
		add(happening{change: i + 1, kind: happened(change), at: change.By.Time, states: states(change), pays: pays(change)})
	}
	return all
}

// happened returns the type of a change; "" if publishers do not hear of it.
func happened(change domain.Change) string {
	switch change.Kind {
	case domain.ChangeApprove:
		return Approved
	case domain.ChangeReject:
		return Rejected
	case domain.ChangeRefund:
		return Refunded
	case domain.ChangeAdjust:
		return Adjusted
	case domain.ChangeReassign:
		return Reassigned
	case domain.ChangeReplay: // the sale was held until now
		return Created
	case domain.ChangeResolve:
		if change.From.Amount != change.To.Amount {
			return Adjusted
		}
	}
	return ""
}

// states returns what to report after a change, each to its own publisher.
func states(change domain.Change) []domain.State {
	if change.From.Publisher == change.To.Publisher {
		return credited(change.To)
	}
	taken := change.From // for the publisher who loses the sale
	taken.Status, taken.Payout = domain.StatusRejected, money.Money{}
	return append(credited(taken), credited(change.To)...)
}

// pays reports whether a publisher's status or payout changed.
func pays(change domain.Change) bool {
	return change.From.Publisher != change.To.Publisher || change.From.Status != change.To.Status || change.From.Payout != change.To.Payout
}

// credited returns the state if it credits a publisher, who is to be notified.
func credited(s domain.State) []domain.State {
	if s.Publisher == "" {
		return nil
	}
	return []domain.State{s}
}

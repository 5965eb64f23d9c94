package domain

import (
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// Standings is what is stored about many coupons that somebody wants to create, as one consistent
// view, and what was admitted since: each coupon is judged as if those before it were stored. It is
// for one goroutine.
type Standings struct {
	// Offers and Publishers are by id, Approvals by ApprovalID; what does not exist is not there.
	Offers     map[string]*Offer
	Publishers map[string]*Publisher
	Approvals  map[string]*Approval
	// exists has the ids of the coupons asked about, and whether they exist.
	exists map[string]bool
	// holders are the publishers who have a code, in order, one more than are ever told.
	holders map[heldCode][]string
	// holds are when they have it, on offers with UniqueCodes.
	holds map[heldCode][]Hold
}

// heldCode is a folded code on an offer.
type heldCode struct{ offer, code string }

// NewStandings returns the standings of the coupons that drafts name by offer, publisher and code:
// nothing exists yet.
func NewStandings(drafts []Coupon) *Standings {
	s := &Standings{
		Offers:     map[string]*Offer{},
		Publishers: map[string]*Publisher{},
		Approvals:  map[string]*Approval{},
		exists:     make(map[string]bool, len(drafts)),
		holders:    map[heldCode][]string{},
		holds:      map[heldCode][]Hold{},
	}
	for _, draft := range drafts {
		s.exists[draft.ID()] = false
	}
	return s
}

// AddHolder notes that the publisher of a coupon has its code, of which only the key and what HoldOf reads
// count. However many there are, no more are kept than a standing tells. Offers has the coupon's offer before.
func (s *Standings) AddHolder(c Coupon) {
	id := c.ID()
	if _, asked := s.exists[id]; asked {
		s.exists[id] = true
	}
	held := heldCode{offer: c.Offer, code: couponcode.Fold(c.Code)}
	if offer := s.Offers[c.Offer]; offer != nil && offer.UniqueCodes {
		s.holds[held] = append(s.holds[held], HoldOf(c))
	}
	holders := s.holders[held]
	at, found := slices.BinarySearch(holders, c.Publisher)
	if found {
		return
	}
	holders = slices.Insert(holders, at, c.Publisher)
	s.holders[held] = holders[:min(len(holders), MaxSharers+1)]
}

// Free returns those of some codes that no publisher has on an offer.
func (s *Standings) Free(offer string, codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool {
		return len(s.holders[heldCode{offer: offer, code: couponcode.Fold(code)}]) > 0
	})
}

// Of returns what stands about one of the coupons.
func (s *Standings) Of(draft Coupon) Standing {
	held := heldCode{offer: draft.Offer, code: couponcode.Fold(draft.Code)}
	holders := s.holders[held]
	others := slices.DeleteFunc(slices.Clone(holders), func(p string) bool { return p == draft.Publisher })
	return Standing{
		Offer:      s.Offers[draft.Offer],
		Publisher:  s.Publishers[draft.Publisher],
		Approval:   s.Approvals[ApprovalID(draft.Offer, draft.Publisher)],
		Exists:     s.exists[draft.ID()],
		SharedWith: others[:min(len(others), MaxSharers)],
		Holds:      s.holds[held],
	}
}

// Admit decides on one of the coupons as AdmitCoupon does. One that is admitted, and the approval
// that comes with it, stand for those that follow.
func (s *Standings) Admit(draft Coupon, now time.Time) (Plan, error) {
	plan, err := AdmitCoupon(draft, s.Of(draft), now)
	if err != nil {
		return Plan{}, err
	}
	s.AddHolder(plan.Coupon)
	if plan.Approval != nil {
		given := *plan.Approval
		s.Approvals[given.ID()] = &given
	}
	return plan, nil
}

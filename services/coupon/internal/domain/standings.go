package domain

import (
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// Standings is a consistent view of what is stored about many coupons to create, plus what was admitted
// since. Each coupon is checked as if the admitted ones before it were stored. It is not safe for concurrent
// use.
type Standings struct {
	// Offers and Publishers are keyed by id, Approvals by ApprovalID. Records that do not exist are missing.
	Offers     map[string]*Offer
	Publishers map[string]*Publisher
	Approvals  map[string]*Approval
	// Told returns what the caller may know of a Standing; nil: all.
	Told func(draft Coupon, standing Standing) Standing
	// exists says for each coupon to create, by id, whether it exists already.
	exists map[string]bool
	// holders are the publishers who have a code, sorted. It keeps one more than a Standing lists, since that
	// leaves one out.
	holders map[heldCode][]string
	// holds are their holds, on offers with UniqueCodes.
	holds map[heldCode][]Hold
}

// heldCode is a folded code on an offer.
type heldCode struct{ offer, code string }

// NewStandings returns empty standings of the coupons that drafts identify by offer, publisher and code.
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

// AddHolder records that a coupon's publisher has its code. Only the coupon's key and the fields that HoldOf
// reads are used. No more holders are kept than a Standing lists. Offers must have the coupon's offer
// already.
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

// Free returns the codes that no publisher has on an offer.
func (s *Standings) Free(offer string, codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool {
		return len(s.holders[heldCode{offer: offer, code: couponcode.Fold(code)}]) > 0
	})
}

// Of returns the Standing of one of the coupons.
func (s *Standings) Of(draft Coupon) Standing {
	held := heldCode{offer: draft.Offer, code: couponcode.Fold(draft.Code)}
	holders := s.holders[held]
	others := slices.DeleteFunc(slices.Clone(holders), func(p string) bool { return p == draft.Publisher })
	standing := Standing{
		Offer:      s.Offers[draft.Offer],
		Publisher:  s.Publishers[draft.Publisher],
		Approval:   s.Approvals[ApprovalID(draft.Offer, draft.Publisher)],
		Exists:     s.exists[draft.ID()],
		SharedWith: others[:min(len(others), MaxSharers)],
		Holds:      s.holds[held],
	}
	if s.Told != nil {
		standing = s.Told(draft, standing)
	}
	return standing
}

// Admit decides on one of the coupons as AdmitCoupon does. An admitted coupon and its approval count as
// stored from then on.
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

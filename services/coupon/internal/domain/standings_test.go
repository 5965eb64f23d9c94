package domain

import (
	"fmt"
	"slices"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestStandingsSeeWhatWasAdmitted(t *testing.T) {
	draft := func(publisher, code string) Coupon {
		return Coupon{Offer: "10", Publisher: publisher, Code: code, StartTime: noon, Enabled: true}
	}
	steps := []struct {
		draft    Coupon
		reason   string
		approves bool
		with     []string
	}{
		{draft("22", "SALE"), "", true, nil},
		{draft("22", "sale"), "COUPON_EXISTS", false, nil},
		{draft("22", "OTHER"), "", false, nil},
		{draft("21", "Sale"), "", true, []string{"22"}},
		{draft("23", "SALE"), "PUBLISHER_BLOCKED", false, nil},
		{draft("24", "SALE"), "PUBLISHER_NOT_FOUND", false, nil},
		{draft("20", "SALE"), "", true, []string{"21", "22"}},
	}
	var drafts []Coupon
	for _, step := range steps {
		drafts = append(drafts, step.draft)
	}
	s := NewStandings(drafts)
	s.Offers["10"] = &Offer{ID: "10", State: OfferActive}
	for _, id := range []string{"20", "21", "22", "23"} {
		s.Publishers[id] = &Publisher{ID: id, State: PublisherActive}
	}
	s.Approvals["10/23"] = &Approval{Offer: "10", Publisher: "23", State: ApprovalBlocked}
	for i, step := range steps {
		plan, err := s.Admit(step.draft, noon)
		reason := ""
		if e := apperr.As(err); e != nil {
			reason = e.Reason
		}
		if reason != step.reason || (plan.Approval != nil) != step.approves || !slices.Equal(plan.SharedWith, step.with) {
			t.Errorf("step %d: got %q, %+v; want %+v", i, reason, plan, step)
		}
	}
	if free := s.Free("10", []string{"sAlE", "OTHER", "NEW"}); !slices.Equal(free, []string{"NEW"}) {
		t.Errorf("free are %q", free)
	}
	if free := s.Free("11", []string{"SALE"}); len(free) != 1 {
		t.Errorf("free on another offer are %q", free)
	}
}

func TestUniqueCodesWithinABatch(t *testing.T) {
	drafts := []Coupon{
		{Offer: "10", Publisher: "22", Code: "SALE", ExpireTime: noon},
		{Offer: "10", Publisher: "23", Code: "sale"},
		{Offer: "10", Publisher: "23", Code: "Sale", StartTime: noon},
	}
	s := NewStandings(drafts)
	s.Offers["10"] = &Offer{ID: "10", State: OfferActive, UniqueCodes: true}
	s.Publishers["22"], s.Publishers["23"] = &Publisher{State: PublisherActive}, &Publisher{State: PublisherActive}
	if _, err := s.Admit(drafts[0], noon); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admit(drafts[1], noon); apperr.As(err) == nil || apperr.As(err).Reason != "CODE_TAKEN" {
		t.Errorf("got %v", err)
	}
	if _, err := s.Admit(drafts[2], noon); err != nil {
		t.Errorf("a coupon after the first: %v", err)
	}
}

// In whatever order holders are added, the first hundred others are listed, and no more are kept.
func TestManyHolders(t *testing.T) {
	draft := Coupon{Offer: "10", Publisher: "p150", Code: "SALE"}
	first := Coupon{Offer: "10", Publisher: "p000", Code: "SALE"}
	s := NewStandings([]Coupon{draft, first})
	for i := range 300 {
		s.AddHolder(Coupon{Offer: "10", Publisher: fmt.Sprintf("p%03d", i*7%300), Code: "sale"})
	}
	got := s.Of(draft)
	if !got.Exists || len(got.SharedWith) != MaxSharers || got.SharedWith[0] != "p000" || got.SharedWith[99] != "p099" {
		t.Errorf("got %+v", got)
	}
	if got := s.Of(first); !got.Exists || got.SharedWith[0] != "p001" || got.SharedWith[99] != "p100" {
		t.Errorf("got %+v", got)
	}
}

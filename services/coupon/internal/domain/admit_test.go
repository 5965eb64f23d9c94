package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
)

// standing is what is stored of offer 10 and publisher 22: both active, nothing between them.
func standing() Standing {
	return Standing{
		Offer:     &Offer{ID: "10", State: OfferActive},
		Publisher: &Publisher{ID: "22", State: PublisherActive},
	}
}

func draft() Coupon {
	return Coupon{Offer: "10", Publisher: "22", Code: "SaleXyz20", StartTime: noon, Enabled: true}
}

func TestAdmitCouponRefuses(t *testing.T) {
	everythingWrong := func(s *Standing) {
		s.Offer.UniqueCodes, s.Offer.State, s.Publisher.State = true, OfferArchived, PublisherArchived
		s.Holds, s.Approval = []Hold{{Publisher: "23", Start: noon, End: NoExpiry()}}, &Approval{State: ApprovalBlocked}
	}
	for name, tc := range map[string]struct {
		change func(*Standing)
		kind   apperr.Kind
		reason string
		says   string
	}{
		"no offer":     {func(s *Standing) { s.Offer = nil }, apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer 10"},
		"no publisher": {func(s *Standing) { s.Publisher = nil }, apperr.NotFound, "PUBLISHER_NOT_FOUND", "there is no publisher 22"},
		"neither":      {func(s *Standing) { *s = Standing{} }, apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer 10"},
		"a duplicate":  {func(s *Standing) { s.Exists = true }, apperr.AlreadyExists, "COUPON_EXISTS", "publisher 22 has the code SALEXYZ20 on offer 10"},
		"a taken code": {func(s *Standing) {
			s.Offer.UniqueCodes, s.Holds = true, []Hold{{Publisher: "23", Start: noon, End: NoExpiry()}}
		}, apperr.AlreadyExists, "CODE_TAKEN", "publisher 23 has the code SALEXYZ20 on offer 10"},
		"archived":     {func(s *Standing) { s.Offer.State = OfferArchived }, apperr.FailedPrecondition, "OFFER_ARCHIVED", "offer 10 is archived"},
		"archived too": {func(s *Standing) { s.Publisher.State = PublisherArchived }, apperr.FailedPrecondition, "PUBLISHER_ARCHIVED", "publisher 22 is archived"},
		"blocked":      {func(s *Standing) { s.Approval = &Approval{State: ApprovalBlocked} }, apperr.FailedPrecondition, "PUBLISHER_BLOCKED", "publisher 22 is blocked on offer 10"},
		"a duplicate before all else": {func(s *Standing) {
			everythingWrong(s)
			s.Exists = true
		}, apperr.AlreadyExists, "COUPON_EXISTS", ""},
		"a taken code before the rest": {everythingWrong, apperr.AlreadyExists, "CODE_TAKEN", ""},
		"archived before blocked": {func(s *Standing) {
			everythingWrong(s)
			s.Holds = nil
		}, apperr.FailedPrecondition, "OFFER_ARCHIVED", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := standing()
			tc.change(&s)
			plan, err := AdmitCoupon(draft(), s, noon)
			refused(t, err, tc.kind, tc.reason, "")
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %q; want it to say %q", err, tc.says)
			}
			if plan.Approval != nil || plan.Coupon != (Coupon{}) {
				t.Errorf("a refused coupon has a plan: %+v", plan)
			}
		})
	}
}

func TestAdmitCouponApproves(t *testing.T) {
	earlier := noon.Add(-time.Hour)
	pending := Approval{
		Offer: "10", Publisher: "22", State: ApprovalPending, Source: SourceManual,
		Payout:     money.Payout{Kind: money.Percent, Percent: 125_000},
		CreateTime: earlier, UpdateTime: earlier, Revision: 3,
	}
	approved := pending
	approved.State = ApprovalApproved
	for name, tc := range map[string]struct {
		now  *Approval
		want *Approval
	}{
		"a publisher who never asked": {nil, &Approval{
			Offer: "10", Publisher: "22", State: ApprovalApproved, Source: SourceCoupon, CreateTime: noon, UpdateTime: noon, Revision: 1,
		}},
		"a publisher who waits, who keeps its payout": {&pending, &Approval{
			Offer: "10", Publisher: "22", State: ApprovalApproved, Source: SourceCoupon, Payout: pending.Payout, CreateTime: earlier, UpdateTime: noon, Revision: 4,
		}},
		"not one who is approved": {&approved, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := standing()
			s.Approval, s.SharedWith = tc.now, []string{"23", "24"}
			plan, err := AdmitCoupon(draft(), s, noon)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case (plan.Approval == nil) != (tc.want == nil):
				t.Fatalf("got approval %+v, want %+v", plan.Approval, tc.want)
			case tc.want != nil && *plan.Approval != *tc.want:
				t.Errorf("got approval %+v, want %+v", *plan.Approval, *tc.want)
			}
			want := draft()
			want.CreateTime, want.UpdateTime, want.Revision = noon, noon, 1
			if plan.Coupon != want {
				t.Errorf("got coupon %+v, want %+v", plan.Coupon, want)
			}
			if len(plan.SharedWith) != 2 {
				t.Errorf("got shared with %v", plan.SharedWith)
			}
		})
	}
	if pending.State != ApprovalPending {
		t.Error("the standing was changed")
	}
}

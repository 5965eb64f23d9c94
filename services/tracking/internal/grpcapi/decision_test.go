package grpcapi

import (
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func TestDecisionToProto(t *testing.T) {
	s := newFlow(t)
	v, err := s.Report(t.Context(), domain.Report{Offer: "10", Code: "SALEXYZ20", Trusted: true, TransactionID: "A-1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := conversionToProto(v.Conversion)
	d := p.GetDecision()
	if d.GetRule() == "" || d.GetPrecedence() != "CODE_FIRST" || d.GetClickWindow().AsDuration() != time.Hour || d.GetCouponGrace() == nil || d.GetClick() != nil {
		t.Errorf("the decision is %v", d)
	}
	if c := d.GetCoupons(); len(c) != 1 || c[0].GetCoupon() != "offers/10/coupons/22.SALEXYZ20" || c[0].GetPublisher() != "publishers/22" || c[0].GetExpireTime() != nil || c[0].GetReason() != 0 {
		t.Errorf("the coupons are %v", c)
	}
	d = decisionToProto(&domain.Basis{
		Click:   &domain.ConsideredClick{Click: "c", Publisher: "33", Coupon: "x", Time: now, Reason: domain.ClickTooOld},
		Coupons: []domain.ConsideredCoupon{{ExpireTime: now, Reason: domain.Expired}},
	})
	if c := d.GetClick(); c.GetReason().String() != "CLICK_TOO_OLD" || c.GetPublisher() != "publishers/33" || !c.GetClickTime().AsTime().Equal(now) {
		t.Errorf("the click is %v", c)
	}
	if c := d.GetCoupons()[0]; c.GetReason().String() != "EXPIRED" || !c.GetExpireTime().AsTime().Equal(now) {
		t.Errorf("the coupon is %v", c)
	}
	if conversionToProto(domain.Conversion{}).GetDecision() != nil {
		t.Error("a conversion without grounds shows a decision")
	}
}

package edge

import (
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// decisionToProto writes what a decision rests on; nil where that is not kept.
func decisionToProto(g *rules.Grounds) *trackingv1.Decision {
	if g == nil {
		return nil
	}
	p := &trackingv1.Decision{
		Rule:        g.Rule,
		Precedence:  string(g.Precedence),
		ClickWindow: durationpb.New(g.ClickWindow),
		CouponGrace: durationpb.New(g.CouponGrace),
		OfferEtag:   g.OfferETag,
		Coupons:     make([]*trackingv1.ConsideredCoupon, len(g.Coupons)),
	}
	if c := g.Click; c != nil {
		p.Click = &trackingv1.ConsideredClick{
			Click: c.Click, Coupon: c.Coupon, ClickTime: timestamppb.New(c.Time), Reason: reasonToProto(c.Reason),
		}
		if c.Publisher != "" {
			p.Click.Publisher = "publishers/" + c.Publisher
		}
	}
	for i, c := range g.Coupons {
		p.Coupons[i] = &trackingv1.ConsideredCoupon{
			Coupon: c.Coupon, Publisher: "publishers/" + c.Publisher, StartTime: timestamppb.New(c.StartTime), Reason: reasonToProto(c.Reason),
		}
		if !c.ExpireTime.IsZero() {
			p.Coupons[i].ExpireTime = timestamppb.New(c.ExpireTime)
		}
	}
	return p
}

func reasonToProto(r rules.Reason) trackingv1.Conversion_Reason {
	return trackingv1.Conversion_Reason(trackingv1.Conversion_Reason_value[string(r)])
}

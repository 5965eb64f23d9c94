package grpcapi

import (
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// decisionToProto returns the basis of a decision; nil if g is nil.
func decisionToProto(g *domain.Basis) *trackingv1.Decision {
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
	if g.Rates != nil {
		p.Payout, p.Revenue = moneyproto.OfPayout(g.Rates.Payout), moneyproto.OfPayout(g.Rates.Revenue)
	}
	if c := g.Click; c != nil {
		p.Click = &trackingv1.ConsideredClick{
			Click: c.Click, Coupon: c.Coupon, ClickTime: timestamppb.New(c.Time), Reason: reasonToProto(c.Reason),
			Dropped: c.Dropped,
		}
		p.Click.Publisher = resource.Name(resource.Publishers, c.Publisher)
	}
	for _, c := range g.Codes {
		p.Codes = append(p.Codes, &trackingv1.ConsideredCode{Code: c.Code, Coupon: c.Coupon, Reason: reasonToProto(c.Reason), Explanation: c.Explanation})
	}
	for i, c := range g.Coupons {
		p.Coupons[i] = &trackingv1.ConsideredCoupon{
			Coupon: c.Coupon, Publisher: resource.Publisher(c.Publisher), StartTime: timestamppb.New(c.StartTime), Reason: reasonToProto(c.Reason),
		}
		if !c.ExpireTime.IsZero() {
			p.Coupons[i].ExpireTime = timestamppb.New(c.ExpireTime)
		}
	}
	return p
}

func reasonToProto(r domain.Reason) trackingv1.Conversion_Reason {
	return trackingv1.Conversion_Reason(trackingv1.Conversion_Reason_value[string(r)])
}

package grpcapi

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func changesToProto(changes []domain.Change) []*trackingv1.ConversionChange {
	var out []*trackingv1.ConversionChange
	for _, c := range changes {
		out = append(out, &trackingv1.ConversionChange{
			Number:     int32(c.Number), //nolint:gosec // there are 500 at most
			Kind:       trackingv1.ConversionChange_Kind(trackingv1.ConversionChange_Kind_value[string(c.Kind)]),
			ChangeTime: timestamppb.New(c.By.Time),
			Actor:      c.By.Actor,
			Reason:     c.By.Reason,
			Postback:   resource.Name(resource.Postbacks, c.By.Postback),
			From:       stateToProto(c.From),
			To:         stateToProto(c.To),
		})
	}
	return out
}

func stateToProto(s domain.State) *trackingv1.ConversionState {
	return &trackingv1.ConversionState{
		Status:         statusToProto(s.Status),
		Outcome:        trackingv1.Conversion_Outcome(trackingv1.Conversion_Outcome_value[string(s.Outcome)]),
		Reason:         reasonToProto(s.Reason),
		Publisher:      resource.Name(resource.Publishers, s.Publisher),
		Coupon:         s.Coupon,
		Amount:         moneyproto.OfMoney(s.Amount),
		RefundedAmount: moneyproto.OfMoney(s.Refunded),
		Payout:         moneyproto.OfMoney(s.Payout),
		Revenue:        moneyproto.OfMoney(s.Revenue),
	}
}

func statusToProto(s domain.Status) trackingv1.Conversion_Status {
	return trackingv1.Conversion_Status(trackingv1.Conversion_Status_value[string(s)])
}

func conflictsToProto(conflicts []domain.Conflict) []*trackingv1.ConversionConflict {
	var out []*trackingv1.ConversionConflict
	for _, c := range conflicts {
		out = append(out, &trackingv1.ConversionConflict{
			Number:     int32(c.Number), //nolint:gosec // there are 100 at most
			CreateTime: timestamppb.New(c.Time),
			Count:      int32(min(c.Count, 1<<30)), //nolint:gosec // bounded
			Postback:   resource.Name(resource.Postbacks, c.Postback),
			Amount:     moneyproto.OfMoney(c.Amount),
			CouponCode: c.Code,
			Click:      c.Click,
			Publisher:  resource.Name(resource.Publishers, c.Publisher),
			Resolution: trackingv1.ConversionConflict_Resolution(trackingv1.ConversionConflict_Resolution_value[string(c.Resolution)]),
		})
	}
	return out
}

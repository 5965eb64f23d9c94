package grpcapi

import (
	"context"
	"fmt"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

type linkServer struct {
	trackingv1.UnimplementedLinkServiceServer
	service *clicks.Service
}

func (s *linkServer) BuildTrackingLink(ctx context.Context, req *trackingv1.BuildTrackingLinkRequest) (*trackingv1.BuildTrackingLinkResponse, error) {
	offer, err := resource.ParseOffer("offer", req.GetOffer())
	if err != nil {
		return nil, err
	}
	publisher, err := resource.ParsePublisher("publisher", req.GetPublisher())
	if err != nil {
		return nil, err
	}
	link := trackinglink.Link{
		Offer: offer, Publisher: publisher, CouponCode: req.GetCouponCode(),
		PubClickID: req.GetPubClickId(), PubSubID: req.GetPubSubId(),
		PubUniques: [5]string{req.GetPubUnique1(), req.GetPubUnique2(), req.GetPubUnique3(), req.GetPubUnique4(), req.GetPubUnique5()},
	}
	if err := checkLink(link); err != nil {
		return nil, err
	}
	url, short, err := s.service.BuildLink(ctx, link)
	if err != nil {
		return nil, err
	}
	return &trackingv1.BuildTrackingLinkResponse{Url: url, ShortUrl: short}, nil
}

// checkLink refuses values that a click would refuse.
func checkLink(link trackinglink.Link) error {
	if err := domain.CheckText("pub_click_id", link.PubClickID); err != nil {
		return err
	}
	if err := domain.CheckText("pub_sub_id", link.PubSubID); err != nil {
		return err
	}
	for i, value := range link.PubUniques {
		if err := domain.CheckText(fmt.Sprintf("pub_unique%d", i+1), value); err != nil {
			return err
		}
	}
	if link.CouponCode != "" && !couponcode.Is(couponcode.Fold(link.CouponCode)) {
		return apperr.Invalid("INVALID_CODE", "coupon_code", "%q is not 3 to 64 letters and digits", link.CouponCode)
	}
	return nil
}

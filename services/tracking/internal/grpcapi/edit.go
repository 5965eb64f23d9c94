package grpcapi

import (
	"context"

	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func (s *conversionServer) ApproveConversion(ctx context.Context, req *trackingv1.ApproveConversionRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	return changed(s.review.Approve(ctx, e))
}

func (s *conversionServer) RejectConversion(ctx context.Context, req *trackingv1.RejectConversionRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	e.Reason = req.GetReason()
	return changed(s.review.Reject(ctx, e))
}

func (s *conversionServer) ReassignConversion(ctx context.Context, req *trackingv1.ReassignConversionRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	e.Reason = req.GetReason()
	switch {
	case (req.GetCoupon() == "") == (req.GetPublisher() == ""):
		return nil, apperr.Invalid("ONE_OF_COUPON_AND_PUBLISHER", "coupon", "or publisher must be given, and not both")
	case req.GetPublisher() != "":
		publisher, err := resource.ParsePublisher("publisher", req.GetPublisher())
		if err != nil {
			return nil, err
		}
		return changed(s.review.ReassignToPublisher(ctx, e, publisher))
	}
	offer, publisher, code, err := resource.ParseCoupon("coupon", req.GetCoupon())
	if err != nil {
		return nil, err
	}
	return changed(s.review.ReassignToCoupon(ctx, e, resource.Coupon(offer, publisher, code), offer, code))
}

func (s *conversionServer) AdjustConversion(ctx context.Context, req *trackingv1.AdjustConversionRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	e.Reason = req.GetReason()
	if req.GetAmount() == nil {
		return nil, apperr.Invalid("AMOUNT_REQUIRED", "amount", "is missing; send the sale's new amount")
	}
	amount, err := amountFromProto("amount", req.GetAmount())
	if err != nil {
		return nil, err
	}
	return changed(s.review.Adjust(ctx, e, amount))
}

func (s *conversionServer) RefundConversion(ctx context.Context, req *trackingv1.RefundConversionRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	e.Reason = req.GetReason()
	var found apperr.Findings
	found.Add(err, partner.CheckKey("refund_id", req.GetRefundId()))
	amount, whole := money.Money{}, req.GetAmount() == nil
	if !whole {
		amount, err = amountFromProto("amount", req.GetAmount())
		found.Add(err)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return changed(s.review.Refund(ctx, e, amount, whole, req.GetRefundId()))
}

func (s *conversionServer) ResolveConflict(ctx context.Context, req *trackingv1.ResolveConflictRequest) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	e.Reason = req.GetReason()
	switch req.GetResolution() {
	case trackingv1.ConversionConflict_ACCEPTED, trackingv1.ConversionConflict_DISMISSED:
	default:
		return nil, apperr.Invalid("INVALID_RESOLUTION", "resolution", "must be ACCEPTED or DISMISSED")
	}
	return changed(s.review.ResolveConflict(ctx, e, int(req.GetConflict()), domain.Resolution(req.GetResolution().String())))
}

// editOf reads the fields that all requests for a change share.
func editOf(req interface {
	GetName() string
	GetEtag() string
	GetActor() string
},
) (review.Edit, error) {
	id, err := resource.ParseConversion("name", req.GetName())
	if err != nil {
		return review.Edit{}, err
	}
	return review.Edit{ID: id, ETag: req.GetEtag(), Actor: pasted.Trim(req.GetActor())}, nil
}

func changed(c domain.Conversion, err error) (*trackingv1.Conversion, error) {
	if err != nil {
		return nil, err
	}
	return conversionToProto(c), nil
}

func (s *conversionServer) WatchConversions(req *trackingv1.WatchConversionsRequest, stream grpc.ServerStreamingServer[trackingv1.WatchConversionsResponse]) error {
	return s.conversions.Watch(stream.Context(), req.GetFilter(), req.GetResumeToken(), func(news conversions.News) error {
		resp := &trackingv1.WatchConversionsResponse{
			Created: news.Created, Changes: changesToProto(news.Changes), ResumeToken: news.ResumeToken,
		}
		if news.Conversion != nil {
			c := *news.Conversion
			c.Basis, c.Changes, c.Conflicts = nil, nil, nil
			resp.Conversion = conversionToProto(c)
		}
		return stream.Send(resp)
	})
}

package grpcapi

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/partner"
)

func (s *conversionServer) ApproveConversion(ctx context.Context, req *trackingv1.ApproveConversionRequest) (*trackingv1.Conversion, error) {
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) { return s.review.Approve(ctx, e) })
}

func (s *conversionServer) RejectConversion(ctx context.Context, req *trackingv1.RejectConversionRequest) (*trackingv1.Conversion, error) {
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) {
		e.Reason = req.GetReason()
		return s.review.Reject(ctx, e)
	})
}

func (s *conversionServer) ReassignConversion(ctx context.Context, req *trackingv1.ReassignConversionRequest) (*trackingv1.Conversion, error) {
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) {
		e.Reason = req.GetReason()
		switch {
		case (req.GetCoupon() == "") == (req.GetPublisher() == ""):
			return domain.Conversion{}, apperr.Invalid("ONE_OF_COUPON_AND_PUBLISHER", "coupon", "or publisher must be given, and not both")
		case req.GetPublisher() != "":
			publisher, err := resource.ParsePublisher("publisher", req.GetPublisher())
			if err != nil {
				return domain.Conversion{}, err
			}
			return s.review.ReassignToPublisher(ctx, e, publisher)
		}
		offer, publisher, code, err := resource.ParseCoupon("coupon", req.GetCoupon())
		if err != nil {
			return domain.Conversion{}, err
		}
		return s.review.ReassignToCoupon(ctx, e, resource.Coupon(offer, publisher, code), offer, code)
	})
}

func (s *conversionServer) AdjustConversion(ctx context.Context, req *trackingv1.AdjustConversionRequest) (*trackingv1.Conversion, error) {
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) {
		e.Reason = req.GetReason()
		if req.GetAmount() == nil {
			return domain.Conversion{}, apperr.Invalid("AMOUNT_REQUIRED", "amount", "is missing; send the sale's new amount")
		}
		amount, err := amountFromProto("amount", req.GetAmount())
		if err != nil {
			return domain.Conversion{}, err
		}
		return s.review.Adjust(ctx, e, amount)
	})
}

func (s *conversionServer) RefundConversion(ctx context.Context, req *trackingv1.RefundConversionRequest) (*trackingv1.Conversion, error) {
	var found apperr.Findings
	found.Add(partner.CheckKey("refund_id", req.GetRefundId()))
	amount, whole := money.Money{}, req.GetAmount() == nil
	if !whole {
		var err error
		amount, err = amountFromProto("amount", req.GetAmount())
		found.Add(err)
	}
	if err := found.Err(); err != nil {
		_, unread := editOf(req)
		return nil, apperr.Join(unread, err)
	}
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) {
		e.Reason = req.GetReason()
		return s.review.Refund(ctx, e, amount, whole, req.GetRefundId())
	})
}

func (s *conversionServer) ResolveConflict(ctx context.Context, req *trackingv1.ResolveConflictRequest) (*trackingv1.Conversion, error) {
	return s.edit(ctx, req, func(e review.Edit) (domain.Conversion, error) {
		e.Reason = req.GetReason()
		switch req.GetResolution() {
		case trackingv1.ConversionConflict_ACCEPTED, trackingv1.ConversionConflict_DISMISSED:
		default:
			return domain.Conversion{}, apperr.Invalid("INVALID_RESOLUTION", "resolution", "must be ACCEPTED or DISMISSED")
		}
		return s.review.ResolveConflict(ctx, e, int(req.GetConflict()), domain.Resolution(req.GetResolution().String()))
	})
}

// editRequest has the fields that all requests for a change share.
type editRequest interface {
	idempotency.Request
	GetName() string
	GetEtag() string
	GetActor() string
}

// edit makes a change. If the request has an id, the change is made once: a repetition gets the first response.
func (s *conversionServer) edit(ctx context.Context, req editRequest, do func(review.Edit) (domain.Conversion, error)) (*trackingv1.Conversion, error) {
	e, err := editOf(req)
	if err != nil {
		return nil, err
	}
	if req.GetRequestId() != "" {
		call, err := idempotency.CallOf(ctx, req, s.service.Now())
		if err != nil {
			return nil, err
		}
		if answer, found, err := s.service.Repeated(ctx, call); found || err != nil {
			return repeated(answer, err)
		}
		e.Once = &attribution.Once{Call: call, Answer: func(c domain.Conversion) (string, error) { return idempotency.Encode(conversionToProto(c)) }}
	}
	changed, err := do(e)
	if made := (*attribution.Made)(nil); errors.As(err, &made) {
		return repeated(made.Answer, nil)
	}
	if err != nil {
		return nil, err
	}
	return conversionToProto(changed), nil
}

// repeated returns the response that was stored for an earlier call.
func repeated(answer string, err error) (*trackingv1.Conversion, error) {
	if err != nil {
		return nil, err
	}
	conversion := &trackingv1.Conversion{}
	return conversion, idempotency.Decode(answer, conversion)
}

// editOf reads the fields that all requests for a change share.
func editOf(req editRequest) (review.Edit, error) {
	id, err := resource.ParseConversion("name", req.GetName())
	if err != nil {
		return review.Edit{}, err
	}
	return review.Edit{ID: id, ETag: req.GetEtag(), Actor: pasted.Trim(req.GetActor())}, nil
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

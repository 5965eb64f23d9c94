package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

type deliveryServer struct {
	trackingv1.UnimplementedDeliveryServiceServer
	service *app.Service
	calls   *calls.Service
}

func (s *deliveryServer) GetDelivery(ctx context.Context, req *trackingv1.GetDeliveryRequest) (*trackingv1.Delivery, error) {
	id, err := resource.ParseDelivery("name", req.GetName())
	if err != nil {
		return nil, err
	}
	d, err := s.service.Delivery(ctx, id)
	if err != nil {
		return nil, err
	}
	return deliveryToProto(d), nil
}

func (s *deliveryServer) ListDeliveries(ctx context.Context, req *trackingv1.ListDeliveriesRequest) (*trackingv1.ListDeliveriesResponse, error) {
	page := resourcepage.Of(deliveryToProto)
	_, next, err := s.service.Deliveries(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &trackingv1.ListDeliveriesResponse{Deliveries: page.Resources, NextPageToken: next}, nil
}

func (s *deliveryServer) ReplayDelivery(ctx context.Context, req *trackingv1.ReplayDeliveryRequest) (*trackingv1.Delivery, error) {
	id, err := resource.ParseDelivery("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return written(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.Delivery, error) {
		d, err := s.service.ReplayDelivery(ctx, id)
		if err != nil {
			return nil, err
		}
		return deliveryToProto(d), nil
	})
}

func (s *deliveryServer) ReplayDeliveries(ctx context.Context, req *trackingv1.ReplayDeliveriesRequest) (*trackingv1.ReplayDeliveriesResponse, error) {
	return remembered(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.ReplayDeliveriesResponse, error) {
		count, err := s.service.ReplayDeliveries(ctx, req.GetFilter(), req.GetValidateOnly())
		if err != nil {
			return nil, err
		}
		return &trackingv1.ReplayDeliveriesResponse{ReplayedCount: count}, nil
	})
}

func (s *deliveryServer) TestDelivery(ctx context.Context, req *trackingv1.TestDeliveryRequest) (*trackingv1.TestDeliveryResponse, error) {
	publisher, err := resource.ParsePublisher("publisher", req.GetPublisher())
	if err != nil {
		return nil, err
	}
	return remembered(ctx, s.calls, req, func(ctx context.Context) (*trackingv1.TestDeliveryResponse, error) {
		call, err := s.service.TestDelivery(ctx, publisher)
		if err != nil {
			return nil, err
		}
		return &trackingv1.TestDeliveryResponse{Url: call.URL, Attempt: attemptToProto(call.Attempt), ResponseBody: call.Body}, nil
	})
}

func deliveryToProto(d delivery.Delivery) *trackingv1.Delivery {
	head := d.Head()
	p := &trackingv1.Delivery{
		Name:         resource.Deliveries + d.ID,
		Conversion:   resource.Conversion(d.Conversion),
		Change:       int32(d.Change), //nolint:gosec // a conversion has a few hundred changes at most
		Publisher:    resource.Publisher(d.Publisher),
		Offer:        resource.Offer(d.Offer),
		Status:       trackingv1.Conversion_Status(trackingv1.Conversion_Status_value[string(d.Status)]),
		State:        trackingv1.Delivery_State(trackingv1.Delivery_State_value[string(d.State)]),
		AttemptCount: int32(d.AttemptCount), //nolint:gosec // attempts end after three days
		CreateTime:   timestamppb.New(d.CreateTime),
		Payload:      d.Payload,
		Type:         head.Type,
		Sequence:     int32(head.Sequence), //nolint:gosec // at most one more than the changes
	}
	if !d.DueTime.IsZero() {
		p.DueTime = timestamppb.New(d.DueTime)
	}
	if !d.FinishTime.IsZero() {
		p.FinishTime = timestamppb.New(d.FinishTime)
	}
	for _, a := range d.Attempts {
		p.Attempts = append(p.Attempts, attemptToProto(a))
	}
	return p
}

func attemptToProto(a delivery.Attempt) *trackingv1.DeliveryAttempt {
	return &trackingv1.DeliveryAttempt{
		AttemptTime: timestamppb.New(a.Time),
		HttpStatus:  int32(a.HTTPStatus), //nolint:gosec // three digits
		Latency:     durationpb.New(a.Latency),
		Error:       a.Error,
	}
}

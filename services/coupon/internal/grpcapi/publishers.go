package grpcapi

import (
	"cmp"
	"context"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

type publisherServer struct {
	couponv1.UnimplementedPublisherServiceServer
	flow *app.Service
}

// CreatePublisher stores a new publisher.
func (s *publisherServer) CreatePublisher(ctx context.Context, req *couponv1.CreatePublisherRequest) (*couponv1.Publisher, error) {
	return once(ctx, s, req, (*publisherServer).createPublisher)
}

func (s *publisherServer) createPublisher(ctx context.Context, req *couponv1.CreatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetPublisher() == nil {
		return nil, missing("publisher", "INVALID_PUBLISHER")
	}
	draft := publisherOf(req.GetPublisher())
	draft.ID = req.GetPublisherId()
	if req.GetValidateOnly() {
		tried, err := s.answer(s.flow.TryPublisher(ctx, draft))
		if draft.ID == "" && err == nil {
			tried.Name, tried.Etag = "", ""
		}
		return tried, err
	}
	return s.answer(s.flow.CreatePublisher(ctx, draft))
}

// GetPublisher returns a publisher.
func (s *publisherServer) GetPublisher(ctx context.Context, req *couponv1.GetPublisherRequest) (*couponv1.Publisher, error) {
	id, err := resource.ParsePublisher("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.Publisher(ctx, id))
}

// ListPublishers returns a page of publishers.
func (s *publisherServer) ListPublishers(
	ctx context.Context, req *couponv1.ListPublishersRequest,
) (*couponv1.ListPublishersResponse, error) {
	now := s.flow.Now()
	page := resourcepage.Of(func(p domain.Publisher) *couponv1.Publisher { return publisherProto(&p, now) })
	_, next, err := s.flow.Publishers(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &couponv1.ListPublishersResponse{Publishers: page.Resources, NextPageToken: next}, nil
}

// UpdatePublisher changes a publisher.
func (s *publisherServer) UpdatePublisher(ctx context.Context, req *couponv1.UpdatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetPublisher() == nil {
		return nil, missing("publisher", "INVALID_PUBLISHER")
	}
	id, err := resource.ParsePublisher("name", req.GetPublisher().GetName())
	if err != nil {
		return nil, err
	}
	change := fieldmask.Of(req.GetPublisher(), req.GetUpdateMask())
	draft := func(current domain.Publisher) (domain.Publisher, error) {
		merged, err := change.Merge(publisherProto(&current, s.flow.Now()))
		p := publisherOf(merged)
		if merged.GetDelivery().GetPayloadVersion() == couponv1.DeliverySettings_PAYLOAD_VERSION_UNSPECIFIED {
			// A caller that knows no versions must not change it. An instance that knows none stores none.
			p.Delivery.PayloadVersion = cmp.Or(current.Delivery.PayloadVersion, domain.PayloadV1)
		}
		return p, err
	}
	return s.answer(s.flow.UpdatePublisher(ctx, id, draft, update(change, req.GetPublisher(), req.GetValidateOnly())))
}

// RotateDeliverySecret gives a publisher a new delivery secret.
func (s *publisherServer) RotateDeliverySecret(
	ctx context.Context, req *couponv1.RotateDeliverySecretRequest,
) (*couponv1.Publisher, error) {
	return once(ctx, s, req, (*publisherServer).rotateDeliverySecret)
}

func (s *publisherServer) rotateDeliverySecret(
	ctx context.Context, req *couponv1.RotateDeliverySecretRequest,
) (*couponv1.Publisher, error) {
	id, err := resource.ParsePublisher("name", req.GetName())
	if err != nil {
		return nil, err
	}
	overlap, err := durationOf("overlap", "INVALID_OVERLAP", req.GetOverlap(), domain.DefaultOverlap)
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.RotateDeliverySecret(ctx, id, overlap, req.GetEtag()))
}

func (s *publisherServer) answer(publisher domain.Publisher, err error) (*couponv1.Publisher, error) {
	if err != nil {
		return nil, err
	}
	return publisherProto(&publisher, s.flow.Now()), nil
}

// publisherOf returns the fields in a publisher's proto, with defaults for unset ones.
func publisherOf(m *couponv1.Publisher) domain.Publisher {
	p := domain.DefaultPublisher()
	p.DisplayName = m.GetDisplayName()
	p.State = choice(m.GetState(), p.State)
	p.PostbackURL = m.GetPostbackUrl()
	p.Delivery = deliveryOf(m.GetDelivery(), p.Delivery)
	return p
}

// deliveryOf returns a publisher's delivery settings, with defaults for unset ones.
func deliveryOf(m *couponv1.DeliverySettings, defaults domain.DeliverySettings) domain.DeliverySettings {
	statuses := make([]domain.DeliveryStatus, len(m.GetStatuses()))
	for i, status := range m.GetStatuses() {
		statuses[i] = domain.DeliveryStatus(status.String())
	}
	return domain.DeliverySettings{
		Method:         choice(m.GetMethod(), defaults.Method),
		Statuses:       domain.DeliveryStatusesOf(statuses...),
		OnlyWithClick:  m.GetOnlyWithClick(),
		PayloadVersion: choice(m.GetPayloadVersion(), defaults.PayloadVersion),
	}
}

// publisherProto returns the proto of a publisher as it is at a moment.
func publisherProto(p *domain.Publisher, now time.Time) *couponv1.Publisher {
	name := resource.Publisher(p.ID)
	_, previousExpireTime := p.PreviousSecretAt(now)
	return &couponv1.Publisher{
		Name:        name,
		DisplayName: p.DisplayName,
		State:       publisherState(p.State),
		CreateTime:  stamp(p.CreateTime),
		UpdateTime:  stamp(p.UpdateTime),
		Etag:        domain.Etag(name, p.Revision),
		PostbackUrl: p.PostbackURL,
		Delivery: &couponv1.DeliverySettings{
			Method:         couponv1.DeliverySettings_Method(couponv1.DeliverySettings_Method_value[string(p.Delivery.Method)]),
			Statuses:       deliveryStatuses(p.Delivery.Statuses),
			OnlyWithClick:  p.Delivery.OnlyWithClick,
			PayloadVersion: couponv1.DeliverySettings_PayloadVersion(couponv1.DeliverySettings_PayloadVersion_value[string(p.Delivery.PayloadVersion)]),
		},
		DeliverySecret:                   p.DeliverySecret,
		PreviousDeliverySecretExpireTime: stamp(previousExpireTime),
	}
}

// deliveryStatuses returns the protos of statuses; nil if s is empty.
func deliveryStatuses(statuses domain.DeliveryStatuses) []couponv1.DeliverySettings_Status {
	var protos []couponv1.DeliverySettings_Status
	for _, status := range statuses.List() {
		protos = append(protos, couponv1.DeliverySettings_Status(couponv1.DeliverySettings_Status_value[string(status)]))
	}
	return protos
}

func publisherState(state domain.PublisherState) couponv1.Publisher_State {
	return couponv1.Publisher_State(couponv1.Publisher_State_value[string(state)])
}

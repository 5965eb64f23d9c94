package edge

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/flow"
	"github.com/couponlink/couponlink/services/coupon/internal/rules"
	"github.com/couponlink/couponlink/services/internal/listing"
)

type publisherServer struct {
	couponv1.UnimplementedPublisherServiceServer
	flow *flow.Service
}

// CreatePublisher stores a new publisher.
func (s *publisherServer) CreatePublisher(ctx context.Context, req *couponv1.CreatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetPublisher() == nil {
		return nil, missing("publisher", "INVALID_PUBLISHER")
	}
	draft := publisherOf(req.GetPublisher())
	draft.ID = req.GetPublisherId()
	return publisherAnswer(s.flow.CreatePublisher(ctx, draft))
}

// GetPublisher returns a publisher.
func (s *publisherServer) GetPublisher(ctx context.Context, req *couponv1.GetPublisherRequest) (*couponv1.Publisher, error) {
	id, err := rules.ParsePublisherName("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return publisherAnswer(s.flow.Publisher(ctx, id))
}

// ListPublishers returns a page of publishers.
func (s *publisherServer) ListPublishers(
	ctx context.Context, req *couponv1.ListPublishersRequest,
) (*couponv1.ListPublishersResponse, error) {
	rows, next, err := s.flow.Publishers(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
	})
	if err != nil {
		return nil, err
	}
	publishers := make([]*couponv1.Publisher, len(rows))
	for i := range rows {
		publishers[i] = publisherProto(&rows[i])
	}
	return &couponv1.ListPublishersResponse{Publishers: publishers, NextPageToken: next}, nil
}

// UpdatePublisher changes a publisher.
func (s *publisherServer) UpdatePublisher(ctx context.Context, req *couponv1.UpdatePublisherRequest) (*couponv1.Publisher, error) {
	if req.GetPublisher() == nil {
		return nil, missing("publisher", "INVALID_PUBLISHER")
	}
	id, err := rules.ParsePublisherName("name", req.GetPublisher().GetName())
	if err != nil {
		return nil, err
	}
	changes, err := updateOf(req.GetPublisher(), req.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	draft := publisherOf(req.GetPublisher())
	draft.ID = id
	return publisherAnswer(s.flow.UpdatePublisher(ctx, draft, changes))
}

func publisherAnswer(publisher rules.Publisher, err error) (*couponv1.Publisher, error) {
	if err != nil {
		return nil, err
	}
	return publisherProto(&publisher), nil
}

// publisherOf returns the fields in a publisher's proto, with the defaults of those that are unset.
func publisherOf(m *couponv1.Publisher) rules.Publisher {
	p := rules.DefaultPublisher()
	p.DisplayName = m.GetDisplayName()
	p.State = choice(m.GetState(), p.State)
	return p
}

func publisherProto(p *rules.Publisher) *couponv1.Publisher {
	name := rules.PublisherName(p.ID)
	return &couponv1.Publisher{
		Name:        name,
		DisplayName: p.DisplayName,
		State:       publisherState(p.State),
		CreateTime:  stamp(p.CreateTime),
		UpdateTime:  stamp(p.UpdateTime),
		Etag:        rules.Etag(name, p.Revision),
	}
}

func publisherState(state rules.PublisherState) couponv1.Publisher_State {
	return couponv1.Publisher_State(couponv1.Publisher_State_value[string(state)])
}

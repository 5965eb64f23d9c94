package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
)

type lookupServer struct {
	couponv1.UnimplementedLookupServiceServer
	flow *app.Service
	view couponView
}

// LookupOffer finds an offer by its id or by its postback token.
func (s *lookupServer) LookupOffer(ctx context.Context, req *couponv1.LookupOfferRequest) (*couponv1.LookupOfferResponse, error) {
	var offer *domain.Offer
	var err error
	switch key := req.GetKey().(type) {
	case *couponv1.LookupOfferRequest_Offer:
		var id string
		if id, err = resource.ParseOffer("offer", key.Offer); err != nil {
			return nil, err
		}
		offer, err = s.offer(ctx, id, req.GetLatest())
	case *couponv1.LookupOfferRequest_PostbackToken:
		offer, err = s.flow.LookupToken(ctx, key.PostbackToken)
	default:
		return nil, apperr.Invalid("INVALID_OFFER", "offer", "the offer is missing; set offer or postback_token")
	}
	if err != nil {
		return nil, err
	}
	named, err := s.flow.PostbackTokenHashes(ctx, offer.ID, req.GetLatest())
	if err != nil {
		return nil, err
	}
	now := s.flow.Now()
	previous, _ := offer.PreviousAt(now)
	return &couponv1.LookupOfferResponse{
		Offer:                  offerProto(offer, now),
		PreviousPostbackToken:  previous.PostbackToken,
		PreviousPostbackSecret: previous.PostbackSecret,
		PostbackTokenHashes:    named,
	}, nil
}

func (s *lookupServer) offer(ctx context.Context, id string, latest bool) (*domain.Offer, error) {
	if !latest {
		return s.flow.LookupOffer(ctx, id)
	}
	offer, err := s.flow.Offer(ctx, id)
	return &offer, err
}

// LookupCode finds the coupons that have a code.
func (s *lookupServer) LookupCode(ctx context.Context, req *couponv1.LookupCodeRequest) (*couponv1.LookupCodeResponse, error) {
	var offer string
	if req.GetOffer() != "" {
		var err error
		if offer, err = resource.ParseOffer("offer", req.GetOffer()); err != nil {
			return nil, err
		}
	}
	found, err := s.flow.LookupCode(ctx, offer, req.GetCode())
	if err != nil {
		return nil, err
	}
	now := s.flow.Now()
	candidates := make([]*couponv1.Candidate, len(found.Rows))
	for i := range found.Rows {
		row := &found.Rows[i]
		candidates[i] = &couponv1.Candidate{
			Coupon:           s.view.coupon(&row.Coupon, now),
			OfferState:       couponv1.Offer_State(couponv1.Offer_State_value[string(row.OfferState)]),
			PublisherState:   publisherState(row.PublisherState),
			ApprovalState:    approvalState(row.ApprovalState),
			ApprovalPayout:   moneyproto.OfPayout(row.ApprovalPayout),
			DeliveryStatuses: deliveryStatuses(row.DeliverOn),
		}
	}
	return &couponv1.LookupCodeResponse{Candidates: candidates, Truncated: found.Truncated}, nil
}

// LookupStanding says whether a publisher may promote an offer, and what it earns there.
func (s *lookupServer) LookupStanding(ctx context.Context, req *couponv1.LookupStandingRequest) (*couponv1.LookupStandingResponse, error) {
	offer, err := resource.ParseOffer("offer", req.GetOffer())
	if err != nil {
		return nil, err
	}
	publisher, err := resource.ParsePublisher("publisher", req.GetPublisher())
	if err != nil {
		return nil, err
	}
	standing, err := s.flow.LookupStanding(ctx, offer, publisher)
	if err != nil {
		return nil, err
	}
	return &couponv1.LookupStandingResponse{
		PublisherState:   publisherState(standing.PublisherState),
		ApprovalState:    approvalState(standing.ApprovalState),
		ApprovalPayout:   moneyproto.OfPayout(standing.ApprovalPayout),
		DeliveryStatuses: deliveryStatuses(standing.DeliverOn),
	}, nil
}

// LookupPublisher finds a publisher.
func (s *lookupServer) LookupPublisher(
	ctx context.Context, req *couponv1.LookupPublisherRequest,
) (*couponv1.LookupPublisherResponse, error) {
	id, err := resource.ParsePublisher("publisher", req.GetPublisher())
	if err != nil {
		return nil, err
	}
	publisher, err := s.flow.LookupPublisher(ctx, id)
	if err != nil {
		return nil, err
	}
	now := s.flow.Now()
	previous, _ := publisher.PreviousSecretAt(now)
	return &couponv1.LookupPublisherResponse{Publisher: publisherProto(publisher, now), PreviousDeliverySecret: previous}, nil
}

package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

// CreatePostbackToken gives an offer another postback token.
func (s *offerServer) CreatePostbackToken(ctx context.Context, req *couponv1.CreatePostbackTokenRequest) (*couponv1.PostbackToken, error) {
	created, err := once(ctx, s, req, (*offerServer).createPostbackToken)
	if id := req.GetRequestId(); err == nil && id != "" {
		created.Token = idempotency.Open(created.GetToken(), id, bearerOf(ctx))
	}
	return created, err
}

// createPostbackToken returns the token sealed if the response is to be stored.
func (s *offerServer) createPostbackToken(ctx context.Context, req *couponv1.CreatePostbackTokenRequest) (*couponv1.PostbackToken, error) {
	offer, err := resource.ParseOffer("parent", req.GetParent())
	if err != nil {
		return nil, err
	}
	if req.GetPostbackToken() == nil {
		return nil, missing("postback_token", "INVALID_POSTBACK_TOKEN")
	}
	created, token, err := s.flow.CreatePostbackToken(ctx, offer, req.GetPostbackToken().GetDisplayName())
	if err != nil {
		return nil, err
	}
	m := postbackTokenProto(created)
	m.Token = token
	if id := req.GetRequestId(); id != "" {
		m.Token, err = idempotency.Seal(token, id, bearerOf(ctx))
	}
	return m, err
}

// GetPostbackToken returns a named postback token.
func (s *offerServer) GetPostbackToken(ctx context.Context, req *couponv1.GetPostbackTokenRequest) (*couponv1.PostbackToken, error) {
	offer, id, err := resource.ParsePostbackToken("name", req.GetName())
	if err != nil {
		return nil, err
	}
	token, err := s.flow.PostbackToken(ctx, offer, id)
	if err != nil {
		return nil, err
	}
	return postbackTokenProto(token), nil
}

// ListPostbackTokens returns a page of an offer's named postback tokens.
func (s *offerServer) ListPostbackTokens(ctx context.Context, req *couponv1.ListPostbackTokensRequest) (*couponv1.ListPostbackTokensResponse, error) {
	offer, err := resource.ParseOffer("parent", req.GetParent())
	if err != nil {
		return nil, err
	}
	page := resourcepage.Of(postbackTokenProto)
	_, next, err := s.flow.PostbackTokens(ctx, offer, listing.Request{
		Parent: req.GetParent(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(), Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &couponv1.ListPostbackTokensResponse{PostbackTokens: page.Resources, NextPageToken: next}, nil
}

// DeletePostbackToken revokes a named postback token.
func (s *offerServer) DeletePostbackToken(ctx context.Context, req *couponv1.DeletePostbackTokenRequest) (*emptypb.Empty, error) {
	offer, id, err := resource.ParsePostbackToken("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.flow.DeletePostbackToken(ctx, offer, id)
}

// NotePostbackTokenUse stores that a postback had a named token.
func (s *lookupServer) NotePostbackTokenUse(ctx context.Context, req *couponv1.NotePostbackTokenUseRequest) (*couponv1.NotePostbackTokenUseResponse, error) {
	return &couponv1.NotePostbackTokenUseResponse{}, s.flow.NotePostbackTokenUse(ctx, req.GetTokenHash())
}

func postbackTokenProto(t domain.PostbackToken) *couponv1.PostbackToken {
	return &couponv1.PostbackToken{
		Name: t.Name(), DisplayName: t.DisplayName, TokenPrefix: t.Prefix, CreateTime: stamp(t.CreateTime), LastUseTime: stamp(t.LastUseTime),
	}
}

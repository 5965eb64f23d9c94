package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/fieldmask"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/resourcepage"
)

type couponServer struct {
	couponv1.UnimplementedCouponServiceServer
	flow *app.Service
	view couponView
}

// CreateCoupon stores a new coupon and approves its publisher.
func (s *couponServer) CreateCoupon(ctx context.Context, req *couponv1.CreateCouponRequest) (*couponv1.Coupon, error) {
	return once(ctx, s, req, (*couponServer).createCoupon)
}

func (s *couponServer) createCoupon(ctx context.Context, req *couponv1.CreateCouponRequest) (*couponv1.Coupon, error) {
	draft, unread := draftOf(req.GetParent(), req.GetCoupon())
	if req.GetCoupon() == nil {
		return nil, unread
	}
	if unread != nil || req.GetValidateOnly() {
		tried, err := s.flow.TryCoupon(ctx, draft)
		return s.answer(tried, apperr.Join(unread, err))
	}
	return s.answer(s.flow.CreateCoupon(ctx, draft))
}

// GetCoupon returns a coupon.
func (s *couponServer) GetCoupon(ctx context.Context, req *couponv1.GetCouponRequest) (*couponv1.Coupon, error) {
	offer, publisher, code, err := resource.ParseCoupon("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.Coupon(ctx, offer, publisher, code))
}

// ListCoupons returns a page of coupons.
func (s *couponServer) ListCoupons(ctx context.Context, req *couponv1.ListCouponsRequest) (*couponv1.ListCouponsResponse, error) {
	offer, err := resource.ParseParent(req.GetParent())
	if err != nil {
		return nil, err
	}
	now := s.flow.Now()
	page := resourcepage.Of(func(c domain.Coupon) *couponv1.Coupon { return s.view.coupon(&c, now) })
	_, next, err := s.flow.Coupons(ctx, offer, listing.Request{
		Parent: req.GetParent(), Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &couponv1.ListCouponsResponse{Coupons: page.Resources, NextPageToken: next}, nil
}

// UpdateCoupon changes a coupon.
func (s *couponServer) UpdateCoupon(ctx context.Context, req *couponv1.UpdateCouponRequest) (*couponv1.Coupon, error) {
	if req.GetCoupon() == nil {
		return nil, missing("coupon", "INVALID_COUPON")
	}
	offer, publisher, code, err := resource.ParseCoupon("name", req.GetCoupon().GetName())
	if err != nil {
		return nil, err
	}
	change := fieldmask.Of(req.GetCoupon(), req.GetUpdateMask())
	draft := func(current domain.Coupon) (domain.Coupon, error) {
		merged, maskErr := change.Merge(s.view.coupon(&current, s.flow.Now()))
		merged.Payout = withoutOldCap(merged.GetPayout(), req.GetCoupon().GetPayout())
		withoutOldKind(merged.GetDiscount(), req.GetCoupon().GetDiscount())
		coupon, err := couponOf(merged)
		return coupon, apperr.Join(maskErr, err)
	}
	return s.answer(s.flow.UpdateCoupon(ctx, offer, publisher, code, draft, update(change, req.GetCoupon(), req.GetValidateOnly())))
}

// ArchiveCoupon ends a coupon permanently.
func (s *couponServer) ArchiveCoupon(ctx context.Context, req *couponv1.ArchiveCouponRequest) (*couponv1.Coupon, error) {
	return once(ctx, s, req, (*couponServer).archiveCoupon)
}

func (s *couponServer) archiveCoupon(ctx context.Context, req *couponv1.ArchiveCouponRequest) (*couponv1.Coupon, error) {
	offer, publisher, code, err := resource.ParseCoupon("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.ArchiveCoupon(ctx, offer, publisher, code, req.GetEtag()))
}

// ValidateCoupon says whether a code gives its discount now.
func (s *couponServer) ValidateCoupon(ctx context.Context, req *couponv1.ValidateCouponRequest) (*couponv1.ValidateCouponResponse, error) {
	var offer, publisher string
	var err error
	if req.GetOffer() != "" {
		if offer, err = resource.ParseOffer("offer", req.GetOffer()); err != nil {
			return nil, err
		}
	}
	if req.GetPublisher() != "" {
		if publisher, err = resource.ParsePublisher("publisher", req.GetPublisher()); err != nil {
			return nil, err
		}
	}
	basket, err := basketOf(req.GetBasket())
	if err != nil {
		return nil, err
	}
	verdict, err := s.flow.ValidateCoupon(ctx, req.GetCode(), offer, publisher, basket)
	if err != nil {
		return nil, err
	}
	answer := &couponv1.ValidateCouponResponse{
		Valid:      verdict.Valid,
		Reason:     couponv1.ValidateCouponResponse_Reason(couponv1.ValidateCouponResponse_Reason_value[string(verdict.Reason)]),
		Candidates: verdict.Names, LimitsUnknown: verdict.LimitsUnknown,
	}
	if verdict.Coupon != nil {
		answer.Coupon = s.view.coupon(&verdict.Coupon.Coupon, verdict.Time)
	}
	if verdict.Saving != nil {
		answer.Discount, answer.Missing = basketDiscount(verdict.Saving, req.GetBasket()), moneyproto.OfMoney(verdict.Saving.Missing)
	}
	return answer, nil
}

// answer returns the proto of a coupon, including the publishers that share its code.
func (s *couponServer) answer(shared app.Shared, err error) (*couponv1.Coupon, error) {
	if err != nil {
		return nil, err
	}
	coupon := s.view.coupon(&shared.Coupon, s.flow.Now())
	for _, publisher := range shared.With {
		coupon.SharedWith = append(coupon.SharedWith, resource.Publisher(publisher))
	}
	return coupon, nil
}

// draftOf returns the coupon to create from a request's coupon and its parent offer.
func draftOf(parent string, m *couponv1.Coupon) (domain.Coupon, error) {
	offer, offerErr := resource.ParseOffer("parent", parent)
	draft, err := couponOf(m)
	if m == nil {
		return draft, apperr.Join(err, offerErr)
	}
	draft.Offer, draft.Code = offer, m.GetCode()
	var publisherErr error
	draft.Publisher, publisherErr = resource.ParsePublisher("publisher", m.GetPublisher())
	return draft, apperr.Join(offerErr, publisherErr, err)
}

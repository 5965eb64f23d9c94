package grpcapi

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

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

type offerServer struct {
	couponv1.UnimplementedOfferServiceServer
	flow *app.Service
}

// CreateOffer stores a new offer.
func (s *offerServer) CreateOffer(ctx context.Context, req *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	return once(ctx, s, req, (*offerServer).createOffer)
}

func (s *offerServer) createOffer(ctx context.Context, req *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	draft, unread := offerOf(req.GetOffer())
	if req.GetOffer() == nil {
		return nil, unread
	}
	draft.ID = req.GetOfferId()
	if unread != nil || req.GetValidateOnly() {
		tried, err := s.flow.TryOffer(ctx, draft)
		answer, err := s.answer(tried, apperr.Join(unread, err))
		if draft.ID == "" && err == nil {
			answer.Name, answer.Etag = "", ""
		}
		return answer, err
	}
	return s.answer(s.flow.CreateOffer(ctx, draft))
}

// GetOffer returns an offer.
func (s *offerServer) GetOffer(ctx context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	id, err := resource.ParseOffer("name", req.GetName())
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.Offer(ctx, id))
}

// ListOffers returns a page of offers.
func (s *offerServer) ListOffers(ctx context.Context, req *couponv1.ListOffersRequest) (*couponv1.ListOffersResponse, error) {
	now := s.flow.Now()
	page := resourcepage.Of(func(o domain.Offer) *couponv1.Offer { return offerProto(&o, now) })
	_, next, err := s.flow.Offers(ctx, listing.Request{
		Filter: req.GetFilter(), OrderBy: req.GetOrderBy(), PageToken: req.GetPageToken(), PageSize: req.GetPageSize(),
		Take: page.Take,
	})
	if err != nil {
		return nil, err
	}
	return &couponv1.ListOffersResponse{Offers: page.Resources, NextPageToken: next}, nil
}

// UpdateOffer changes an offer.
func (s *offerServer) UpdateOffer(ctx context.Context, req *couponv1.UpdateOfferRequest) (*couponv1.Offer, error) {
	if req.GetOffer() == nil {
		return nil, missing("offer", "INVALID_OFFER")
	}
	id, err := resource.ParseOffer("name", req.GetOffer().GetName())
	if err != nil {
		return nil, err
	}
	change := fieldmask.Of(req.GetOffer(), req.GetUpdateMask())
	draft := func(current domain.Offer) (domain.Offer, error) {
		merged, maskErr := change.Merge(offerProto(&current, s.flow.Now()))
		merged.Payout = withoutOldCap(merged.GetPayout(), req.GetOffer().GetPayout())
		merged.Revenue = withoutOldCap(merged.GetRevenue(), req.GetOffer().GetRevenue())
		offer, err := offerOf(merged)
		return offer, apperr.Join(maskErr, err)
	}
	return s.answer(s.flow.UpdateOffer(ctx, id, draft, update(change, req.GetOffer(), req.GetValidateOnly())))
}

// RotatePostbackCredentials gives an offer a new token and a new secret.
func (s *offerServer) RotatePostbackCredentials(
	ctx context.Context, req *couponv1.RotatePostbackCredentialsRequest,
) (*couponv1.Offer, error) {
	return once(ctx, s, req, (*offerServer).rotatePostbackCredentials)
}

func (s *offerServer) rotatePostbackCredentials(
	ctx context.Context, req *couponv1.RotatePostbackCredentialsRequest,
) (*couponv1.Offer, error) {
	id, err := resource.ParseOffer("name", req.GetName())
	if err != nil {
		return nil, err
	}
	overlap, err := durationOf("overlap", "INVALID_OVERLAP", req.GetOverlap(), domain.DefaultOverlap)
	if err != nil {
		return nil, err
	}
	return s.answer(s.flow.RotatePostbackCredentials(ctx, id, overlap))
}

func (s *offerServer) answer(offer domain.Offer, err error) (*couponv1.Offer, error) {
	if err != nil {
		return nil, err
	}
	return offerProto(&offer, s.flow.Now()), nil
}

// offerOf returns the settings in an offer's proto, with defaults for unset ones.
func offerOf(m *couponv1.Offer) (domain.Offer, error) {
	if m == nil {
		return domain.Offer{}, missing("offer", "INVALID_OFFER")
	}
	o := domain.DefaultOffer()
	o.DisplayName = m.GetDisplayName()
	o.LandingPageURL = m.GetLandingPageUrl()
	o.FallbackURL = m.GetFallbackUrl()
	o.State = choice(m.GetState(), o.State)
	o.PostbackAuth = choice(m.GetPostbackAuth(), o.PostbackAuth)
	o.Precedence = choice(m.GetPrecedence(), o.Precedence)
	o.UniqueCodes = m.GetUniqueCodes()
	o.ForwardParameters = strings.Join(m.GetForwardParameters(), ",")
	o.DefaultConversionStatus = choice(m.GetDefaultConversionStatus(), o.DefaultConversionStatus)
	o.PayoutBase = choice(m.GetPayoutBase(), o.PayoutBase)
	if m.GetCurrencyCode() != "" {
		o.CurrencyCode = m.GetCurrencyCode()
	}
	var window, grace, payoutErr, revenueErr, maxAmountErr error
	o.ClickWindow, window = durationOf("click_window", "INVALID_CLICK_WINDOW", m.GetClickWindow(), o.ClickWindow)
	o.CouponGrace, grace = durationOf("coupon_grace", "INVALID_COUPON_GRACE", m.GetCouponGrace(), o.CouponGrace)
	o.Payout, payoutErr = payoutOf("payout", "INVALID_PAYOUT", m.GetPayout())
	o.Revenue, revenueErr = payoutOf("revenue", "INVALID_REVENUE", m.GetRevenue())
	o.OpenPostbackMaxAmount, maxAmountErr = optionalMoney("open_postback_max_amount", "INVALID_OPEN_POSTBACK_MAX_AMOUNT", m.GetOpenPostbackMaxAmount())
	return o, apperr.Join(window, grace, payoutErr, revenueErr, maxAmountErr)
}

// offerProto returns the proto of an offer as it is at a moment.
func offerProto(o *domain.Offer, now time.Time) *couponv1.Offer {
	name := resource.Offer(o.ID)
	_, previousExpireTime := o.PreviousAt(now)
	return &couponv1.Offer{
		Name:                          name,
		DisplayName:                   o.DisplayName,
		LandingPageUrl:                o.LandingPageURL,
		FallbackUrl:                   o.FallbackURL,
		State:                         couponv1.Offer_State(couponv1.Offer_State_value[string(o.State)]),
		PostbackAuth:                  couponv1.Offer_PostbackAuth(couponv1.Offer_PostbackAuth_value[string(o.PostbackAuth)]),
		PostbackToken:                 o.PostbackToken,
		PostbackSecret:                o.PostbackSecret,
		PreviousCredentialsExpireTime: stamp(previousExpireTime),
		Precedence:                    couponv1.Offer_Precedence(couponv1.Offer_Precedence_value[string(o.Precedence)]),
		ClickWindow:                   durationpb.New(o.ClickWindow),
		CouponGrace:                   durationpb.New(o.CouponGrace),
		UniqueCodes:                   o.UniqueCodes,
		Payout:                        moneyproto.OfPayout(o.Payout),
		Revenue:                       moneyproto.OfPayout(o.Revenue),
		DefaultConversionStatus:       couponv1.Offer_ConversionStatus(couponv1.Offer_ConversionStatus_value[string(o.DefaultConversionStatus)]),
		PayoutBase:                    couponv1.Offer_PayoutBase(couponv1.Offer_PayoutBase_value[string(o.PayoutBase)]),
		CurrencyCode:                  o.CurrencyCode,
		ForwardParameters:             o.Forwarded(),
		OpenPostbackMaxAmount:         moneyproto.OfMoney(o.OpenPostbackMaxAmount),
		CreateTime:                    stamp(o.CreateTime),
		UpdateTime:                    stamp(o.UpdateTime),
		Etag:                          domain.Etag(name, o.Revision),
	}
}

package couponclient

import (
	"errors"
	"fmt"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func offerFromProto(resp *couponv1.LookupOfferResponse) (domain.Offer, error) {
	p := resp.GetOffer()
	landing, err := trackinglink.Compile(p.GetLandingPageUrl())
	if err != nil {
		return domain.Offer{}, fmt.Errorf("reading landing_page_url of %s: %w", p.GetName(), err)
	}
	fallback, err := fallbackFromProto(p.GetName(), p.GetFallbackUrl())
	payout, payoutErr := moneyproto.Payout(p.GetPayout())
	revenue, revenueErr := moneyproto.Payout(p.GetRevenue())
	return domain.Offer{
		ID:                    strings.TrimPrefix(p.GetName(), resource.Offers),
		Active:                p.GetState() == couponv1.Offer_ACTIVE,
		Landing:               landing,
		Fallback:              fallback,
		Forward:               trackinglink.CompileForward(p.GetForwardParameters()),
		Auth:                  domain.PostbackAuth(p.GetPostbackAuth().String()),
		Credentials:           credentialsFromProto(resp),
		Precedence:            domain.Precedence(p.GetPrecedence().String()),
		ClickWindow:           p.GetClickWindow().AsDuration(),
		CouponGrace:           p.GetCouponGrace().AsDuration(),
		Payout:                payout,
		Revenue:               revenue,
		PayoutBase:            domain.PayoutBase(p.GetPayoutBase().String()),
		OpenPostbackMaxAmount: moneyproto.Money(p.GetOpenPostbackMaxAmount()),
		StartStatus:           domain.Status(p.GetDefaultConversionStatus().String()),
		CurrencyCode:          p.GetCurrencyCode(),
		ETag:                  p.GetEtag(),
	}, errors.Join(err, payoutErr, revenueErr)
}

func credentialsFromProto(resp *couponv1.LookupOfferResponse) domain.Credentials {
	p := resp.GetOffer()
	c := domain.Credentials{Token: p.GetPostbackToken(), Secret: p.GetPostbackSecret(), Named: resp.GetPostbackTokenHashes()}
	if p.GetPreviousCredentialsExpireTime() != nil {
		c.PreviousToken, c.PreviousSecret = resp.GetPreviousPostbackToken(), resp.GetPreviousPostbackSecret()
		c.PreviousExpireTime = p.GetPreviousCredentialsExpireTime().AsTime()
	}
	return c
}

func couponsFromProto(resp *couponv1.LookupCodeResponse) ([]domain.Coupon, error) {
	coupons := make([]domain.Coupon, len(resp.GetCandidates()))
	for i, candidate := range resp.GetCandidates() {
		var err error
		if coupons[i], err = couponFromProto(candidate); err != nil {
			return nil, err
		}
	}
	return coupons, nil
}

func couponFromProto(p *couponv1.Candidate) (domain.Coupon, error) {
	c := p.GetCoupon()
	payout, payoutErr := moneyproto.Payout(c.GetPayout())
	approvalPayout, approvalErr := moneyproto.Payout(p.GetApprovalPayout())
	settings, settingsErr := settingsFromProto(c)
	coupon := domain.Coupon{
		Offer:          strings.TrimPrefix(c.GetOffer(), resource.Offers),
		Publisher:      strings.TrimPrefix(c.GetPublisher(), resource.Publishers),
		Code:           c.GetCode(),
		StartTime:      c.GetStartTime().AsTime(),
		Enabled:        c.GetEnabled() && c.GetState() != couponv1.Coupon_ARCHIVED,
		Approved:       approved(p.GetPublisherState(), p.GetApprovalState()),
		OfferActive:    p.GetOfferState() == couponv1.Offer_ACTIVE,
		Payout:         payout,
		ApprovalPayout: approvalPayout,
		Settings:       settings,
		Limits:         domain.Limits{Total: c.GetUsageLimit(), Daily: c.GetDailyUsageLimit()},
		ETag:           c.GetEtag(),
		Deliver:        statusesFromProto(p.GetDeliveryStatuses()),
	}
	if c.GetExpireTime() != nil {
		coupon.ExpireTime = c.GetExpireTime().AsTime()
	}
	return coupon, errors.Join(payoutErr, approvalErr, settingsErr)
}

func settingsFromProto(c *couponv1.Coupon) (domain.CouponSettings, error) {
	p := c.GetSettings()
	settings := domain.CouponSettings{ClickWindow: p.GetClickWindow().AsDuration()}
	if precedence := p.GetPrecedence(); precedence != couponv1.Offer_PRECEDENCE_UNSPECIFIED {
		settings.Precedence = domain.Precedence(precedence.String())
	}
	if p.GetCouponGrace() != nil {
		grace := p.GetCouponGrace().AsDuration()
		settings.CouponGrace = &grace
	}
	if status := p.GetDefaultConversionStatus(); status != couponv1.Offer_CONVERSION_STATUS_UNSPECIFIED {
		settings.StartStatus = domain.Status(status.String())
	}
	var err error
	settings.Fallback, err = fallbackFromProto(c.GetName(), p.GetFallbackUrl())
	return settings, err
}

func standingFromProto(p *couponv1.LookupStandingResponse) (domain.Standing, error) {
	payout, err := moneyproto.Payout(p.GetApprovalPayout())
	return domain.Standing{
		Approved: approved(p.GetPublisherState(), p.GetApprovalState()),
		Payout:   payout,
		Deliver:  statusesFromProto(p.GetDeliveryStatuses()),
	}, err
}

func publisherFromProto(resp *couponv1.LookupPublisherResponse) (domain.Publisher, error) {
	p := resp.GetPublisher()
	publisher := domain.Publisher{
		ID:            strings.TrimPrefix(p.GetName(), resource.Publishers),
		Active:        p.GetState() == couponv1.Publisher_ACTIVE,
		Method:        domain.DeliverByGet,
		Payload:       domain.PayloadV1, // also from a coupon service that knows no other
		Statuses:      statusesFromProto(p.GetDelivery().GetStatuses()),
		OnlyWithClick: p.GetDelivery().GetOnlyWithClick(),
		Secret:        p.GetDeliverySecret(),
	}
	if p.GetDelivery().GetMethod() == couponv1.DeliverySettings_POST {
		publisher.Method = domain.DeliverByPost
	}
	if p.GetDelivery().GetPayloadVersion() == couponv1.DeliverySettings_V2 {
		publisher.Payload = domain.PayloadV2
	}
	if len(publisher.Statuses) == 0 {
		publisher.Statuses = []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}
	}
	if p.GetPreviousDeliverySecretExpireTime() != nil {
		publisher.PreviousSecret = resp.GetPreviousDeliverySecret()
		publisher.PreviousSecretExpireTime = p.GetPreviousDeliverySecretExpireTime().AsTime()
	}
	if p.GetPostbackUrl() == "" {
		return publisher, nil
	}
	template, err := deliveryurl.Compile(p.GetPostbackUrl())
	if err != nil {
		return domain.Publisher{}, fmt.Errorf("reading postback_url of %s: %w", p.GetName(), err)
	}
	publisher.PostbackURL = template
	return publisher, nil
}

func statusesFromProto(list []couponv1.DeliverySettings_Status) []domain.Status {
	var statuses []domain.Status
	for _, status := range list {
		statuses = append(statuses, domain.Status(status.String()))
	}
	return statuses
}

func approved(publisher couponv1.Publisher_State, approval couponv1.Approval_State) bool {
	return publisher == couponv1.Publisher_ACTIVE && approval == couponv1.Approval_APPROVED
}

// fallbackFromProto parses the fallback URL of the named resource; nil if url is "".
func fallbackFromProto(name, url string) (*trackinglink.Template, error) {
	if url == "" {
		return nil, nil
	}
	template, err := trackinglink.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("reading fallback_url of %s: %w", name, err)
	}
	return template, nil
}

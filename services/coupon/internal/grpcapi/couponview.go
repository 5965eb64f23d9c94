package grpcapi

import (
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount/discountproto"
	"github.com/couponlink/couponlink/services/internal/money/moneyproto"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// couponView turns coupons into protos.
type couponView struct{ publicURL string }

// coupon returns the proto of a coupon, with its state at a moment and its tracking link.
func (v couponView) coupon(c *domain.Coupon, now time.Time) *couponv1.Coupon {
	name := c.Name()
	enabled := c.Enabled
	return &couponv1.Coupon{
		Name:            name,
		Code:            c.Code,
		Offer:           resource.Offer(c.Offer),
		Publisher:       resource.Publisher(c.Publisher),
		StartTime:       stamp(c.StartTime),
		ExpireTime:      stamp(c.ExpireTime),
		InternalNote:    c.InternalNote,
		Enabled:         &enabled,
		Payout:          moneyproto.OfPayout(c.Payout),
		Settings:        settings(c.Settings),
		State:           couponv1.Coupon_State(couponv1.Coupon_State_value[string(domain.StateOf(*c, now))]),
		TrackingLink:    trackinglink.Build(v.publicURL, trackinglink.Link{Offer: c.Offer, Publisher: c.Publisher, CouponCode: c.Code}),
		CreateTime:      stamp(c.CreateTime),
		UpdateTime:      stamp(c.UpdateTime),
		Etag:            domain.Etag(name, c.Revision),
		UsageLimit:      c.UsageLimit,
		DailyUsageLimit: c.DailyUsageLimit,
		Discount:        discountproto.OfDiscount(c.Discount),
	}
}

// settings returns the proto of a coupon's own settings; nil if all are unset.
func settings(s domain.CouponSettings) *couponv1.CouponSettings {
	if s == (domain.CouponSettings{}) {
		return nil
	}
	m := &couponv1.CouponSettings{
		ClickWindow: optionalDurationProto(s.ClickWindow),
		CouponGrace: optionalDurationProto(s.CouponGrace),
		FallbackUrl: s.FallbackURL,
	}
	if s.Precedence != "" {
		m.Precedence = couponv1.Offer_Precedence(couponv1.Offer_Precedence_value[string(s.Precedence)]).Enum()
	}
	if s.DefaultConversionStatus != "" {
		status := couponv1.Offer_ConversionStatus_value[string(s.DefaultConversionStatus)]
		m.DefaultConversionStatus = couponv1.Offer_ConversionStatus(status).Enum()
	}
	return m
}

// couponOf returns the changeable fields of a coupon's proto, with defaults for unset ones, except the start
// time.
func couponOf(m *couponv1.Coupon) (domain.Coupon, error) {
	if m == nil {
		return domain.Coupon{}, missing("coupon", "INVALID_COUPON")
	}
	c := domain.Coupon{
		InternalNote: m.GetInternalNote(), Enabled: m.Enabled == nil || m.GetEnabled(),
		UsageLimit: m.GetUsageLimit(), DailyUsageLimit: m.GetDailyUsageLimit(),
	}
	var start, expire, payoutErr, settingsErr, discountErr error
	c.StartTime, start = timeOf("start_time", "INVALID_START_TIME", m.GetStartTime())
	c.ExpireTime, expire = timeOf("expire_time", "INVALID_EXPIRE_TIME", m.GetExpireTime())
	c.Payout, payoutErr = payoutOf("payout", "INVALID_PAYOUT", m.GetPayout())
	c.Settings, settingsErr = settingsOf(m.GetSettings())
	c.Discount, discountErr = discountproto.Discount(m.GetDiscount())
	return c, apperr.Join(start, expire, payoutErr, settingsErr, discountErr)
}

// settingsOf returns a coupon's own settings.
func settingsOf(m *couponv1.CouponSettings) (domain.CouponSettings, error) {
	const reason = "INVALID_SETTINGS"
	s := domain.CouponSettings{
		Precedence:              choice(m.GetPrecedence(), domain.Precedence("")),
		DefaultConversionStatus: choice(m.GetDefaultConversionStatus(), domain.ConversionStatus("")),
		FallbackURL:             m.GetFallbackUrl(),
	}
	var window, grace error
	s.ClickWindow, window = optionalDuration("settings.click_window", reason, m.GetClickWindow())
	s.CouponGrace, grace = optionalDuration("settings.coupon_grace", reason, m.GetCouponGrace())
	return s, apperr.Join(window, grace)
}

package mongostore

import (
	"cmp"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
)

// The documents' keys are the API's names. Every document has every key, because filters compare values and a
// missing value differs from an empty one. Durations are in seconds.

type payoutDocument struct {
	Kind         money.PayoutKind `bson:"kind"`
	CurrencyCode string           `bson:"currency_code"`
	Units        int64            `bson:"units"`
	Nanos        int32            `bson:"nanos"`
	Percent      int64            `bson:"percent"`
	Cap          moneyDocument    `bson:"cap"`
}

func encodePayout(p money.Payout) payoutDocument {
	return payoutDocument{
		Kind:         p.Kind,
		CurrencyCode: p.Fixed.Currency,
		Units:        p.Fixed.Units,
		Nanos:        p.Fixed.Nanos,
		Percent:      p.Percent,
		Cap:          encodeMoney(p.Cap),
	}
}

func (d payoutDocument) decode() money.Payout {
	return money.Payout{
		Kind:    d.Kind,
		Fixed:   money.Money{Currency: d.CurrencyCode, Units: d.Units, Nanos: d.Nanos},
		Percent: d.Percent,
		Cap:     d.Cap.decode(),
	}
}

type moneyDocument struct {
	CurrencyCode string `bson:"currency_code"`
	Units        int64  `bson:"units"`
	Nanos        int32  `bson:"nanos"`
}

func encodeMoney(m money.Money) moneyDocument {
	return moneyDocument{CurrencyCode: m.Currency, Units: m.Units, Nanos: m.Nanos}
}

func (d moneyDocument) decode() money.Money {
	return money.Money{Currency: d.CurrencyCode, Units: d.Units, Nanos: d.Nanos}
}

// settingsDocument is a coupon's own settings. Where a duration is null or a text is empty, the offer's
// applies.
type settingsDocument struct {
	Precedence              domain.Precedence       `bson:"precedence"`
	ClickWindow             *int64                  `bson:"click_window"`
	CouponGrace             *int64                  `bson:"coupon_grace"`
	DefaultConversionStatus domain.ConversionStatus `bson:"default_conversion_status"`
	FallbackURL             string                  `bson:"fallback_url"`
}

func encodeSettings(s domain.CouponSettings) settingsDocument {
	return settingsDocument{
		Precedence:              s.Precedence,
		ClickWindow:             secondsOrNull(s.ClickWindow),
		CouponGrace:             secondsOrNull(s.CouponGrace),
		DefaultConversionStatus: s.DefaultConversionStatus,
		FallbackURL:             s.FallbackURL,
	}
}

func (d settingsDocument) decode() domain.CouponSettings {
	return domain.CouponSettings{
		Precedence:              d.Precedence,
		ClickWindow:             optionalDuration(d.ClickWindow),
		CouponGrace:             optionalDuration(d.CouponGrace),
		DefaultConversionStatus: d.DefaultConversionStatus,
		FallbackURL:             d.FallbackURL,
	}
}

func secondsOrNull(d domain.OptionalDuration) *int64 {
	if !d.IsSet {
		return nil
	}
	seconds := int64(d.Value / time.Second)
	return &seconds
}

func optionalDuration(seconds *int64) domain.OptionalDuration {
	if seconds == nil {
		return domain.OptionalDuration{}
	}
	return domain.OptionalDuration{IsSet: true, Value: time.Duration(*seconds) * time.Second}
}

type offerDocument struct {
	ID                      string                  `bson:"_id"`
	DisplayName             string                  `bson:"display_name"`
	DisplayNameSearch       string                  `bson:"display_name_search"`
	LandingPageURL          string                  `bson:"landing_page_url"`
	FallbackURL             string                  `bson:"fallback_url"`
	State                   domain.OfferState       `bson:"state"`
	PostbackAuth            domain.PostbackAuth     `bson:"postback_auth"`
	PostbackToken           string                  `bson:"postback_token"`
	PostbackSecret          string                  `bson:"postback_secret"`
	PreviousToken           string                  `bson:"previous_postback_token"`
	PreviousSecret          string                  `bson:"previous_postback_secret"`
	PreviousExpireTime      *time.Time              `bson:"previous_credentials_expire_time"`
	Precedence              domain.Precedence       `bson:"precedence"`
	ClickWindow             int64                   `bson:"click_window"`
	CouponGrace             int64                   `bson:"coupon_grace"`
	UniqueCodes             bool                    `bson:"unique_codes"`
	Payout                  payoutDocument          `bson:"payout"`
	Revenue                 payoutDocument          `bson:"revenue"`
	DefaultConversionStatus domain.ConversionStatus `bson:"default_conversion_status"`
	// PayoutBase is "" in documents from before it was stored: AmountAsSent.
	PayoutBase            domain.PayoutBase `bson:"payout_base,omitempty"`
	CurrencyCode          string            `bson:"currency_code"`
	ForwardParameters     string            `bson:"forward_parameters,omitempty"`
	OpenPostbackMaxAmount moneyDocument     `bson:"open_postback_max_amount"`
	CreateTime            time.Time         `bson:"create_time"`
	UpdateTime            time.Time         `bson:"update_time"`
	Revision              int64             `bson:"revision"`
}

func encodeOffer(o domain.Offer) offerDocument {
	document := offerDocument{
		ID:                      o.ID,
		DisplayName:             o.DisplayName,
		DisplayNameSearch:       listing.SearchKey(o.DisplayName),
		LandingPageURL:          o.LandingPageURL,
		FallbackURL:             o.FallbackURL,
		State:                   o.State,
		PostbackAuth:            o.PostbackAuth,
		PostbackToken:           o.PostbackToken,
		PostbackSecret:          o.PostbackSecret,
		PreviousToken:           o.Previous.PostbackToken,
		PreviousSecret:          o.Previous.PostbackSecret,
		Precedence:              o.Precedence,
		ClickWindow:             int64(o.ClickWindow / time.Second),
		CouponGrace:             int64(o.CouponGrace / time.Second),
		UniqueCodes:             o.UniqueCodes,
		Payout:                  encodePayout(o.Payout),
		Revenue:                 encodePayout(o.Revenue),
		DefaultConversionStatus: o.DefaultConversionStatus,
		PayoutBase:              o.PayoutBase,
		CurrencyCode:            o.CurrencyCode,
		ForwardParameters:       o.ForwardParameters,
		OpenPostbackMaxAmount:   encodeMoney(o.OpenPostbackMaxAmount),
		CreateTime:              o.CreateTime,
		UpdateTime:              o.UpdateTime,
		Revision:                o.Revision,
	}
	if !o.PreviousExpireTime.IsZero() {
		document.PreviousExpireTime = &o.PreviousExpireTime
	}
	return document
}

func (d offerDocument) decode() domain.Offer {
	o := domain.Offer{
		ID:                      d.ID,
		DisplayName:             d.DisplayName,
		LandingPageURL:          d.LandingPageURL,
		FallbackURL:             d.FallbackURL,
		State:                   d.State,
		PostbackAuth:            d.PostbackAuth,
		Credentials:             domain.Credentials{PostbackToken: d.PostbackToken, PostbackSecret: d.PostbackSecret},
		Previous:                domain.Credentials{PostbackToken: d.PreviousToken, PostbackSecret: d.PreviousSecret},
		Precedence:              d.Precedence,
		ClickWindow:             time.Duration(d.ClickWindow) * time.Second,
		CouponGrace:             time.Duration(d.CouponGrace) * time.Second,
		UniqueCodes:             d.UniqueCodes,
		Payout:                  d.Payout.decode(),
		Revenue:                 d.Revenue.decode(),
		DefaultConversionStatus: d.DefaultConversionStatus,
		PayoutBase:              cmp.Or(d.PayoutBase, domain.AmountAsSent),
		CurrencyCode:            d.CurrencyCode,
		ForwardParameters:       d.ForwardParameters,
		OpenPostbackMaxAmount:   d.OpenPostbackMaxAmount.decode(),
		CreateTime:              d.CreateTime,
		UpdateTime:              d.UpdateTime,
		Revision:                d.Revision,
	}
	if d.PreviousExpireTime != nil {
		o.PreviousExpireTime = *d.PreviousExpireTime
	}
	return o
}

type approvalDocument struct {
	ID         string                `bson:"_id"`
	Offer      string                `bson:"offer"`
	Publisher  string                `bson:"publisher"`
	State      domain.ApprovalState  `bson:"state"`
	Source     domain.ApprovalSource `bson:"source"`
	Payout     payoutDocument        `bson:"payout"`
	CreateTime time.Time             `bson:"create_time"`
	UpdateTime time.Time             `bson:"update_time"`
	Revision   int64                 `bson:"revision"`
}

func encodeApproval(a domain.Approval) approvalDocument {
	return approvalDocument{
		ID:         a.ID(),
		Offer:      a.Offer,
		Publisher:  a.Publisher,
		State:      a.State,
		Source:     a.Source,
		Payout:     encodePayout(a.Payout),
		CreateTime: a.CreateTime,
		UpdateTime: a.UpdateTime,
		Revision:   a.Revision,
	}
}

func (d approvalDocument) decode() domain.Approval {
	return domain.Approval{
		Offer:      d.Offer,
		Publisher:  d.Publisher,
		State:      d.State,
		Source:     d.Source,
		Payout:     d.Payout.decode(),
		CreateTime: d.CreateTime,
		UpdateTime: d.UpdateTime,
		Revision:   d.Revision,
	}
}

type couponDocument struct {
	ID        string `bson:"_id"`
	Offer     string `bson:"offer"`
	Publisher string `bson:"publisher"`
	Code      string `bson:"code"`
	// CodeKey is the code in upper case.
	CodeKey   string    `bson:"code_key"`
	StartTime time.Time `bson:"start_time"`
	// ExpireTime is domain.NoExpiry if the coupon does not expire.
	ExpireTime         time.Time        `bson:"expire_time"`
	InternalNote       string           `bson:"internal_note"`
	InternalNoteSearch string           `bson:"internal_note_search"`
	Enabled            bool             `bson:"enabled"`
	Archived           bool             `bson:"archived"`
	Payout             payoutDocument   `bson:"payout"`
	Settings           settingsDocument `bson:"settings"`
	UsageLimit         int64            `bson:"usage_limit"`
	DailyUsageLimit    int64            `bson:"daily_usage_limit"`
	Discount           discountDocument `bson:"discount"`
	CreateTime         time.Time        `bson:"create_time"`
	UpdateTime         time.Time        `bson:"update_time"`
	Revision           int64            `bson:"revision"`
}

func encodeCoupon(c domain.Coupon) couponDocument {
	return couponDocument{
		ID:                 c.ID(),
		Offer:              c.Offer,
		Publisher:          c.Publisher,
		Code:               c.Code,
		CodeKey:            couponcode.Fold(c.Code),
		StartTime:          c.StartTime,
		ExpireTime:         c.Expiry(),
		InternalNote:       c.InternalNote,
		InternalNoteSearch: listing.SearchKey(c.InternalNote),
		Enabled:            c.Enabled,
		Archived:           c.Archived,
		Payout:             encodePayout(c.Payout),
		Settings:           encodeSettings(c.Settings),
		UsageLimit:         c.UsageLimit,
		DailyUsageLimit:    c.DailyUsageLimit,
		Discount:           encodeDiscount(c.Discount),
		CreateTime:         c.CreateTime,
		UpdateTime:         c.UpdateTime,
		Revision:           c.Revision,
	}
}

func (d couponDocument) decode() domain.Coupon {
	c := domain.Coupon{
		Offer:           d.Offer,
		Publisher:       d.Publisher,
		Code:            d.Code,
		StartTime:       d.StartTime,
		InternalNote:    d.InternalNote,
		Enabled:         d.Enabled,
		Archived:        d.Archived,
		Payout:          d.Payout.decode(),
		Settings:        d.Settings.decode(),
		UsageLimit:      d.UsageLimit,
		DailyUsageLimit: d.DailyUsageLimit,
		Discount:        d.Discount.decode(),
		CreateTime:      d.CreateTime,
		UpdateTime:      d.UpdateTime,
		Revision:        d.Revision,
	}
	if !d.ExpireTime.Equal(domain.NoExpiry()) {
		c.ExpireTime = d.ExpireTime
	}
	return c
}

package record

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Basis is what a decision rests on. Durations are in milliseconds.
type Basis struct {
	Rule        string             `json:"rule"                   bson:"rule"`
	Click       *ConsideredClick   `json:"click,omitempty"        bson:"click,omitempty"`
	Coupons     []ConsideredCoupon `json:"coupons,omitempty"      bson:"coupons,omitempty"`
	Codes       []ConsideredCode   `json:"codes,omitempty"        bson:"codes,omitempty"`
	Precedence  domain.Precedence  `json:"precedence,omitempty"   bson:"precedence,omitempty"`
	ClickWindow int64              `json:"click_window,omitempty" bson:"click_window,omitempty"`
	CouponGrace int64              `json:"coupon_grace,omitempty" bson:"coupon_grace,omitempty"`
	OfferETag   string             `json:"offer_etag,omitempty"   bson:"offer_etag,omitempty"`
	// Payout and Revenue are both nil in records from before they were kept, else neither is.
	Payout  *Payout `json:"payout,omitempty"  bson:"payout,omitempty"`
	Revenue *Payout `json:"revenue,omitempty" bson:"revenue,omitempty"`
	// PayoutBase is which amount they are of; "" for the amount as sent.
	PayoutBase domain.PayoutBase `json:"payout_base,omitempty" bson:"payout_base,omitempty"`
}

// ConsideredClick is the click that a decision considered.
type ConsideredClick struct {
	Click     string        `json:"click"               bson:"click"`
	Publisher string        `json:"publisher,omitempty" bson:"publisher,omitempty"`
	Coupon    string        `json:"coupon,omitempty"    bson:"coupon,omitempty"`
	ClickTime Millis        `json:"click_time"          bson:"click_time"`
	Reason    domain.Reason `json:"reason,omitempty"    bson:"reason,omitempty"`
	Dropped   []string      `json:"dropped,omitempty"   bson:"dropped,omitempty"`
}

// ConsideredCoupon is a coupon that a decision considered.
type ConsideredCoupon struct {
	Coupon     string        `json:"coupon"                bson:"coupon"`
	Publisher  string        `json:"publisher"             bson:"publisher"`
	StartTime  Millis        `json:"start_time"            bson:"start_time"`
	ExpireTime *Millis       `json:"expire_time,omitempty" bson:"expire_time,omitempty"` // nil: never
	Reason     domain.Reason `json:"reason,omitempty"      bson:"reason,omitempty"`
}

// ConsideredCode is one of several codes that a decision considered.
type ConsideredCode struct {
	Code        string        `json:"code"             bson:"code"`
	Coupon      string        `json:"coupon,omitempty" bson:"coupon,omitempty"`
	Reason      domain.Reason `json:"reason,omitempty" bson:"reason,omitempty"`
	Explanation string        `json:"explanation"      bson:"explanation"`
}

// EncodeBasis returns the record of a basis, nil for nil.
func EncodeBasis(b *domain.Basis) *Basis {
	if b == nil {
		return nil
	}
	r := &Basis{
		Rule: b.Rule, Precedence: b.Precedence, ClickWindow: b.ClickWindow.Milliseconds(), CouponGrace: b.CouponGrace.Milliseconds(),
		OfferETag: b.OfferETag, Coupons: make([]ConsideredCoupon, len(b.Coupons)),
	}
	if c := b.Click; c != nil {
		r.Click = &ConsideredClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, ClickTime: millis(c.Time), Reason: c.Reason, Dropped: c.Dropped}
	}
	for i, c := range b.Coupons {
		r.Coupons[i] = ConsideredCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: millis(c.StartTime), Reason: c.Reason}
		if !c.ExpireTime.IsZero() {
			expire := millis(c.ExpireTime)
			r.Coupons[i].ExpireTime = &expire
		}
	}
	for _, c := range b.Codes {
		r.Codes = append(r.Codes, ConsideredCode(c))
	}
	if b.Rates != nil {
		r.Payout, r.Revenue = encodePayout(b.Rates.Payout), encodePayout(b.Rates.Revenue)
		if b.Rates.Base != domain.AsSent { // the usual one takes no room
			r.PayoutBase = b.Rates.Base
		}
	}
	return r
}

// Decode is the inverse of EncodeBasis.
func (r *Basis) Decode() *domain.Basis {
	if r == nil {
		return nil
	}
	b := &domain.Basis{
		Rule: r.Rule, Precedence: r.Precedence, OfferETag: r.OfferETag,
		ClickWindow: time.Duration(r.ClickWindow) * time.Millisecond, CouponGrace: time.Duration(r.CouponGrace) * time.Millisecond,
	}
	if c := r.Click; c != nil {
		b.Click = &domain.ConsideredClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, Time: c.ClickTime.time(), Reason: c.Reason, Dropped: c.Dropped}
	}
	for _, c := range r.Coupons {
		coupon := domain.ConsideredCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: c.StartTime.time(), Reason: c.Reason}
		if c.ExpireTime != nil {
			coupon.ExpireTime = c.ExpireTime.time()
		}
		b.Coupons = append(b.Coupons, coupon)
	}
	for _, c := range r.Codes {
		b.Codes = append(b.Codes, domain.ConsideredCode(c))
	}
	if r.Payout != nil && r.Revenue != nil {
		b.Rates = &domain.Rates{Payout: r.Payout.decode(), Revenue: r.Revenue.decode(), Base: r.PayoutBase}
	}
	return b
}

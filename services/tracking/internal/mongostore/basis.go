package mongostore

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// basisDocument is what a decision rests on as it is stored. Durations are in milliseconds. It is
// only ever read with one conversion, so what is empty can be left out.
type basisDocument struct {
	Rule        string                   `bson:"rule"`
	Click       *consideredClickDocument `bson:"click,omitempty"`
	Coupons     []consideredDocument     `bson:"coupons,omitempty"`
	Codes       []codeDocument           `bson:"codes,omitempty"`
	Precedence  domain.Precedence        `bson:"precedence,omitempty"`
	ClickWindow int64                    `bson:"click_window,omitempty"`
	CouponGrace int64                    `bson:"coupon_grace,omitempty"`
	OfferETag   string                   `bson:"offer_etag,omitempty"`
	// Payout and Revenue are both nil in documents from before they were kept, else neither is.
	Payout  *payoutDocument `bson:"payout,omitempty"`
	Revenue *payoutDocument `bson:"revenue,omitempty"`
}

type consideredClickDocument struct {
	Click     string        `bson:"click"`
	Publisher string        `bson:"publisher,omitempty"`
	Coupon    string        `bson:"coupon,omitempty"`
	ClickTime time.Time     `bson:"click_time"`
	Reason    domain.Reason `bson:"reason,omitempty"`
	Dropped   []string      `bson:"dropped,omitempty"`
}

type consideredDocument struct {
	Coupon     string        `bson:"coupon"`
	Publisher  string        `bson:"publisher"`
	StartTime  time.Time     `bson:"start_time"`
	ExpireTime *time.Time    `bson:"expire_time,omitempty"` // nil: never
	Reason     domain.Reason `bson:"reason,omitempty"`
}

type codeDocument struct {
	Code        string        `bson:"code"`
	Coupon      string        `bson:"coupon,omitempty"`
	Reason      domain.Reason `bson:"reason,omitempty"`
	Explanation string        `bson:"explanation"`
}

func encodeBasis(g *domain.Basis) *basisDocument {
	if g == nil {
		return nil
	}
	d := &basisDocument{
		Rule: g.Rule, Precedence: g.Precedence, ClickWindow: g.ClickWindow.Milliseconds(), CouponGrace: g.CouponGrace.Milliseconds(),
		OfferETag: g.OfferETag, Coupons: make([]consideredDocument, len(g.Coupons)),
	}
	if c := g.Click; c != nil {
		d.Click = &consideredClickDocument{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, ClickTime: c.Time, Reason: c.Reason, Dropped: c.Dropped}
	}
	if g.Rates != nil {
		d.Payout, d.Revenue = encodePayout(g.Rates.Payout), encodePayout(g.Rates.Revenue)
	}
	for _, c := range g.Codes {
		d.Codes = append(d.Codes, codeDocument(c))
	}
	for i, c := range g.Coupons {
		d.Coupons[i] = consideredDocument{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: c.StartTime, Reason: c.Reason}
		if expire := c.ExpireTime; !expire.IsZero() {
			d.Coupons[i].ExpireTime = &expire
		}
	}
	return d
}

func (d *basisDocument) decode() *domain.Basis {
	if d == nil {
		return nil
	}
	g := &domain.Basis{
		Rule: d.Rule, Precedence: d.Precedence, OfferETag: d.OfferETag,
		ClickWindow: time.Duration(d.ClickWindow) * time.Millisecond, CouponGrace: time.Duration(d.CouponGrace) * time.Millisecond,
	}
	if c := d.Click; c != nil {
		g.Click = &domain.ConsideredClick{Click: c.Click, Publisher: c.Publisher, Coupon: c.Coupon, Time: c.ClickTime.UTC(), Reason: c.Reason, Dropped: c.Dropped}
	}
	if d.Payout != nil && d.Revenue != nil {
		g.Rates = &domain.Rates{Payout: d.Payout.decode(), Revenue: d.Revenue.decode()}
	}
	for _, c := range d.Codes {
		g.Codes = append(g.Codes, domain.ConsideredCode(c))
	}
	for _, c := range d.Coupons {
		coupon := domain.ConsideredCoupon{Coupon: c.Coupon, Publisher: c.Publisher, StartTime: c.StartTime.UTC(), Reason: c.Reason}
		if c.ExpireTime != nil {
			coupon.ExpireTime = c.ExpireTime.UTC()
		}
		g.Coupons = append(g.Coupons, coupon)
	}
	return g
}

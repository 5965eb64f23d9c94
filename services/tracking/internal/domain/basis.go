package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// maxConsidered bounds the coupons listed in a basis. The credited coupon is always listed, if need be as
// one more.
const maxConsidered = 20

// Basis is the evidence for a decision, as it was when the sale was recorded, for use in a dispute.
type Basis struct {
	// Rule is the rule that decided, as a sentence.
	Rule string
	// Click is the click considered; nil if none was reported or it is unknown.
	Click *ConsideredClick
	// Coupons are the offer's coupons with the code, or one of the codes.
	Coupons []ConsideredCoupon
	// Codes says what happened to each of several codes; nil for one code or none.
	Codes []ConsideredCode
	// Precedence, ClickWindow and CouponGrace are the settings that applied.
	Precedence  Precedence
	ClickWindow time.Duration
	CouponGrace time.Duration
	// OfferETag is the revision of the offer's settings.
	OfferETag string
	// Rates are kept so that payout and revenue can be recalculated when the amount changes; nil in
	// conversions from before they were stored.
	Rates *Rates
}

// Rates are the terms from which a conversion's payout and revenue are computed.
type Rates struct {
	Payout  money.Payout
	Revenue money.Payout
	// Base is the amount that they are computed from; "", in older conversions, means AsSent.
	Base PayoutBase
}

// ConsideredClick is a click that a decision looked at.
type ConsideredClick struct {
	Click     string
	Publisher string
	// Coupon is the resource name of the coupon whose link it was; "" if it was no coupon's.
	Coupon string
	Time   time.Time
	// Reason says why it did not count; "" if it did.
	Reason Reason
	// Dropped describes what was dropped from its link's parameters.
	Dropped []string
}

// ConsideredCoupon is a coupon that a decision looked at.
type ConsideredCoupon struct {
	Coupon    string
	Publisher string
	StartTime time.Time
	// ExpireTime is zero for a coupon that does not expire.
	ExpireTime time.Time
	// Reason says why it was not valid at the time of the sale; "" if it was.
	Reason Reason
}

// grounds returns the basis of a claim's decision.
func (c Claim) grounds(rule string, f findings, credited *Coupon) Basis {
	g := Basis{
		Rule: rule, Precedence: f.precedence, ClickWindow: f.window, CouponGrace: f.grace, OfferETag: c.Offer.ETag,
	}
	if c.Click != nil {
		g.Click = &ConsideredClick{
			Click: c.Click.ID, Publisher: c.Click.Publisher, Coupon: c.Click.Coupon, Time: c.Click.Time, Reason: f.clickReason,
			Dropped: c.Click.Dropped,
		}
	}
	for k := range c.codes() {
		code := c.code(k)
		for i := range code.Coupons {
			coupon := &code.Coupons[i]
			if len(g.Coupons) >= maxConsidered && coupon != credited {
				continue
			}
			g.Coupons = append(g.Coupons, ConsideredCoupon{
				Coupon: coupon.Name(), Publisher: coupon.Publisher, StartTime: coupon.StartTime, ExpireTime: coupon.ExpireTime,
				Reason: coupon.Judge(c.Time, coupon.grace(c.Offer)),
			})
		}
	}
	return g
}

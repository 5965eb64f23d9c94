package domain

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
)

// maxConsidered bounds the coupons that grounds tell of; one more, the credited coupon, is told of
// always.
const maxConsidered = 20

// Basis are what a decision rests on, for a dispute: as it was at the moment of recording.
type Basis struct {
	// Rule is the rule that decided, as a sentence.
	Rule string
	// Click is the click considered; nil where none was reported, or none is known.
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
	// Rates say how what is due is reckoned, whatever becomes of the amount; nil for conversions from
	// before they were kept.
	Rates *Rates
}

// Rates are by what payout and revenue of a conversion are reckoned.
type Rates struct {
	Payout  money.Payout
	Revenue money.Payout
}

// ConsideredClick is a click that a decision looked at.
type ConsideredClick struct {
	Click     string
	Publisher string
	// Coupon is the resource name of the coupon whose link it was; empty without one.
	Coupon string
	Time   time.Time
	// Reason says why it did not count; empty: it did.
	Reason Reason
	// Dropped says in words what was dropped from its link's parameters.
	Dropped []string
}

// ConsideredCoupon is a coupon that a decision looked at.
type ConsideredCoupon struct {
	Coupon    string
	Publisher string
	StartTime time.Time
	// ExpireTime is zero for a coupon that does not expire.
	ExpireTime time.Time
	// Reason says why it was not valid at the time of the sale; empty: it was.
	Reason Reason
}

// grounds tells what a claim's decision rests on.
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

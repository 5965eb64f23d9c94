package rules_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

func TestJudgeCouponClick(t *testing.T) {
	at := sale
	expired := changed(coupon("22"), func(c *rules.Coupon) { c.ExpireTime = at })
	tests := []struct {
		says      string
		publisher string
		coupons   []rules.Coupon
		coupon    string
		credited  string
		reason    rules.Reason
	}{
		{"a valid coupon of the link's publisher", "22", []rules.Coupon{coupon("22")}, coupon("22").Name(), "22", rules.NoReason},
		{"the code alone names the publisher", "", []rules.Coupon{coupon("22")}, coupon("22").Name(), "22", rules.NoReason},
		{"another publisher's code", "33", []rules.Coupon{coupon("22")}, "", "33", rules.UnknownCode},
		{"an unknown code", "22", nil, "", "22", rules.UnknownCode},
		{"an expired coupon is kept with the reason", "22", []rules.Coupon{expired}, expired.Name(), "22", rules.Expired},
		{"a shared code without a publisher", "", []rules.Coupon{coupon("22"), coupon("33")}, "", "", rules.AmbiguousCode},
		{"a shared code of which one coupon is valid", "", []rules.Coupon{expired, coupon("33")}, coupon("33").Name(), "33", rules.NoReason},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			c := rules.Click{Publisher: tt.publisher, CouponCode: "salexyz20", Time: at}
			rules.JudgeCouponClick(&c, tt.coupons)
			if c.Coupon != tt.coupon || c.Publisher != tt.credited || c.Reason != tt.reason {
				t.Errorf("got coupon %q, publisher %q, reason %q; want %q, %q, %q", c.Coupon, c.Publisher, c.Reason, tt.coupon, tt.credited, tt.reason)
			}
		})
	}
}

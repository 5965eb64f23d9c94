package domain_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func TestJudgeCouponClick(t *testing.T) {
	at := sale
	expired := changed(coupon("22"), func(c *domain.Coupon) { c.ExpireTime = at })
	tests := []struct {
		says      string
		publisher string
		coupons   []domain.Coupon
		coupon    string
		credited  string
		reason    domain.Reason
	}{
		{"a valid coupon of the link's publisher", "22", []domain.Coupon{coupon("22")}, coupon("22").Name(), "22", domain.NoReason},
		{"the code alone names the publisher", "", []domain.Coupon{coupon("22")}, coupon("22").Name(), "22", domain.NoReason},
		{"another publisher's code", "33", []domain.Coupon{coupon("22")}, "", "33", domain.UnknownCode},
		{"an unknown code", "22", nil, "", "22", domain.UnknownCode},
		{"an expired coupon is kept with the reason", "22", []domain.Coupon{expired}, expired.Name(), "22", domain.Expired},
		{"a shared code without a publisher", "", []domain.Coupon{coupon("22"), coupon("33")}, "", "", domain.AmbiguousCode},
		{"a shared code of which one coupon is valid", "", []domain.Coupon{expired, coupon("33")}, coupon("33").Name(), "33", domain.NoReason},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			c := domain.Click{Publisher: tt.publisher, CouponCode: "salexyz20", Time: at}
			domain.JudgeCouponClick(&c, tt.coupons)
			if c.Coupon != tt.coupon || c.Publisher != tt.credited || c.Reason != tt.reason {
				t.Errorf("got coupon %q, publisher %q, reason %q; want %q, %q, %q", c.Coupon, c.Publisher, c.Reason, tt.coupon, tt.credited, tt.reason)
			}
		})
	}
}

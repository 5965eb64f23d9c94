package delivery_test

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

func usd(cents int64) money.Money {
	return money.Money{Currency: "USD", Units: cents / 100, Nanos: int32(cents%100) * 10_000_000}
}

var changeTime = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

func by(reason string) domain.By {
	return domain.By{Actor: "jo", Time: changeTime, Reason: reason}
}

// credited is a sale of 100.00 USD that earns publisher 22 ten percent and costs twenty.
func credited() domain.Conversion {
	return domain.Conversion{
		ID: "c1", Offer: "10", Publisher: "22", Coupon: "offers/10/coupons/22.SALE20", CouponCode: "SALE20",
		Amount: usd(10000), Payout: usd(1000), Revenue: usd(2000), Status: domain.StatusPending, Outcome: domain.Attributed,
		Method: domain.CouponCode, Revision: 1,
		Basis: &domain.Basis{Rates: &domain.Rates{
			Payout:  money.Payout{Kind: money.Percent, Percent: 100_000},
			Revenue: money.Payout{Kind: money.Percent, Percent: 200_000},
		}},
	}
}

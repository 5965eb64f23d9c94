package record_test

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func usd(units int64, nanos int32) money.Money {
	return money.Money{Currency: "USD", Units: units, Nanos: nanos}
}

// fullBasis has a value in every field, and beside each optional one an element without it.
func fullBasis() *domain.Basis {
	return &domain.Basis{
		Rule: "CODE_FIRST",
		Click: &domain.ConsideredClick{
			Click: "click-1", Publisher: "22", Coupon: "offers/10/coupons/22.A", Time: at(1_700_000_000_123), Reason: domain.Expired, Dropped: []string{"pub_sub_id"},
		},
		Coupons: []domain.ConsideredCoupon{
			{Coupon: "offers/10/coupons/22.A", Publisher: "22", StartTime: at(1_700_000_000_001), ExpireTime: at(1_800_000_000_002), Reason: domain.NotStarted},
			{Coupon: "offers/10/coupons/23.A", Publisher: "23", StartTime: at(1_700_000_000_003)},
		},
		Codes: []domain.ConsideredCode{
			{Code: "A", Coupon: "offers/10/coupons/22.A", Reason: domain.Disabled, Explanation: "first"},
			{Code: "B", Explanation: "second"},
		},
		Precedence: domain.CodeFirst, ClickWindow: 30 * 24 * time.Hour, CouponGrace: 90 * time.Second, OfferETag: "a1B2",
		Rates: &domain.Rates{
			Payout:  money.Payout{Kind: "PERCENT", Percent: 105_000, Cap: usd(20, 0)},
			Revenue: money.Payout{Kind: "FIXED", Fixed: usd(4, 990_000_000)},
		},
	}
}

func fullChanges() []domain.Change {
	from := domain.State{
		Status: domain.StatusPending, Outcome: domain.Attributed, Reason: domain.Expired, Publisher: "22", Coupon: "offers/10/coupons/22.A",
		Method: domain.CouponCode, CouponCode: "A", Amount: usd(49, 900_000_000), Refunded: usd(1, 0), Payout: usd(4, 0), Revenue: usd(0, 5),
	}
	return []domain.Change{
		{
			Number: 1, Kind: domain.ChangeRefund, By: domain.By{Actor: "ann", Time: at(1_700_000_001_000), Reason: "back", Postback: "postback-2"},
			RefundID: "r-1", From: from, To: domain.State{Status: domain.StatusRejected, Outcome: domain.Attributed},
		},
		{Number: 2, Kind: domain.ChangeApprove, By: domain.By{Time: at(1_700_000_002_000)}},
	}
}

func fullConflicts() []domain.Conflict {
	return []domain.Conflict{
		{
			Number: 1, Time: at(1_700_000_003_000), Count: 2, ContentHash: "hash", Postback: "postback-3", Amount: usd(50, 0), Code: "B",
			Click: "click-2", Publisher: "23", Resolution: domain.Dismissed,
		},
		{Number: 2, Time: at(1_700_000_004_000), Count: 1},
	}
}

func fullPostback() domain.Postback {
	return domain.Postback{
		ID: "postback-1", Offer: "10", Conversion: "conversion-1", Outcome: domain.PostbackRejected, Reason: "CODE", Message: "in words", HTTPStatus: 400,
		Method: "POST", Parameters: "a=b", CouponCode: "Straße", TransactionID: "A-1", IdempotencyKey: "key", IP: "203.0.113.7", Authenticated: true,
		Time: at(1_700_000_005_000), Duration: 350 * time.Microsecond, Body: "{", ContentType: "application/json", Warnings: []string{"w"},
	}
}

func fullReplay() *domain.Replay {
	return &domain.Replay{
		Outcome: domain.ReplayRecorded, Reason: "CODE", Message: "in words", Conversion: "conversion-1", Publisher: "22", Time: at(1_700_000_006_000),
	}
}

func fullAttempts() []delivery.Attempt {
	return []delivery.Attempt{
		{Time: at(1_700_000_007_000), HTTPStatus: 500, Latency: 1500 * time.Microsecond, Error: "answered 500"},
		{Time: at(1_700_000_008_000)},
	}
}

func fullProblems() []redirect.Problem {
	return []redirect.Problem{{Severity: redirect.Grave, Reason: "LOST", Message: "m", Fix: "f", Hop: 2}, {Severity: redirect.Doubtful}}
}

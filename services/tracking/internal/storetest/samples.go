package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// samplesMonth is the first day of the month before this one: in the past, but too recent for stores to delete
// anything by their own clocks.
var samplesMonth = sync.OnceValue(func() time.Time {
	year, month, _ := time.Now().UTC().Date()
	return time.Date(year, month-1, 1, 0, 0, 0, 0, time.UTC)
})

// at is a time on the samples' first day, a number of milliseconds after noon.
func at(ms int) time.Time {
	return samplesMonth().Add(12*time.Hour + time.Duration(ms)*time.Millisecond)
}

// hash makes a conversion's id or content hash from any values.
func hash(of ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(of...)))
	return hex.EncodeToString(sum[:16])
}

// fullClick has every field set, each to a different value, so that mixed-up fields are found.
func fullClick() domain.Click {
	return domain.Click{
		ID:         uuid.Must(uuid.NewV7()).String(),
		Offer:      "10",
		Publisher:  "22",
		Coupon:     "offers/10/coupons/22.SALEXYZ20",
		CouponCode: "SaleXYZ20",
		Reason:     domain.Expired,
		PubClickID: "their-click",
		PubSubID:   "sub ž 東京 🎟",
		PubUniques: domain.Uniques{"eins", "zwei", "drei", "vier", "fünf"},
		Crawler:    true,
		IP:         "2001:db8::1",
		UserAgent:  "Mozilla/5.0 (X11; Linux x86_64) \"quoted\" 'and' \\ %s",
		Referer:    "https://example.com/?q=%7B%7D&r=日本",
		Dropped:    []string{`pub_id "a/b" is not an id`, "pub_sub_id had 300 characters; the first 255 are kept"},
		Time:       at(1),

		PublisherUnknown: true,
	}
}

// bareClick has what every click has.
func bareClick() domain.Click {
	return domain.Click{ID: uuid.Must(uuid.NewV7()).String(), Offer: "10", Time: at(0)}
}

// fullConversion has every field set that a new conversion can have; no two of them alike.
func fullConversion() domain.Conversion {
	return domain.Conversion{
		ID:             hash("full"),
		ContentHash:    hash("content"),
		Offer:          "10",
		Publisher:      "22",
		Coupon:         "offers/10/coupons/22.SALEXYZ20",
		CouponCode:     "SaleXYZ20",
		Codes:          "salexyz20\nFrühling\nFREESHIP",
		Click:          "018f4e2a-1111-7222-8333-444455556666",
		TransactionID:  "order ž-東京-🎟-1",
		Event:          "sale.v1",
		Amount:         money.Money{Currency: "USD", Units: 999_999_999_999, Nanos: 999_999_999},
		Discount:       money.Money{Currency: "EUR", Units: 12, Nanos: 250_000_000},
		Payout:         money.Money{Currency: "KWD", Units: 7, Nanos: 5_000_000},
		Status:         domain.StatusApproved,
		Outcome:        domain.Attributed,
		Method:         domain.CouponLink,
		Reason:         domain.ClickTooOld,
		Explanation:    "The code's \"coupon\" is 22's; naïve 🎟.",
		Candidates:     []string{"offers/10/coupons/22.A", "offers/10/coupons/23.A"},
		PubUniques:     domain.Uniques{"eins", "zwei", "drei", "vier", "fünf"},
		PubClickID:     "their-click",
		PubSubID:       "their-sub",
		ConversionTime: at(2),
		CreateTime:     at(3),
		Undeduplicated: true,
		Revenue:        money.Money{Currency: "CLF", Units: 12, Nanos: 500_000},
		UpdateTime:     at(8),
		Revision:       1,
		Postback:       "018f4e2a-9999-7888-8777-666655554444",
		Unplanned:      true,
		CodeUnknown:    true,
		Basis:          fullBasis(),
	}
}

// fullBasis have every field set; no two of them alike.
func fullBasis() *domain.Basis {
	return &domain.Basis{
		Rule: "CODE_FIRST: a code that is \"one\" coupon's wins; naïve 🎟.",
		Click: &domain.ConsideredClick{
			Click: "018f4e2a-1111-7222-8333-444455556666", Publisher: "33", Coupon: "offers/10/coupons/33.OTHER", Time: at(4), Reason: domain.ClickTooOld,
			Dropped: []string{"pub_sub_id had control characters"},
		},
		Coupons: []domain.ConsideredCoupon{
			{Coupon: "offers/10/coupons/22.SALEXYZ20", Publisher: "22", StartTime: at(5), ExpireTime: at(6)},
			{Coupon: "offers/10/coupons/44.SALEXYZ20", Publisher: "44", StartTime: at(7), Reason: domain.Disabled},
		},
		Codes: []domain.ConsideredCode{
			{Code: "salexyz20", Coupon: "offers/10/coupons/22.SALEXYZ20", Explanation: "It earned."},
			{Code: "Frühling", Reason: domain.UnknownCode, Explanation: "It is none."},
		},
		Precedence:  domain.OnlyIfClicked,
		ClickWindow: 30 * 24 * time.Hour,
		CouponGrace: 1500 * time.Millisecond,
		OfferETag:   "a1B2-c3_D4e5",
		Rates: &domain.Rates{
			Payout:  money.Payout{Kind: money.Percent, Percent: 123_456, Cap: money.Money{Currency: "USD", Units: 99, Nanos: 10_000_000}},
			Revenue: money.Payout{Kind: money.Fixed, Fixed: money.Money{Currency: "EUR", Units: 3, Nanos: 20_000_000}},
			Base:    domain.AfterDiscount,
		},
	}
}

// sale is the n-th of a series of conversions that differ as a program's do.
func sale(n int) domain.Conversion {
	code := []string{"SALEXYZ20", "SaleXyz20", "SALEABC20", "", "Über20"}[n%5]
	c := domain.Conversion{
		ID:             hash("sale", n),
		ContentHash:    hash("sale content", n),
		Offer:          []string{"10", "11", "9"}[n%3],
		CouponCode:     code,
		TransactionID:  fmt.Sprintf("order-%04d", n),
		Event:          []string{"sale", "lead"}[n/2%2],
		Status:         domain.StatusPending,
		Outcome:        domain.Unattributed,
		Reason:         domain.NoReference,
		PubUniques:     domain.Uniques{2: code},
		ConversionTime: at(n / 3 * 10), // three at a time
		CreateTime:     at(10_000 - n),
		UpdateTime:     at(10_000 - n),
		Revision:       1,
	}
	if n%4 != 0 {
		c.Publisher, c.Outcome, c.Method, c.Reason = fmt.Sprint(20+n%4), domain.Attributed, domain.CouponCode, domain.NoReason
		c.Status = []domain.Status{domain.StatusPending, domain.StatusApproved}[n%2]
		c.Amount = money.Money{Currency: "USD", Units: int64(n)}
		c.Revenue = money.Money{Currency: "USD", Nanos: int32(n)} //nolint:gosec // a few dozen
	}
	return c
}

// settled is a sale after its i-th kind of settlement.
func settled(c domain.Conversion, i int) domain.Conversion {
	c.Status = []domain.Status{domain.StatusApproved, domain.StatusRejected}[i%2]
	c.Conflicted = i%3 == 0
	c.UpdateTime = at(9_985 + i)
	c.Revision++
	return c
}

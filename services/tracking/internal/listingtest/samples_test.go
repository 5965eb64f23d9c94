package listingtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// begin is when the first of the samples was sold.
func begin() time.Time { return time.Date(2026, time.March, 28, 22, 0, 0, 0, time.UTC) }

// texts are what people and machines send, with what means something to filters and databases.
func texts() []string {
	return []string{
		"", "a", "A", "ab", "Sale", "SALE", "sale%", "sale_", "a b", `quo"te`, `it's`, `back\slash`, "st*r", "žluť", "東京", "🎟", "🎟x", "\ud7ff", "\ue000",
		"$eq", "{}", "null", "0", "10", " a", "a ", "n\x00l",
	}
}

// samples returns so many conversions, the same each time, with few values of each field, so that every
// condition finds some.
func samples(n int) []domain.Conversion {
	chance := rand.New(rand.NewPCG(6, 1))
	rows := make([]domain.Conversion, n)
	for i := range rows {
		rows[i] = sample(i, chance)
	}
	return rows
}

func sample(i int, chance *rand.Rand) domain.Conversion {
	id, _ := domain.ConversionID(domain.Report{Event: "sale", TransactionID: fmt.Sprint(i)}, "10")
	at := begin().Add(time.Duration(chance.IntN(8)) * 500 * time.Millisecond)
	text := func() string { return pick(chance, texts()) }
	c := domain.Conversion{
		ID: id, ContentHash: id, Offer: pick(chance, []string{"10", "11", "shoes-de", "007"}), Publisher: pick(chance, []string{"", "22", "23"}),
		Coupon: pick(chance, []string{"", "offers/10/coupons/22.SALE"}), CouponCode: pick(chance, []string{"", "Sale", "SALE", "sale2"}),
		Click: text(), TransactionID: text(), Event: pick(chance, []string{"sale", "sign-up"}),
		Amount: amount(chance), Discount: amount(chance), Payout: amount(chance), Revenue: amount(chance),
		Status:     pick(chance, []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}),
		Outcome:    pick(chance, []domain.Outcome{domain.Attributed, domain.Unattributed}),
		Method:     pick(chance, []domain.Method{domain.NoMethod, domain.CouponCode, domain.CouponLink, domain.ByClick, domain.ByHand}),
		Reason:     pick(chance, []domain.Reason{domain.NoReason, domain.UnknownCode, domain.Expired}),
		PubUniques: domain.Uniques{text(), text(), text(), text(), text()}, PubClickID: text(), PubSubID: text(),
		ConversionTime: at, CreateTime: at.Add(time.Duration(chance.IntN(2)) * time.Millisecond), UpdateTime: at, Revision: 1,
		Undeduplicated: chance.IntN(2) == 0,
		Postback:       pick(chance, []string{"", "018f4e2a-9999-7888-8777-666655554444", "018f4e2a-9999-7888-8777-666655554445"}),
	}
	c.Codes = domain.Codes(pick(chance, []string{"", "Sale", "SALE", "sale2\nOTHER", "other\nSALE"}))
	if chance.IntN(3) > 0 {
		c.Refunded, c.StatusReason, c.Conflicted, c.Revision = amount(chance), text(), chance.IntN(2) == 0, 2
	}
	return c
}

// fresh returns a sample as it is inserted: without what only a change gives it.
func fresh(c domain.Conversion) domain.Conversion {
	c.Refunded, c.StatusReason, c.Conflicted, c.Revision = money.Money{}, "", false, 1
	return c
}

// amount picks one of a few amounts. Some differ only in their last digit or in their currency.
func amount(chance *rand.Rand) money.Money {
	return pick(chance, []money.Money{
		{},
		{Currency: "USD"},
		{Currency: "EUR"},
		{Currency: "USD", Units: 10},
		{Currency: "USD", Units: 10, Nanos: 500_000_000},
		{Currency: "EUR", Units: 10, Nanos: 500_000_000},
		{Currency: "USD", Units: 10, Nanos: 500_000_001},
		{Currency: "JPY", Units: money.MaxUnits, Nanos: 999_999_999},
	})
}

func pick[T any](chance *rand.Rand, from []T) T { return from[chance.IntN(len(from))] }

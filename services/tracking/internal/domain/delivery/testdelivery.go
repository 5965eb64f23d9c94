package delivery

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

const (
	// testConversion is an id that no conversion can have.
	testConversion = "00000000000000000000000000000000"
	testClick      = "00000000-0000-7000-8000-000000000000"
	testEvent      = "test"
)

// Test returns a delivery that tells a publisher of a made-up conversion that was created approved. Its
// event is `test`, and its id all zeros.
func Test(publisher string, version domain.PayloadVersion, now time.Time) Delivery {
	amount := money.Money{Currency: "USD", Units: 100}
	c := domain.Conversion{
		ID: testConversion, Offer: testEvent, Publisher: publisher, Event: testEvent,
		CouponCode: "TEST10", Click: testClick, PubClickID: testEvent, PubSubID: testEvent,
		PubUniques: domain.Uniques{testEvent, testEvent, "TEST10", testEvent, testEvent}, TransactionID: testEvent,
		Amount: amount, Payout: money.Money{Currency: "USD", Units: 10}, Revenue: money.Money{Currency: "USD", Units: 15},
		Status: domain.StatusApproved, Outcome: domain.Attributed, Method: domain.CouponCode, ConversionTime: now, CreateTime: now, UpdateTime: now,
	}
	return Delivery{
		ID: testConversion + "-0-" + publisher, Conversion: c.ID, Publisher: publisher, Offer: c.Offer, Status: c.Status,
		State: Due, Payload: payload(c, version, happenings(c)[0], c.State()), DueTime: now, FirstDueTime: now, CreateTime: now,
	}
}

package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

func keepingPromises() []promise {
	return []promise{
		{"what is stored is read back whole", testWhole},
		{"what does not exist is not found", testNotFound},
		{"a taken id is refused", testTaken},
		{"what was acknowledged is there after reopening", testReopen},
		{"an ended context ends the call and writes nothing", testEndedContext},
		{"a closed store is unavailable", testClosed},
	}
}

func testWhole(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	got, err := s.Offer(ctx, "10")
	want(t, "the offer", got, err, offer("10"))
	plain := domain.Offer{
		ID: "plain", Credentials: credentials("plain"), CreateTime: moment(0), UpdateTime: moment(0), Revision: 1, UniqueCodes: true,
		PayoutBase: domain.AmountAsSent, // what offers from before the field are read with
	}
	must(t, s.InsertOffer(ctx, plain))
	got, err = s.Offer(ctx, "plain")
	want(t, "an offer with nothing set", got, err, plain)
	rotated := domain.Rotate(offer("12"), credentials("rotated"), time.Hour, moment(2))
	must(t, s.InsertOffer(ctx, rotated))
	got, err = s.Offer(ctx, "12")
	want(t, "an offer with credentials before", got, err, rotated)

	person, err := s.Publisher(ctx, "22")
	want(t, "the publisher", person, err, publisher("22"))
	plainPublisher := domain.Publisher{ID: "plain", CreateTime: moment(0), UpdateTime: moment(0), Revision: 1}
	must(t, s.InsertPublisher(ctx, plainPublisher))
	person, err = s.Publisher(ctx, "plain")
	want(t, "a publisher with nothing set", person, err, plainPublisher)
	renewed := domain.RotateSecret(publisher("25"), "next", time.Hour, moment(2))
	must(t, s.InsertPublisher(ctx, renewed))
	person, err = s.Publisher(ctx, "25")
	want(t, "a publisher with a secret before", person, err, renewed)

	pending := approval("10", "22", domain.ApprovalPending)
	s.approve(t, pending)
	standing, err := s.Approval(ctx, "10", "22")
	want(t, "the approval", standing, err, pending)
	plainApproval := approval("11", "22", domain.ApprovalPending)
	plainApproval.Payout = money.Payout{}
	s.approve(t, plainApproval)
	standing, err = s.Approval(ctx, "11", "22")
	want(t, "an approval without a payout", standing, err, plainApproval)

	stored := coupon("10", "22", "Sale20")
	must(t, s.create(ctx, stored))
	c, err := s.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, stored)
	forever := coupon("10", "22", "forever")
	forever.ExpireTime, forever.InternalNote, forever.Enabled, forever.Payout = time.Time{}, "", false, money.Payout{}
	forever.Settings, forever.UsageLimit, forever.DailyUsageLimit = domain.CouponSettings{}, 0, 0
	forever.Discount = discount.Discount{}
	must(t, s.create(ctx, forever))
	c, err = s.Coupon(ctx, forever.ID())
	want(t, "a coupon that does not expire, with nothing of its own", c, err, forever)
}

func testNotFound(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	_, err := s.Offer(ctx, "12")
	wantError(t, "Offer", err, app.ErrNotFound)
	_, err = s.OfferByToken(ctx, "nobody's", moment(0))
	wantError(t, "OfferByToken", err, app.ErrNotFound)
	_, err = s.Publisher(ctx, "10")
	wantError(t, "Publisher", err, app.ErrNotFound)
	_, err = s.Approval(ctx, "10", "22")
	wantError(t, "Approval", err, app.ErrNotFound)
	_, err = s.Coupon(ctx, "10/22/SALE20")
	wantError(t, "Coupon", err, app.ErrNotFound)

	_, err = s.UpdateOffer(ctx, "12", func(o domain.Offer) (domain.Offer, error) { return o, errUncalled })
	wantError(t, "UpdateOffer", err, app.ErrNotFound)
	_, err = s.UpdatePublisher(ctx, "10", func(p domain.Publisher) (domain.Publisher, error) { return p, errUncalled })
	wantError(t, "UpdatePublisher", err, app.ErrNotFound)
	_, err = s.UpdateCoupon(ctx, "10/22/SALE20", func(c domain.Coupon) (domain.Coupon, error) { return c, errUncalled })
	wantError(t, "UpdateCoupon", err, app.ErrNotFound)
}

var errUncalled = errors.New("the function must not be called")

func testTaken(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	other := offer("10")
	other.DisplayName, other.PostbackToken = "other", "other"
	wantError(t, "InsertOffer", s.InsertOffer(ctx, other), app.ErrExists)
	stored, err := s.Offer(ctx, "10")
	want(t, "the offer", stored, err, offer("10"))
	person := publisher("22")
	person.DisplayName = "other"
	wantError(t, "InsertPublisher", s.InsertPublisher(ctx, person), app.ErrExists)
	found, err := s.Publisher(ctx, "22")
	want(t, "the publisher", found, err, publisher("22"))
}

func testReopen(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	must(t, s.Close())
	again := open(t, s.place)
	c, err := again.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, coupon("10", "22", "SALE20"))
	a, err := again.Approval(ctx, "10", "22")
	want(t, "the approval's state", a.State, err, domain.ApprovalApproved)
	must(t, again.Ping(ctx))
}

func testEndedContext(t *testing.T, s *suite) {
	s.setUp(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.CreateCoupon(ctx, "10", "22", "SALE20", func(standing domain.Standing) (domain.Plan, error) {
		cancel()
		return admit(coupon("10", "22", "SALE20"))(standing)
	})
	wantError(t, "CreateCoupon", err, context.Canceled)
	_, err = s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { return o, nil })
	wantError(t, "UpdateOffer", err, context.Canceled)
	_, err = s.Offer(ctx, "10")
	wantError(t, "Offer", err, context.Canceled)
	wantError(t, "InsertOffer", s.InsertOffer(ctx, offer("12")), context.Canceled)

	s.wantNoTrace(t, "10", "22", "SALE20")
	_, err = s.Offer(t.Context(), "12")
	wantError(t, "the refused offer", err, app.ErrNotFound)
	stored, err := s.Offer(t.Context(), "10")
	want(t, "the offer", stored, err, offer("10"))
}

// wantNoTrace fails the test if there is a coupon or an approval.
func (s *suite) wantNoTrace(t testing.TB, offer, publisher, code string) {
	t.Helper()
	_, err := s.Coupon(t.Context(), domain.CouponID(offer, publisher, code))
	wantError(t, "the coupon", err, app.ErrNotFound)
	_, err = s.Approval(t.Context(), offer, publisher)
	wantError(t, "the approval", err, app.ErrNotFound)
}

func testClosed(t *testing.T, s *suite) {
	must(t, s.Ping(t.Context()))
	must(t, s.Close())
	_, reading := s.Offer(t.Context(), "10")
	_, creating := s.CreateCoupon(t.Context(), "10", "22", "SALE20", admit(coupon("10", "22", "SALE20")))
	_, listing := s.Coupons(t.Context(), everything())
	for what, err := range map[string]error{
		"Ping":         s.Ping(t.Context()),
		"Offer":        reading,
		"Coupons":      listing,
		"InsertOffer":  s.InsertOffer(t.Context(), offer("10")),
		"CreateCoupon": creating,
	} {
		if e := apperr.As(err); e == nil || e.Kind != apperr.Unavailable || e.Reason != "STORE_UNAVAILABLE" {
			t.Errorf("%s: %v, want STORE_UNAVAILABLE", what, err)
		}
	}
}

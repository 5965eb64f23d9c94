package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/discount"
	"github.com/couponlink/couponlink/services/internal/money"
)

func changePromises() []promise {
	return []promise{
		{"a change replaces all and counts the revision", testChange},
		{"a refused change writes nothing", testRefusedChange},
		{"a change keeps the key", testChangedKey},
		{"an approval is put, and put again", testPutApproval},
		{"an approval that does not change is not written", testPutSameApproval},
		{"codes can be made unique only while none is shared, then or later", testMakeUnique},
	}
}

var errRefused = errors.New("refused")

func testChange(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	changed := offer("10")
	changed.DisplayName, changed.State, changed.ClickWindow, changed.UpdateTime = "new", domain.OfferPaused, 0, moment(9)
	got, err := s.UpdateOffer(ctx, "10", func(before domain.Offer) (domain.Offer, error) {
		want(t, "what the change is given", before, nil, offer("10"))
		return changed, nil
	})
	changed.Revision = 2
	want(t, "the result", got, err, changed)
	got, err = s.Offer(ctx, "10")
	want(t, "the offer", got, err, changed)
	got, err = s.Offer(ctx, "11")
	want(t, "the other offer", got, err, offer("11"))

	archived := publisher("22")
	archived.State = domain.PublisherArchived
	archived.PostbackURL, archived.Delivery = "", domain.DeliverySettings{Method: domain.DeliverByGet, PayloadVersion: domain.PayloadV1}
	archived = domain.RotateSecret(archived, "next", time.Hour, moment(9))
	_, err = s.UpdatePublisher(ctx, "22", func(domain.Publisher) (domain.Publisher, error) { return archived, nil })
	must(t, err)
	archived.Revision = 2
	person, err := s.Publisher(ctx, "22")
	want(t, "the publisher", person, err, archived)

	must(t, s.create(ctx, coupon("10", "23", "Sale20")))
	renewed := coupon("10", "23", "Sale20")
	renewed.ExpireTime, renewed.Enabled, renewed.Archived = moment(999), false, true
	renewed.UsageLimit, renewed.DailyUsageLimit = 0, 8
	renewed.Settings.ClickWindow, renewed.Settings.FallbackURL = domain.OptionalDuration{}, ""
	renewed.Discount = discount.Discount{Kind: discount.Fixed, Fixed: "5.00 EUR,6.00 USD"}
	_, err = s.UpdateCoupon(ctx, "10/23/SALE20", func(domain.Coupon) (domain.Coupon, error) { return renewed, nil })
	must(t, err)
	renewed.Revision = 2
	c, err := s.Coupon(ctx, "10/23/SALE20")
	want(t, "the coupon", c, err, renewed)
}

func testRefusedChange(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	_, err := s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { o.DisplayName = "x"; return o, errRefused })
	wantError(t, "UpdateOffer", err, errRefused)
	o, err := s.Offer(ctx, "10")
	want(t, "the offer", o, err, offer("10"))
	_, err = s.UpdatePublisher(ctx, "22", func(p domain.Publisher) (domain.Publisher, error) { p.DisplayName = "x"; return p, errRefused })
	wantError(t, "UpdatePublisher", err, errRefused)
	p, err := s.Publisher(ctx, "22")
	want(t, "the publisher", p, err, publisher("22"))
	_, err = s.UpdateCoupon(ctx, "10/22/SALE20", func(c domain.Coupon) (domain.Coupon, error) { c.Enabled = false; return c, errRefused })
	wantError(t, "UpdateCoupon", err, errRefused)
	c, err := s.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, coupon("10", "22", "SALE20"))
	_, err = s.PutApproval(ctx, "11", "22", func(*domain.Approval) (domain.Approval, error) {
		return approval("11", "22", domain.ApprovalApproved), errRefused
	})
	wantError(t, "PutApproval", err, errRefused)
	_, err = s.Approval(ctx, "11", "22")
	wantError(t, "the approval", err, app.ErrNotFound)
}

func testChangedKey(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	_, err := s.UpdateCoupon(ctx, "10/22/SALE20", func(c domain.Coupon) (domain.Coupon, error) { c.Code = "OTHER"; return c, nil })
	if err == nil {
		t.Error("a change of the code was accepted")
	}
	c, err := s.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, coupon("10", "22", "SALE20"))
	_, err = s.Coupon(ctx, "10/22/OTHER")
	wantError(t, "the other coupon", err, app.ErrNotFound)
}

func testPutApproval(t *testing.T, s *suite) {
	ctx := t.Context()
	first := approval("10", "22", domain.ApprovalPending)
	got, err := s.PutApproval(ctx, "10", "22", func(before *domain.Approval) (domain.Approval, error) {
		if before != nil {
			t.Errorf("the first put is given %+v, want nil", *before)
		}
		return first, nil
	})
	want(t, "the first result", got, err, first)
	second := approval("10", "22", domain.ApprovalBlocked)
	second.UpdateTime, second.Payout.Cap = moment(5), money.Money{}
	got, err = s.PutApproval(ctx, "10", "22", func(before *domain.Approval) (domain.Approval, error) {
		if before == nil || *before != first {
			t.Errorf("the second put is given %+v, want %+v", before, first)
		}
		return second, nil
	})
	second.Revision = 2
	want(t, "the second result", got, err, second)
	got, err = s.Approval(ctx, "10", "22")
	want(t, "the approval", got, err, second)
}

func testPutSameApproval(t *testing.T, s *suite) {
	first := approval("10", "22", domain.ApprovalPending)
	s.approve(t, first)
	got, err := s.PutApproval(t.Context(), "10", "22", func(before *domain.Approval) (domain.Approval, error) { return *before, nil })
	want(t, "the result", got, err, first)
	got, err = s.Approval(t.Context(), "10", "22")
	want(t, "the approval", got, err, first)
}

func testMakeUnique(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	unique := func(o domain.Offer) (domain.Offer, error) { o.UniqueCodes = true; return o, nil }
	for _, c := range []domain.Coupon{
		coupon("10", "22", "SALE20"), coupon("10", "23", "sale20"), coupon("10", "22", "OTHER"),
		coupon("11", "22", "SALE20"), coupon("11", "23", "OTHER"), coupon("11", "22", "MORE"),
	} {
		must(t, s.create(ctx, c))
	}
	_, err := s.UpdateOffer(ctx, "10", unique)
	wantReason(t, "UpdateOffer where a code is shared", err, "CODES_SHARED")
	wantReason(t, "CheckUnshared where a code is shared", s.CheckUnshared(ctx, "10", moment(59)), "CODES_SHARED")
	must(t, s.CheckUnshared(ctx, "10", moment(60))) // By then both have expired.
	must(t, s.CheckUnshared(ctx, "11", moment(0)))
	o, err := s.Offer(ctx, "10")
	want(t, "the offer", o, err, offer("10"))
	o, err = s.UpdateOffer(ctx, "11", unique)
	want(t, "unique codes where none is shared", o.UniqueCodes, err, true)
	want(t, "the revision", o.Revision, nil, 2)
	_, err = s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { o.DisplayName = "x"; return o, nil })
	must(t, err) // Where a code is shared, other changes are free.
}

package app_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
)

// verdict checks what ValidateCoupon says of SALEXYZ20 on offer 10.
func verdict(t *testing.T, s *app.Service, valid bool, reason domain.Reason) {
	t.Helper()
	got := must(s.ValidateCoupon(t.Context(), "SaleXyz20", "10", "", nil))(t)
	if got.Valid != valid || got.Reason != reason {
		t.Errorf("got valid %v %q, want %v %q", got.Valid, got.Reason, valid, reason)
	}
}

// The clock stands still, so that answers in memory change only by writes.
func TestNoAnswerIsBehindAWrite(t *testing.T) {
	s, _ := newService(t)
	verdict(t, s, false, domain.UnknownCode)
	withParties(t, s, []string{"10"}, []string{"22", "23"})
	verdict(t, s, false, domain.UnknownCode)
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	verdict(t, s, true, domain.NoReason)

	change := coupon("10", "22", "SALEXYZ20")
	change.Enabled = false
	must(s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"enabled"}}))(t)
	verdict(t, s, false, domain.Disabled)
	change.Enabled = true
	must(s.UpdateCoupon(t.Context(), change.Offer, change.Publisher, change.Code, as(change), app.Update{Fields: []string{"enabled"}}))(t)
	verdict(t, s, true, domain.NoReason)

	must(s.UpdateOffer(t.Context(), "10", as(domain.Offer{ID: "10", State: domain.OfferPaused}), app.Update{Fields: []string{"state"}}))(t)
	verdict(t, s, false, domain.OfferInactive)
	must(s.UpdateOffer(t.Context(), "10", as(domain.Offer{ID: "10", State: domain.OfferActive}), app.Update{Fields: []string{"state"}}))(t)
	must(s.BlockPublisher(t.Context(), "10", "22"))(t)
	verdict(t, s, false, domain.NotApproved)
	must(s.ApprovePublisher(t.Context(), "10", "22"))(t)
	verdict(t, s, true, domain.NoReason)
	must(s.UpdatePublisher(t.Context(), "22", as(domain.Publisher{ID: "22", State: domain.PublisherArchived}), app.Update{Fields: []string{"state"}}))(t)
	verdict(t, s, false, domain.NotApproved)

	must(s.CreateCoupon(t.Context(), coupon("10", "23", "SALEXYZ20")))(t)
	verdict(t, s, true, domain.NoReason)
	must(s.ArchiveCoupon(t.Context(), "10", "23", "SALEXYZ20", ""))(t)
	verdict(t, s, false, domain.NotApproved)
}

func TestValidityFollowsTheClockAlsoFromMemory(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	c := coupon("10", "22", "SALEXYZ20")
	c.StartTime, c.ExpireTime = noon.Add(200*time.Millisecond), noon.Add(400*time.Millisecond)
	must(s.CreateCoupon(t.Context(), c))(t)
	verdict(t, s, false, domain.NotStarted)
	now.Advance(200 * time.Millisecond)
	verdict(t, s, true, domain.NoReason)
	now.Advance(200 * time.Millisecond)
	verdict(t, s, false, domain.Expired)
}

func TestAnswersAreASecondBehindAnotherInstanceAtMost(t *testing.T) {
	store, now := openStore(t), newClock()
	here, there := newOn(store, now), newOn(store, now)
	withParties(t, there, []string{"10"}, []string{"22"})
	verdict(t, here, false, domain.UnknownCode)
	must(there.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	verdict(t, there, true, domain.NoReason)
	now.Advance(time.Second)
	verdict(t, here, true, domain.NoReason)
}

func TestValidateCouponRefusesWhatIsNoCode(t *testing.T) {
	s, _ := newService(t)
	_, err := s.ValidateCoupon(t.Context(), "SALE_XYZ20", "", "", nil)
	refused(t, err, apperr.InvalidArgument, "INVALID_CODE")
}

func TestValidateCouponOnAllOffers(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, []string{"22"})
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	must(s.CreateCoupon(t.Context(), coupon("11", "22", "SALEXYZ20")))(t)
	got := must(s.ValidateCoupon(t.Context(), "SALEXYZ20", "", "", nil))(t)
	if !got.Valid || got.Reason != domain.AmbiguousCode || len(got.Names) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestACodeOfMoreThanAHundred(t *testing.T) {
	s, _ := newService(t)
	var publishers []string
	for i := range domain.MaxSharers + 5 {
		publishers = append(publishers, fmt.Sprintf("p%03d", i))
	}
	withParties(t, s, []string{"10"}, publishers)
	for _, p := range publishers {
		c := coupon("10", p, "SALEXYZ20")
		c.Enabled = p == publishers[len(publishers)-1]
		must(s.CreateCoupon(t.Context(), c))(t)
	}
	found := must(s.LookupCode(t.Context(), "10", "SALEXYZ20"))(t)
	if len(found.Rows) != domain.MaxSharers || !found.Truncated {
		t.Errorf("got %d, truncated %v", len(found.Rows), found.Truncated)
	}
	got := must(s.ValidateCoupon(t.Context(), "SALEXYZ20", "10", "", nil))(t)
	if !got.Valid || got.Coupon == nil || got.Coupon.Coupon.Publisher != publishers[len(publishers)-1] {
		t.Errorf("the valid one is beyond the first hundred: got %+v", got)
	}
}

func TestLookups(t *testing.T) {
	s, _ := newService(t)
	_, err := s.LookupOffer(t.Context(), "10")
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
	_, err = s.LookupStanding(t.Context(), "10", "22")
	refused(t, err, apperr.NotFound, "PUBLISHER_NOT_FOUND")
	withParties(t, s, []string{"10"}, []string{"22"})
	created := must(s.Offer(t.Context(), "10"))(t)
	if got := must(s.LookupOffer(t.Context(), "10"))(t); *got != created {
		t.Errorf("got %+v, want %+v", *got, created)
	}
	if got := must(s.LookupToken(t.Context(), created.PostbackToken))(t); *got != created {
		t.Errorf("got %+v, want %+v", *got, created)
	}
	for _, token := range []string{"", "x", created.PostbackToken[1:], "00000000000000000000000000000000"} {
		_, err = s.LookupToken(t.Context(), token)
		refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND")
	}
	if got := must(s.LookupStanding(t.Context(), "10", "22"))(t); got != (app.Standing{PublisherState: domain.PublisherActive}) {
		t.Errorf("got %+v", got)
	}
	must(s.CreateCoupon(t.Context(), coupon("10", "22", "SALEXYZ20")))(t)
	if got := must(s.LookupStanding(t.Context(), "10", "22"))(t); got.ApprovalState != domain.ApprovalApproved {
		t.Errorf("got %+v", got)
	}
	own := domain.Approval{Offer: "10", Publisher: "22", Payout: money.Payout{Kind: money.Percent, Percent: 50_000}}
	must(s.UpdateApproval(t.Context(), own.Offer, own.Publisher, as(own), app.Update{Fields: []string{"payout"}}))(t)
	if got := must(s.LookupStanding(t.Context(), "10", "22"))(t); got.ApprovalPayout != own.Payout {
		t.Errorf("got %+v", got)
	}
	found := must(s.LookupCode(t.Context(), "", "salexyz20"))(t)
	if len(found.Rows) != 1 || found.Rows[0].ApprovalState != domain.ApprovalApproved || found.Rows[0].ApprovalPayout != own.Payout || found.Truncated {
		t.Errorf("got %+v", found)
	}
	if found := must(s.LookupCode(t.Context(), "", "SALE_XYZ20"))(t); len(found.Rows) != 0 {
		t.Errorf("got %+v", found)
	}
}

// Writers switch coupons on and off while readers ask. A reader who asks after a write was acknowledged sees
// the write, no matter how many loads race with it.
func TestNoAnswerIsBehindAWriteUnderLoad(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, []string{"22"})
	const writers, rounds = 4, 12
	var done atomic.Bool
	var readers, all sync.WaitGroup
	for i := range writers {
		c := coupon("10", "22", fmt.Sprintf("CODE%d", i))
		must(s.CreateCoupon(t.Context(), c))(t)
		readers.Go(func() { askUntil(t, s, c.Code, &done) })
		all.Go(func() { switchAndAsk(t, s, c, rounds) })
	}
	all.Wait()
	done.Store(true)
	readers.Wait()
}

// askUntil asks for a code again and again, to keep loads under way.
func askUntil(t *testing.T, s *app.Service, code string, done *atomic.Bool) {
	for !done.Load() {
		if _, err := s.ValidateCoupon(context.WithoutCancel(t.Context()), code, "10", "", nil); err != nil {
			t.Error(err)
			return
		}
	}
}

// switchAndAsk switches a coupon on and off, and checks each time that the next answer says so.
func switchAndAsk(t *testing.T, s *app.Service, c domain.Coupon, rounds int) {
	for i := range rounds {
		c.Enabled = i%2 == 0
		if _, err := s.UpdateCoupon(t.Context(), c.Offer, c.Publisher, c.Code, as(c), app.Update{Fields: []string{"enabled"}}); err != nil {
			t.Error(err)
			return
		}
		got, err := s.ValidateCoupon(t.Context(), c.Code, "10", "", nil)
		if err != nil || got.Valid != c.Enabled {
			t.Errorf("%s round %d: enabled %v, got valid %v %s, %v", c.Code, i, c.Enabled, got.Valid, got.Reason, err)
			return
		}
	}
}

package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

func lookupPromises() []promise {
	return []promise{
		{"an offer is found by its token", testToken},
		{"an offer is found by the token before while that is taken", testTokenBefore},
		{"a token is one offer's", testOneToken},
		{"candidates come with all that their validity hangs on", testCandidates},
		{"candidates come by id, and no more than asked for", testCandidateLimit},
		{"who shares a code is listed in order", testSharedWith},
	}
}

func testToken(t *testing.T, s *suite) {
	s.setUp(t)
	o, err := s.OfferByToken(t.Context(), "token-of-11", moment(0))
	want(t, "the offer", o, err, offer("11"))
	s.wantNoOffer(t, "TOKEN-OF-11", moment(0))
	s.wantNoOffer(t, "", moment(0))
}

// wantNoOffer fails the test if an offer accepts a token at a moment.
func (s *suite) wantNoOffer(t testing.TB, token string, now time.Time) {
	t.Helper()
	o, err := s.OfferByToken(t.Context(), token, now)
	if !errors.Is(err, app.ErrNotFound) {
		t.Errorf("the token %q is of offer %q (%v), want none", token, o.ID, err)
	}
}

// rotate changes an offer's credentials as the service does.
func (s *suite) rotate(ctx context.Context, id string, next domain.Credentials, overlap time.Duration) (domain.Offer, error) {
	return s.UpdateOffer(ctx, id, func(o domain.Offer) (domain.Offer, error) { return domain.Rotate(o, next, overlap, moment(10)), nil })
}

func testTokenBefore(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	rotated, err := s.rotate(ctx, "10", credentials("second"), time.Minute)
	must(t, err)
	for _, token := range []string{"token-of-10", "token-of-second"} {
		o, err := s.OfferByToken(ctx, token, moment(11).Add(-time.Millisecond))
		want(t, "the offer by "+token, o, err, rotated)
	}
	s.wantNoOffer(t, "token-of-10", moment(11))
	o, err := s.OfferByToken(ctx, "token-of-second", moment(11))
	want(t, "the offer by its token, after the overlap", o, err, rotated)
	s.wantNoOffer(t, "", moment(0))
	s.wantNoOffer(t, "secret-of-10", moment(0))

	rotated, err = s.rotate(ctx, "10", credentials("third"), time.Minute)
	must(t, err)
	o, err = s.OfferByToken(ctx, "token-of-second", moment(10))
	want(t, "the offer by the token before", o, err, rotated)
	s.wantNoOffer(t, "token-of-10", moment(10))

	_, err = s.rotate(ctx, "10", credentials("fourth"), 0)
	must(t, err)
	s.wantNoOffer(t, "token-of-third", moment(10))
	s.wantNoOffer(t, "token-of-second", moment(10))
}

func testOneToken(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	other := offer("12")
	other.PostbackToken = "token-of-10"
	wantError(t, "InsertOffer", s.InsertOffer(ctx, other), app.ErrExists)
	_, err := s.Offer(ctx, "12")
	wantError(t, "the second", err, app.ErrNotFound)
	if _, err = s.rotate(ctx, "11", credentials("10"), time.Hour); err == nil {
		t.Error("a change to another offer's token was accepted")
	}
	o, err := s.Offer(ctx, "11")
	want(t, "the offer that would have had another's token", o, err, offer("11"))

	// A token that 10 and 11 both had before belongs to neither. If one of them has it now, it belongs to
	// that one.
	_, err = s.rotate(ctx, "10", credentials("a"), time.Hour)
	must(t, err)
	_, err = s.rotate(ctx, "11", credentials("10"), time.Hour)
	must(t, err)
	o, err = s.OfferByToken(ctx, "token-of-10", moment(11))
	want(t, "whose a token is that another had before", o.ID, err, "11")
	_, err = s.rotate(ctx, "11", credentials("b"), time.Hour)
	must(t, err)
	s.wantNoOffer(t, "token-of-10", moment(11))
}

func testCandidates(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "Sale20")))
	must(t, s.create(ctx, coupon("10", "23", "SALE20")))
	must(t, s.create(ctx, coupon("11", "22", "sale20")))
	must(t, s.create(ctx, coupon("10", "22", "SALE201")))
	must(t, s.create(ctx, coupon("10", "24", "SALE20")))
	must(t, s.create(ctx, coupon("11", "24", "SALE20")))
	_, err := s.UpdatePublisher(ctx, "24", func(p domain.Publisher) (domain.Publisher, error) { p.PostbackURL = ""; return p, nil })
	must(t, err)
	blocked := approval("10", "23", domain.ApprovalBlocked)
	s.approve(t, blocked)
	_, err = s.UpdatePublisher(ctx, "22", func(p domain.Publisher) (domain.Publisher, error) { p.State = domain.PublisherArchived; return p, nil })
	must(t, err)
	_, err = s.UpdateOffer(ctx, "11", func(o domain.Offer) (domain.Offer, error) { o.State = domain.OfferPaused; return o, nil })
	must(t, err)
	archived, err := s.UpdateCoupon(ctx, "11/22/SALE20", func(c domain.Coupon) (domain.Coupon, error) { c.Archived = true; return c, nil })
	must(t, err)

	expected := []domain.Candidate{
		{
			Coupon: coupon("10", "22", "Sale20"), OfferState: domain.OfferActive,
			PublisherState: domain.PublisherArchived, ApprovalState: domain.ApprovalApproved,
		},
		{
			Coupon: coupon("10", "23", "SALE20"), OfferState: domain.OfferActive,
			PublisherState: domain.PublisherActive, ApprovalState: domain.ApprovalBlocked, ApprovalPayout: blocked.Payout,
			DeliverOn: publisher("23").Delivery.Statuses,
		},
		{
			Coupon: coupon("10", "24", "SALE20"), OfferState: domain.OfferActive,
			PublisherState: domain.PublisherActive, ApprovalState: domain.ApprovalApproved, // without a URL to be told by
		},
		{
			Coupon: archived, OfferState: domain.OfferPaused,
			PublisherState: domain.PublisherArchived, ApprovalState: domain.ApprovalApproved,
		},
		{
			Coupon: coupon("11", "24", "SALE20"), OfferState: domain.OfferPaused,
			PublisherState: domain.PublisherActive, ApprovalState: domain.ApprovalApproved,
		},
	}
	for _, code := range []string{"SALE20", "sale20"} {
		s.wantCandidates(t, "", code, expected)
		s.wantCandidates(t, "10", code, expected[:3])
		s.wantCandidates(t, "11", code, expected[3:])
		s.wantCandidates(t, "12", code, nil)
	}
	s.wantCandidates(t, "", "SALE2", nil)
}

func (s *suite) wantCandidates(t testing.TB, offer, code string, expected []domain.Candidate) {
	t.Helper()
	got, err := s.Candidates(t.Context(), offer, code, 10)
	if err != nil || !slices.Equal(got, expected) {
		t.Errorf("the candidates for %s on %q are (%v)\n%+v, want\n%+v", code, offer, err, got, expected)
	}
}

func testCandidateLimit(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for _, id := range []string{"11/24", "10/22", "11/22", "10/24", "10/23"} {
		must(t, s.create(ctx, coupon(id[:2], id[3:], "SALE20")))
	}
	got, err := s.Candidates(ctx, "", "SALE20", 4)
	var ids []string
	for _, c := range got {
		ids = append(ids, c.Coupon.ID())
	}
	wantList(t, "the candidates", ids, err, "10/22/SALE20", "10/23/SALE20", "10/24/SALE20", "11/22/SALE20")
}

func testSharedWith(t *testing.T, s *suite) {
	ctx := t.Context()
	must(t, s.InsertOffer(ctx, offer("10")))
	must(t, s.InsertOffer(ctx, offer("11")))
	for _, id := range []string{"b", "a-b", "a", "9", "c"} {
		must(t, s.InsertPublisher(ctx, publisher(id)))
		must(t, s.create(ctx, coupon("10", id, "Sale20")))
	}
	must(t, s.create(ctx, coupon("11", "a", "SALE20")))
	must(t, s.create(ctx, coupon("10", "a", "OTHER")))
	got, err := s.SharedWith(ctx, "10", "b", "sale20", 10)
	wantList(t, "who shares the code", got, err, "9", "a", "a-b", "c")
	got, err = s.SharedWith(ctx, "10", "nobody", "SALE20", 2)
	wantList(t, "the first two who share the code", got, err, "9", "a")
	got, err = s.SharedWith(ctx, "11", "a", "SALE20", 10)
	wantList(t, "who shares a code that is not shared", got, err)
}

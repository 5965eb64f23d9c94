package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

func oncePromises() []promise {
	return []promise{
		{"a call that is repeated gets its first answer", testRepeatedCall},
		{"a call that fails leaves its id free", testFailedCall},
		{"a call that fails leaves nothing of what it wrote", testFailedCallUndone},
		{"the id of another request is refused", testReusedID},
		{"callers with one id do not meet", testCallersOwnIDs},
		{"an id is free after its lifetime", testOldID},
		{"of many calls at once with one id one is made, and all get its answer", testRaceCalls},
		{"of many creates at once with one id one is made, and all get its answer", testRaceCreates},
		{"calls at once with different ids are all made", testRaceManyIDs},
		{"a call's reads see its writes", testCallSeesItself},
		{"a long answer is kept", testLongAnswer},
	}
}

const callID = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47"

func call(hash string, at time.Time) idempotency.Call {
	return idempotency.Call{Caller: "adminKey", ID: callID, Hash: hash, Time: at}
}

// insertOffer returns what a call does: it stores an offer and answers with its id.
func insertOffer(id string) func(context.Context, app.Store) (string, error) {
	return func(ctx context.Context, s app.Store) (string, error) {
		return "made " + id, s.InsertOffer(ctx, offer(id))
	}
}

func never(t testing.TB) func(context.Context, app.Store) (string, error) {
	return func(context.Context, app.Store) (string, error) {
		t.Error("the call was made again")
		return "", nil
	}
}

func testRepeatedCall(t *testing.T, s *suite) {
	ctx := t.Context()
	answer, err := s.Once(ctx, call("a", moment(0)), insertOffer("10"))
	want(t, "the answer", answer, err, "made 10")
	answer, err = s.Once(ctx, call("a", moment(1)), never(t))
	want(t, "the second answer", answer, err, "made 10")
	_, err = s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { o.DisplayName = "another"; return o, nil })
	must(t, err)
	must(t, s.Close())
	answer, err = open(t, s.place).Once(ctx, call("a", moment(2)), never(t))
	want(t, "the answer after a restart", answer, err, "made 10")
}

func testFailedCall(t *testing.T, s *suite) {
	ctx := t.Context()
	_, err := s.Once(ctx, call("a", moment(0)), func(context.Context, app.Store) (string, error) { return "x", errRefused })
	wantError(t, "Once", err, errRefused)
	answer, err := s.Once(ctx, call("another", moment(1)), insertOffer("10"))
	want(t, "the answer of the next call", answer, err, "made 10")
}

func testFailedCallUndone(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	_, err := s.Once(ctx, call("a", moment(0)), func(ctx context.Context, in app.Store) (string, error) {
		c := coupon("10", "22", "SALE20")
		if _, err := in.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c)); err != nil {
			return "", err
		}
		return "x", errRefused
	})
	wantError(t, "Once", err, errRefused)
	coupons, err := s.Coupons(ctx, everything())
	want(t, "the number of coupons", len(coupons), err, 0)
	_, err = s.Approval(ctx, "10", "22")
	wantError(t, "the approval", err, app.ErrNotFound)
}

func testReusedID(t *testing.T, s *suite) {
	ctx := t.Context()
	_, err := s.Once(ctx, call("a", moment(0)), insertOffer("10"))
	must(t, err)
	_, err = s.Once(ctx, call("b", moment(1)), never(t))
	if e := apperr.As(err); e == nil || e.Reason != "IDEMPOTENCY_KEY_REUSED" || e.Kind != apperr.AlreadyExists {
		t.Errorf("another request with the id: %v, want IDEMPOTENCY_KEY_REUSED", err)
	}
	answer, err := s.Once(ctx, call("a", moment(2)), never(t))
	want(t, "the answer to the first request after that", answer, err, "made 10")
}

func testCallersOwnIDs(t *testing.T, s *suite) {
	ctx := t.Context()
	_, err := s.Once(ctx, call("a", moment(0)), insertOffer("10"))
	must(t, err)
	for hash, offer := range map[string]string{"a": "11", "b": "12"} {
		other := call(hash, moment(1))
		other.Caller = "keys/" + hash
		answer, err := s.Once(ctx, other, insertOffer(offer))
		want(t, "the other caller's answer", answer, err, "made "+offer)
	}
	answer, err := s.Once(ctx, call("a", moment(2)), never(t))
	want(t, "the first caller's second answer", answer, err, "made 10")
}

func testOldID(t *testing.T, s *suite) {
	ctx := t.Context()
	_, err := s.Once(ctx, call("a", moment(0)), insertOffer("10"))
	must(t, err)
	answer, err := s.Once(ctx, call("a", moment(0).Add(idempotency.Lifetime-time.Millisecond)), never(t))
	want(t, "the answer just before the lifetime ends", answer, err, "made 10")
	after := moment(0).Add(idempotency.Lifetime)
	answer, err = s.Once(ctx, call("b", after), insertOffer("11"))
	want(t, "the answer after the lifetime", answer, err, "made 11")
	answer, err = s.Once(ctx, call("b", after.Add(time.Hour)), never(t))
	want(t, "the answer to the new call's repetition", answer, err, "made 11")
}

func testRaceCalls(t *testing.T, s *suite) {
	ctx := t.Context()
	answers := make([]string, racers)
	for _, err := range atOnce(racers, func(i int) (err error) {
		answers[i], err = s.Once(ctx, call("a", moment(0)), insertOffer(fmt.Sprint("race-", i)))
		return err
	}) {
		must(t, err)
	}
	offers, err := s.Offers(ctx, everything())
	want(t, "the number of offers", len(offers), err, 1)
	for i, answer := range answers {
		want(t, fmt.Sprint("the answer to call ", i), answer, nil, "made "+offers[0].ID)
	}
}

// testRaceCreates races calls whose effect refuses a second one.
func testRaceCreates(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	answers := make([]string, racers)
	for _, err := range atOnce(racers, func(i int) (err error) {
		c := coupon("10", "22", "SALE20")
		c.InternalNote = fmt.Sprint(i)
		answers[i], err = s.Once(ctx, call("a", moment(0)), func(ctx context.Context, in app.Store) (string, error) {
			plan, err := in.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c))
			return plan.Coupon.InternalNote, err
		})
		return err
	}) {
		must(t, err)
	}
	c, err := s.Coupon(ctx, domain.CouponID("10", "22", "SALE20"))
	must(t, err)
	for i, answer := range answers {
		want(t, fmt.Sprint("the answer to call ", i), answer, nil, c.InternalNote)
	}
}

func testRaceManyIDs(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for _, err := range atOnce(racers, func(i int) error {
		c := coupon("10", "22", fmt.Sprint("CODE", i))
		do := func(ctx context.Context, in app.Store) (string, error) {
			_, err := in.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c))
			return c.Code, err
		}
		if i%2 == 0 { // among calls without an id
			return s.create(ctx, c)
		}
		id := fmt.Sprintf("0195b7a4-5c1e-7d3a-9a52-%012d", i)
		answer, err := s.Once(ctx, idempotency.Call{ID: id, Hash: "a", Time: moment(0)}, do)
		if err == nil && answer != c.Code {
			err = errors.New("the answer is " + answer)
		}
		return err
	}) {
		must(t, err)
	}
	coupons, err := s.Coupons(ctx, everything())
	want(t, "the number of coupons", len(coupons), err, racers)
}

func testCallSeesItself(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	_, err := s.Once(ctx, call("a", moment(0)), func(ctx context.Context, in app.Store) (string, error) {
		c := coupon("10", "22", "SALE20")
		_, err := in.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c))
		must(t, err)
		if _, err := in.CreateCoupon(ctx, c.Offer, c.Publisher, c.Code, admit(c)); apperr.As(err) == nil || apperr.As(err).Reason != "COUPON_EXISTS" {
			t.Errorf("a second create within the call: %v, want COUPON_EXISTS", err)
		}
		_, err = in.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { o.DisplayName = "changed"; return o, nil })
		must(t, err)
		_, err = in.UpdateCoupon(ctx, c.ID(), func(c domain.Coupon) (domain.Coupon, error) { c.ExpireTime = moment(99); return c, nil })
		must(t, err)
		o, err := in.Offer(ctx, "10")
		want(t, "the offer's name within the call", o.DisplayName, err, "changed")
		all, err := in.Coupons(ctx, everything())
		want(t, "the number of coupons within the call", len(all), err, 1)
		return "", nil
	})
	must(t, err)
	c, err := s.Coupon(ctx, domain.CouponID("10", "22", "SALE20"))
	want(t, "the expiry after the call", c.ExpireTime, err, moment(99))
	o, err := s.Offer(ctx, "10")
	want(t, "the offer's name after the call", o.DisplayName, err, "changed")
}

func testLongAnswer(t *testing.T, s *suite) {
	long := strings.Repeat("\x00\xff'", 2<<20)
	answer, err := s.Once(t.Context(), call("a", moment(0)), func(context.Context, app.Store) (string, error) { return long, nil })
	must(t, err)
	again, err := s.Once(t.Context(), call("a", moment(0)), never(t))
	must(t, err)
	if answer != long || again != long {
		t.Errorf("answers of %d and %d bytes, want %d", len(answer), len(again), len(long))
	}
}

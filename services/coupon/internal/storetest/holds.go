package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

func holdPromises() []promise {
	return []promise{
		{"who holds a code, and when, is told", testHolds},
		{"a unique code goes from one publisher to the next", testUniqueInTurn},
		{"of a batch, unique codes are taken at the time of their coupons only", testUniqueManyInTurn},
		{"a coupon with a unique code moves where no other is", testMoveUnique},
		{"of coupons that move to one time at once one wins", testRaceMoves},
		{"a coupon that moves to a time and one that is created in it do not both succeed", testRaceMoveAndCreate},
		{"making codes unique and moving a coupon over another do not both succeed", testRaceMoveAndMakeUnique},
	}
}

func wantReason(t testing.TB, what string, err error, reason string) {
	t.Helper()
	if e := apperr.As(err); e == nil || e.Reason != reason {
		t.Errorf("%s: got %v, want %s", what, err, reason)
	}
}

// between returns a coupon that is valid from one moment to another.
func between(offer, publisher, code string, from, to int) domain.Coupon {
	c := coupon(offer, publisher, code)
	c.StartTime, c.ExpireTime = moment(from), moment(to)
	return c
}

// setUpUnique stores what setUp does, and makes the codes of offer 10 unique.
func (s *suite) setUpUnique(t testing.TB) {
	t.Helper()
	s.setUp(t)
	_, err := s.UpdateOffer(t.Context(), "10", func(o domain.Offer) (domain.Offer, error) { o.UniqueCodes = true; return o, nil })
	must(t, err)
}

// move changes the dates of a coupon to those of to.
func (s *suite) move(t testing.TB, to domain.Coupon) error {
	t.Helper()
	_, err := s.UpdateCoupon(t.Context(), to.ID(), func(c domain.Coupon) (domain.Coupon, error) {
		c.StartTime, c.ExpireTime = to.StartTime, to.ExpireTime
		return c, nil
	})
	return err
}

// archive archives a coupon at a moment.
func (s *suite) archive(t testing.TB, id string, at int) {
	t.Helper()
	_, err := s.UpdateCoupon(t.Context(), id, func(c domain.Coupon) (domain.Coupon, error) {
		c.Archived, c.UpdateTime = true, moment(at)
		return c, nil
	})
	must(t, err)
}

func testHolds(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for _, c := range []domain.Coupon{
		between("10", "22", "SALE", 1, 9), between("10", "23", "Sale", 2, 8), between("10", "24", "sale", 3, 7),
		between("10", "23", "OTHER", 1, 9), between("11", "23", "SALE", 1, 9),
	} {
		must(t, s.create(ctx, c))
	}
	s.archive(t, "10/24/SALE", 5)
	holds, err := s.Holds(ctx, "10", "22", "sale")
	slices.SortFunc(holds, func(a, b domain.Hold) int { return strings.Compare(a.Publisher, b.Publisher) })
	must(t, err)
	if expected := []domain.Hold{{Publisher: "23", Start: moment(2), End: moment(8)}, {Publisher: "24", Start: moment(3), End: moment(5)}}; !slices.Equal(holds, expected) {
		t.Errorf("the holds of the others are %v, want %v", holds, expected)
	}
	holds, err = s.Holds(ctx, "11", "23", "SALE")
	want(t, "the number of holds of a code that nobody else has", len(holds), err, 0)
}

func testUniqueInTurn(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUpUnique(t)
	must(t, s.create(ctx, between("10", "22", "SALE", 10, 20)))
	wantReason(t, "a create in its time", s.create(ctx, between("10", "23", "sale", 19, 30)), "CODE_TAKEN")
	must(t, s.create(ctx, between("10", "23", "sale", 20, 30)))
	wantReason(t, "a create over both", s.create(ctx, between("10", "24", "SALE", 1, 40)), "CODE_TAKEN")
	s.archive(t, "10/23/SALE", 25)
	wantReason(t, "a create before the other was archived", s.create(ctx, between("10", "24", "SALE", 24, 40)), "CODE_TAKEN")
	must(t, s.create(ctx, between("10", "24", "SALE", 25, 40)))
}

func testUniqueManyInTurn(t *testing.T, s *suite) {
	s.setUpUnique(t)
	must(t, s.create(t.Context(), between("10", "22", "SALE", 10, 20)))
	_, err := s.createMany(t, between("10", "22", "OTHER", 1, 5), between("10", "23", "sale", 19, 30))
	wantReason(t, "a batch that takes a code", err, "CODE_TAKEN")
	_, err = s.createMany(t, between("10", "24", "OTHER", 1, 5), between("10", "23", "OTHER", 4, 9))
	wantReason(t, "a batch that shares a code", err, "CODE_TAKEN")
	_, err = s.createMany(t, between("10", "24", "SALE", 1, 10), between("10", "23", "sale", 20, 30))
	must(t, err)
	s.wantCoupons(t, "10/22/SALE", "10/23/SALE", "10/24/SALE")
}

func testMoveUnique(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUpUnique(t)
	must(t, s.create(ctx, between("10", "22", "SALE", 10, 20)))
	must(t, s.create(ctx, between("10", "23", "SALE", 30, 40)))
	wantReason(t, "an expiry in another's time", s.move(t, between("10", "22", "SALE", 10, 31)), "CODE_TAKEN")
	wantReason(t, "a start in another's time", s.move(t, between("10", "23", "SALE", 19, 40)), "CODE_TAKEN")
	stored, err := s.Coupon(ctx, "10/22/SALE")
	want(t, "the coupon after that", stored, err, between("10", "22", "SALE", 10, 20))
	must(t, s.move(t, between("10", "22", "SALE", 5, 30)))
	must(t, s.move(t, between("10", "22", "SALE", 40, 50)))
	must(t, s.move(t, between("10", "23", "SALE", 1, 40)))
	s.archive(t, "10/22/SALE", 45)
	must(t, s.move(t, between("10", "23", "SALE", 45, 60)))

	must(t, s.create(ctx, between("11", "22", "SALE", 10, 20)))
	must(t, s.create(ctx, between("11", "23", "SALE", 30, 40)))
	must(t, s.move(t, between("11", "22", "SALE", 1, 99))) // Its offer lets codes be shared.
}

func testRaceMoves(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUpUnique(t)
	who := []string{"22", "23", "24"}
	for round := range 5 {
		code := fmt.Sprintf("CODE%d", round)
		for i, publisher := range who {
			must(t, s.create(ctx, between("10", publisher, code, 10*i, 10*i+10)))
		}
		errs := atOnce(len(who), func(i int) error { return s.move(t, between("10", who[i], code, 100, 110)) })
		if won, lost := tally(t, errs, "CODE_TAKEN"); won != 1 || lost != len(who)-1 {
			t.Errorf("round %d: %d moved and %d were told CODE_TAKEN, want 1 and %d", round, won, lost, len(who)-1)
		}
	}
}

func testRaceMoveAndCreate(t *testing.T, s *suite) {
	s.setUpUnique(t)
	for round := range 5 {
		code := fmt.Sprintf("CODE%d", round)
		must(t, s.create(t.Context(), between("10", "22", code, 10, 20)))
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.move(t, between("10", "22", code, 10, 40))
			}
			return s.create(t.Context(), between("10", "23", code, 30, 50))
		})
		if won, lost := tally(t, errs, "CODE_TAKEN"); won != 1 || lost != 1 {
			t.Errorf("round %d: moving: %v, creating: %v; want one to succeed", round, errs[0], errs[1])
		}
	}
}

func testRaceMoveAndMakeUnique(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for round := range 5 {
		id, code := fmt.Sprint("race-", round), "SALE"
		must(t, s.InsertOffer(ctx, offer(id)))
		must(t, s.create(ctx, between(id, "22", code, 10, 20)))
		must(t, s.create(ctx, between(id, "23", code, 30, 40)))
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.move(t, between(id, "22", code, 10, 31))
			}
			_, err := s.UpdateOffer(ctx, id, func(o domain.Offer) (domain.Offer, error) { o.UniqueCodes = true; return o, nil })
			return err
		})
		tally(t, errs[:1], "CODE_TAKEN")
		tally(t, errs[1:], "CODES_SHARED")
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("round %d: moving: %v, making unique: %v; want one to succeed", round, errs[0], errs[1])
		}
	}
}

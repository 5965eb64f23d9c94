package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
)

func bulkPromises() []promise {
	return []promise{
		{"a create of many shows what stands", testManyStandings},
		{"a create of many writes coupons and approvals, each seeing those before", testCreateMany},
		{"a refused create of many writes nothing", testRefusedMany},
		{"a create of many is refused by the database when its plan ignores that a key is taken", testBlindMany},
		{"a create of many is all or nothing when a write fails", testAtomicMany},
		{"a create of 10,000 takes seconds", testCreateThousands},
		{"of creates of the same many at once one wins, with all", testRaceMany},
		{"of a create of many and one of these at once one wins", testRaceManyWithOne},
	}
}

// admitEach plans coupons as the service does, and all or none.
func admitEach(drafts []domain.Coupon) func(*domain.Standings) ([]domain.Plan, error) {
	return func(standings *domain.Standings) ([]domain.Plan, error) {
		var plans []domain.Plan
		for _, draft := range drafts {
			plan, err := standings.Admit(draft, draft.CreateTime)
			if err != nil {
				return nil, err
			}
			plans = append(plans, plan)
		}
		return plans, nil
	}
}

// createMany stores many coupons as the service does.
func (s *suite) createMany(t testing.TB, drafts ...domain.Coupon) ([]domain.Plan, error) {
	t.Helper()
	return s.CreateCoupons(t.Context(), drafts, admitEach(drafts))
}

// wantCoupons fails the test unless exactly these coupons are stored. They are given by id.
func (s *suite) wantCoupons(t testing.TB, ids ...string) {
	t.Helper()
	coupons, err := s.Coupons(t.Context(), everything())
	var found []string
	for _, c := range coupons {
		found = append(found, c.ID())
	}
	wantList(t, "the stored coupons", found, err, ids...)
}

func testManyStandings(t *testing.T, s *suite) {
	s.setUp(t)
	for _, who := range []string{"24", "23", "22"} {
		must(t, s.create(t.Context(), coupon("10", who, "sale20")))
	}
	drafts := []domain.Coupon{
		coupon("10", "22", "Sale20"), coupon("10", "22", "FREE"), coupon("11", "23", "SALE20"), coupon("12", "99", "SALE20"),
	}
	var shown []domain.Standing
	_, err := s.CreateCoupons(t.Context(), drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
		shown = nil
		for _, draft := range drafts {
			shown = append(shown, standings.Of(draft))
		}
		wantList(t, "what is free on offer 10", standings.Free("10", []string{"sale20", "FREE"}), nil, "FREE")
		return nil, errRefused
	})
	wantError(t, "CreateCoupons", err, errRefused)
	if len(shown) != len(drafts) {
		t.Fatalf("%d standings were shown", len(shown))
	}
	full := shown[0]
	if full.Offer == nil || full.Publisher == nil || full.Approval == nil || !full.Exists {
		t.Fatalf("where all is, what stands is %+v", full)
	}
	want(t, "the offer", *full.Offer, nil, offer("10"))
	want(t, "the publisher", *full.Publisher, nil, publisher("22"))
	want(t, "the approval's state", full.Approval.State, nil, domain.ApprovalApproved)
	wantList(t, "who else has it", full.SharedWith, nil, "23", "24")
	if free := shown[1]; free.Exists || len(free.SharedWith) > 0 || free.Approval == nil {
		t.Errorf("what stands of a free code is %+v", free)
	}
	if other := shown[2]; other.Exists || len(other.SharedWith) > 0 || other.Approval != nil || other.Offer.ID != "11" {
		t.Errorf("what stands on the other offer is %+v", other)
	}
	if none := shown[3]; none.Offer != nil || none.Publisher != nil || none.Approval != nil || none.Exists {
		t.Errorf("where nothing is, what stands is %+v", none)
	}
}

func testCreateMany(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	s.approve(t, approval("11", "22", domain.ApprovalPending))
	drafts := []domain.Coupon{coupon("10", "22", "Sale20"), coupon("10", "22", "OTHER"), coupon("11", "22", "SALE20"), coupon("10", "23", "SALE20")}
	plans, err := s.createMany(t, drafts...)
	must(t, err)
	for i, draft := range drafts {
		want(t, "a planned coupon", plans[i].Coupon, nil, draft)
		stored, err := s.Coupon(ctx, draft.ID())
		want(t, "the stored coupon", stored, err, draft)
	}
	wantList(t, "who shares the last", plans[3].SharedWith, nil, "22")
	wantList(t, "who shares the one on another offer", plans[2].SharedWith, nil)
	if plans[0].Approval == nil || plans[1].Approval != nil || plans[2].Approval == nil || plans[3].Approval == nil {
		t.Errorf("the plans are %+v, want an approval in all but the second", plans)
	}
	for id, revision := range map[string]int64{"10/22": 1, "11/22": 2, "10/23": 1} {
		stored, err := s.Approval(ctx, id[:2], id[3:])
		want(t, "the approval's revision", stored.Revision, err, revision)
		want(t, "the approval's state", stored.State, err, domain.ApprovalApproved)
	}
	o, err := s.Offer(ctx, "10")
	want(t, "the offer", o, err, offer("10"))
}

func testRefusedMany(t *testing.T, s *suite) {
	s.setUp(t)
	must(t, s.create(t.Context(), coupon("10", "22", "SALE20")))
	_, err := s.createMany(t, coupon("10", "23", "NEW"), coupon("10", "22", "sale20"))
	tally(t, []error{err}, "COUPON_EXISTS")
	_, err = s.createMany(t, coupon("11", "23", "TWICE"), coupon("11", "23", "twice"))
	tally(t, []error{err}, "COUPON_EXISTS")
	s.wantNoTrace(t, "10", "23", "NEW")
	s.wantNoTrace(t, "11", "23", "TWICE")
	s.wantCoupons(t, "10/22/SALE20")
}

// blindEach plans coupons without looking at their standings.
func blindEach(coupons ...domain.Coupon) func(*domain.Standings) ([]domain.Plan, error) {
	return func(*domain.Standings) ([]domain.Plan, error) {
		var plans []domain.Plan
		for _, c := range coupons {
			plans = append(plans, domain.Plan{Coupon: c})
		}
		return plans, nil
	}
}

func testBlindMany(t *testing.T, s *suite) {
	s.setUp(t)
	first := coupon("10", "22", "SALE20")
	must(t, s.create(t.Context(), first))
	second := coupon("10", "22", "sale20")
	second.InternalNote = "second"
	_, err := s.CreateCoupons(t.Context(), []domain.Coupon{second}, blindEach(second))
	wantError(t, "CreateCoupons", err, app.ErrExists)
	c, err := s.Coupon(t.Context(), first.ID())
	want(t, "the coupon", c, err, first)
}

func testAtomicMany(t *testing.T, s *suite) {
	s.setUp(t)
	must(t, s.create(t.Context(), coupon("10", "22", "SALE20")))
	drafts := []domain.Coupon{coupon("10", "23", "NEW"), coupon("10", "22", "SALE20"), coupon("11", "23", "NEW")}
	given := approval("10", "23", domain.ApprovalApproved)
	_, err := s.CreateCoupons(t.Context(), drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
		plans, err := blindEach(drafts...)(standings)
		plans[0].Approval = &given
		return plans, err
	})
	wantError(t, "CreateCoupons", err, app.ErrExists)
	s.wantNoTrace(t, "10", "23", "NEW")
	s.wantCoupons(t, "10/22/SALE20")
}

// thousands returns a coupon for each of many codes.
func thousands(count int) []domain.Coupon {
	drafts := make([]domain.Coupon, count)
	for i := range drafts {
		drafts[i] = coupon("10", "22", fmt.Sprintf("BULK%05d", i))
	}
	return drafts
}

func testCreateThousands(t *testing.T, s *suite) {
	s.setUp(t)
	drafts := thousands(domain.MaxSeriesCount)
	began := time.Now()
	_, err := s.createMany(t, drafts...)
	must(t, err)
	t.Logf("%d coupons in one transaction: %v", len(drafts), time.Since(began))
	for _, i := range []int{0, 4_999, domain.MaxSeriesCount - 1} {
		c, err := s.Coupon(t.Context(), drafts[i].ID())
		want(t, "a coupon", c, err, drafts[i])
	}
	newest, err := s.Coupons(t.Context(), listing.Query{Order: []listing.Order{{Field: "id", Desc: true}}, Limit: 1})
	must(t, err)
	want(t, "the last coupon", newest[0], nil, drafts[len(drafts)-1])
	_, err = s.createMany(t, slices.Concat(drafts[9_000:], []domain.Coupon{coupon("10", "23", "NEW")})...)
	tally(t, []error{err}, "COUPON_EXISTS")
	s.wantNoTrace(t, "10", "23", "NEW")
}

// testRaceMany lets publishers race for the same codes, as happens if two generate the same codes by chance.
func testRaceMany(t *testing.T, s *suite) {
	s.setUp(t)
	codes := []string{"CODE1", "CODE2", "CODE3", "CODE4"}
	who := []string{"22", "23", "24"}
	const rounds = 4
	errs := atOnce(len(who)*rounds, func(i int) error {
		mine := slices.Clone(codes)
		if i%2 == 0 {
			slices.Reverse(mine)
		}
		drafts := domain.WithCodes(coupon("10", who[i%len(who)], ""), mine)
		_, err := s.CreateCoupons(t.Context(), drafts, func(standings *domain.Standings) ([]domain.Plan, error) {
			if len(standings.Free("10", mine)) < len(mine) {
				return nil, errRefused
			}
			return admitEach(drafts)(standings)
		})
		return err
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			wantError(t, "CreateCoupons", err, errRefused)
		}
	}
	want(t, "the number of winners", won, nil, 1)
	coupons, err := s.Coupons(t.Context(), everything())
	want(t, "the number of coupons", len(coupons), err, len(codes))
	approvals, err := s.Approvals(t.Context(), everything())
	want(t, "the number of approvals", len(approvals), err, 1)
}

func testRaceManyWithOne(t *testing.T, s *suite) {
	s.setUp(t)
	for round := range 10 {
		codes := []string{fmt.Sprint("A", round, "X"), fmt.Sprint("B", round, "X"), fmt.Sprint("C", round, "X")}
		drafts := domain.WithCodes(coupon("10", "22", ""), codes)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.create(t.Context(), coupon("10", "22", codes[1]))
			}
			_, err := s.createMany(t, drafts...)
			return err
		})
		won, _ := tally(t, errs, "COUPON_EXISTS")
		want(t, "the number of winners", won, nil, 1)
		for i, draft := range drafts {
			_, err := s.Coupon(t.Context(), draft.ID())
			if errs[1] == nil || i == 1 {
				must(t, err)
			} else {
				wantError(t, "a coupon of the batch that lost", err, app.ErrNotFound)
			}
		}
	}
}

package storetest

import (
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

func createPromises() []promise {
	return []promise{
		{"a create shows what stands", testStanding},
		{"a create writes coupon and approval", testCreate},
		{"a create approves who is pending", testCreatePending},
		{"a refused create writes nothing", testRefusedCreate},
		{"a create is refused by the database when its plan ignores that the key is taken", testBlindCreate},
		{"a create is all or nothing when a write fails", testAtomicCreate},
		{"a create leaves the offer's revision alone", testCreateLeavesOffer},
	}
}

func testStanding(t *testing.T, s *suite) {
	ctx := t.Context()
	show := func(offer, publisher, code string) (shown domain.Standing) {
		t.Helper()
		_, err := s.CreateCoupon(ctx, offer, publisher, code, func(standing domain.Standing) (domain.Plan, error) {
			shown = standing
			return domain.Plan{}, errRefused
		})
		wantError(t, "CreateCoupon", err, errRefused)
		return shown
	}
	empty := show("10", "22", "SALE20")
	if empty.Offer != nil || empty.Publisher != nil || empty.Approval != nil || empty.Exists || len(empty.SharedWith) > 0 {
		t.Errorf("where nothing is, what stands is %+v", empty)
	}
	s.setUp(t)
	for _, who := range []string{"24", "23", "22"} {
		must(t, s.create(ctx, coupon("10", who, "sale20")))
	}
	must(t, s.create(ctx, coupon("11", "22", "Sale20")))
	full := show("10", "22", "SALE20")
	if full.Offer == nil || full.Publisher == nil || full.Approval == nil {
		t.Fatalf("where all is, what stands is %+v", full)
	}
	want(t, "the offer", *full.Offer, nil, offer("10"))
	want(t, "the publisher", *full.Publisher, nil, publisher("22"))
	want(t, "the approval's state", full.Approval.State, nil, domain.ApprovalApproved)
	want(t, "whether it exists", full.Exists, nil, true)
	wantList(t, "who else has it", full.SharedWith, nil, "23", "24")
	other := show("11", "23", "SALE20")
	want(t, "whether another exists", other.Exists, nil, false)
	wantList(t, "who else has the other", other.SharedWith, nil, "22")
}

func testCreate(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	draft := coupon("10", "22", "Sale20")
	plan, err := s.CreateCoupon(ctx, "10", "22", "Sale20", admit(draft))
	want(t, "the planned coupon", plan.Coupon, err, draft)
	given := domain.Approval{
		Offer: "10", Publisher: "22", State: domain.ApprovalApproved, Source: domain.SourceCoupon,
		CreateTime: moment(0), UpdateTime: moment(0), Revision: 1,
	}
	if plan.Approval == nil || *plan.Approval != given {
		t.Errorf("the planned approval is %+v, want %+v", plan.Approval, given)
	}
	a, err := s.Approval(ctx, "10", "22")
	want(t, "the approval", a, err, given)

	plan, err = s.CreateCoupon(ctx, "10", "22", "OTHER", admit(coupon("10", "22", "OTHER")))
	must(t, err)
	if plan.Approval != nil {
		t.Errorf("an approved publisher was approved again: %+v", *plan.Approval)
	}
	a, err = s.Approval(ctx, "10", "22")
	want(t, "the approval after a second coupon", a, err, given)

	plan, err = s.CreateCoupon(ctx, "10", "23", "SALE20", admit(coupon("10", "23", "SALE20")))
	wantList(t, "who shares the code", plan.SharedWith, err, "22")
}

func testCreatePending(t *testing.T, s *suite) {
	s.setUp(t)
	s.approve(t, approval("10", "22", domain.ApprovalPending))
	must(t, s.create(t.Context(), coupon("10", "22", "SALE20")))
	a, err := s.Approval(t.Context(), "10", "22")
	expected := approval("10", "22", domain.ApprovalApproved)
	expected.Source, expected.Revision = domain.SourceCoupon, 2
	want(t, "the approval", a, err, expected)
}

func testRefusedCreate(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	_, err := s.CreateCoupon(ctx, "10", "22", "SALE20", func(standing domain.Standing) (domain.Plan, error) {
		plan, _ := admit(coupon("10", "22", "SALE20"))(standing)
		return plan, errRefused
	})
	wantError(t, "CreateCoupon", err, errRefused)
	s.wantNoTrace(t, "10", "22", "SALE20")

	s.approve(t, approval("10", "23", domain.ApprovalBlocked))
	if e := apperr.As(s.create(ctx, coupon("10", "23", "SALE20"))); e == nil || e.Reason != "PUBLISHER_BLOCKED" {
		t.Errorf("a create for a blocked publisher: %v", e)
	}
	a, err := s.Approval(ctx, "10", "23")
	want(t, "the blocked publisher's approval", a, err, approval("10", "23", domain.ApprovalBlocked))
	_, err = s.Coupon(ctx, "10/23/SALE20")
	wantError(t, "the blocked publisher's coupon", err, app.ErrNotFound)
}

// blind plans a coupon and an approval without looking at the standing.
func blind(c domain.Coupon, a domain.Approval) func(domain.Standing) (domain.Plan, error) {
	return func(domain.Standing) (domain.Plan, error) { return domain.Plan{Coupon: c, Approval: &a}, nil }
}

func testBlindCreate(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	first := coupon("10", "22", "SALE20")
	must(t, s.create(ctx, first))
	second := coupon("10", "22", "sale20")
	second.InternalNote = "second"
	_, err := s.CreateCoupon(ctx, "10", "22", "sale20", blind(second, approval("10", "22", domain.ApprovalApproved)))
	wantError(t, "CreateCoupon", err, app.ErrExists)
	c, err := s.Coupon(ctx, "10/22/SALE20")
	want(t, "the coupon", c, err, first)
}

func testAtomicCreate(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	// The coupon's key is taken, and the approval, which is written first, is another publisher's.
	_, err := s.CreateCoupon(ctx, "10", "23", "SALE20", blind(coupon("10", "22", "SALE20"), approval("10", "23", domain.ApprovalApproved)))
	wantError(t, "CreateCoupon", err, app.ErrExists)
	s.wantNoTrace(t, "10", "23", "SALE20")
}

func testCreateLeavesOffer(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	must(t, s.create(ctx, coupon("10", "23", "SALE20")))
	o, err := s.Offer(ctx, "10")
	want(t, "the offer", o, err, offer("10"))
}

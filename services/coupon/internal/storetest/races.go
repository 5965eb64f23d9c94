package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
)

// racers is the number of goroutines in a race.
const racers = 40

func racePromises() []promise {
	return []promise{
		{"of many creates of one coupon one wins, and the others know why", testRaceOneCoupon},
		{"of publishers who race for a code of an offer with unique codes one wins", testRaceUniqueCode},
		{"creates for many publishers at once all succeed and see each other", testRaceShared},
		{"making codes unique and sharing one do not both succeed", testRaceMakeUnique},
		{"blocking and creating at once leaves no coupon that nobody approved", testRaceBlock},
		{"changes of an offer at once lose nothing", testRaceOffer},
		{"rotations of an offer's credentials at once leave those of two of them", testRaceRotate},
		{"rotations of a publisher's delivery secret at once leave those of two of them", testRacePublisher},
		{"changes of a coupon at once lose nothing", testRaceCoupon},
		{"puts of an approval at once lose nothing", testRaceApproval},
		{"of many inserts of one id one wins", testRaceInsert},
	}
}

// tally counts the nil errors and the errors with a reason, and fails the test on any other.
func tally(t testing.TB, errs []error, reason string) (won, lost int) {
	t.Helper()
	for _, err := range errs {
		e := apperr.As(err)
		switch {
		case err == nil:
			won++
		case e != nil && e.Reason == reason:
			lost++
		default:
			t.Errorf("error %v, want none or %s", err, reason)
		}
	}
	return won, lost
}

func testRaceOneCoupon(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	errs := atOnce(racers, func(i int) error {
		c := coupon("10", "22", []string{"SALE20", "sale20", "Sale20"}[i%3])
		c.InternalNote = fmt.Sprint(i)
		return s.create(ctx, c)
	})
	if won, lost := tally(t, errs, "COUPON_EXISTS"); won != 1 || lost != racers-1 {
		t.Errorf("%d creates won and %d were told COUPON_EXISTS, want 1 and %d", won, lost, racers-1)
	}
	coupons, err := s.Coupons(ctx, everything())
	want(t, "the number of coupons", len(coupons), err, 1)
	for i, err := range errs {
		if err == nil && coupons[0].InternalNote != fmt.Sprint(i) {
			t.Errorf("create %d won, and the coupon of create %s is stored", i, coupons[0].InternalNote)
		}
	}
	approvals, err := s.Approvals(ctx, everything())
	want(t, "the number of approvals", len(approvals), err, 1)
	want(t, "the approval's revision", approvals[0].Revision, nil, 1)
}

func testRaceUniqueCode(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	unique := offer("unique")
	unique.UniqueCodes = true
	must(t, s.InsertOffer(ctx, unique))
	for round := range 5 {
		code := fmt.Sprintf("CODE%d", round)
		who := []string{"22", "23", "24"}
		errs := atOnce(len(who), func(i int) error { return s.create(ctx, coupon("unique", who[i], code)) })
		if won, lost := tally(t, errs, "CODE_TAKEN"); won != 1 || lost != len(who)-1 {
			t.Errorf("round %d: %d publishers got the code and %d were told CODE_TAKEN, want 1 and %d", round, won, lost, len(who)-1)
		}
		found, err := s.Candidates(ctx, "unique", code, 10)
		want(t, "the number of coupons with the code", len(found), err, 1)
	}
}

func testRaceShared(t *testing.T, s *suite) {
	ctx := t.Context()
	must(t, s.InsertOffer(ctx, offer("10")))
	const publishers = 20
	for i := range publishers {
		must(t, s.InsertPublisher(ctx, publisher(fmt.Sprint("p", i))))
	}
	sharers := make([]int, publishers)
	errs := atOnce(publishers, func(i int) error {
		who := fmt.Sprint("p", i)
		plan, err := s.CreateCoupon(ctx, "10", who, "SALE20", admit(coupon("10", who, "SALE20")))
		sharers[i] = len(plan.SharedWith)
		return err
	})
	if won, _ := tally(t, errs, "none"); won != publishers {
		t.Errorf("%d creates succeeded, want %d", won, publishers)
	}
	// The creates are serialized: the first sees nobody, the second one publisher, and so on.
	seen := map[int]int{}
	for _, n := range sharers {
		seen[n]++
	}
	for n := range publishers {
		if seen[n] != 1 {
			t.Errorf("%d creates saw %d others, want 1; all: %v", seen[n], n, sharers)
		}
	}
}

func testRaceMakeUnique(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for round := range 5 {
		id, code := fmt.Sprint("race-", round), "SALE20"
		must(t, s.InsertOffer(ctx, offer(id)))
		must(t, s.create(ctx, coupon(id, "22", code)))
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.create(ctx, coupon(id, "23", code))
			}
			_, err := s.UpdateOffer(ctx, id, func(o domain.Offer) (domain.Offer, error) { o.UniqueCodes = true; return o, nil })
			return err
		})
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("round %d: sharing: %v, making unique: %v; want one to succeed", round, errs[0], errs[1])
		}
		tally(t, errs[:1], "CODE_TAKEN")
		tally(t, errs[1:], "CODES_SHARED")
	}
}

func testRaceBlock(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	for round := range 5 {
		code := fmt.Sprintf("CODE%d", round)
		_, err := s.PutApproval(ctx, "10", "22", func(before *domain.Approval) (domain.Approval, error) {
			return approval("10", "22", domain.ApprovalPending), nil
		})
		must(t, err)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return s.create(ctx, coupon("10", "22", code))
			}
			_, err := s.PutApproval(ctx, "10", "22", func(before *domain.Approval) (domain.Approval, error) {
				after := *before
				after.State = domain.ApprovalBlocked
				return after, nil
			})
			return err
		})
		must(t, errs[1])
		tally(t, errs[:1], "PUBLISHER_BLOCKED")
		a, err := s.Approval(ctx, "10", "22")
		want(t, "the approval's state", a.State, err, domain.ApprovalBlocked)
	}
}

func testRaceOffer(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	errs := atOnce(racers, func(int) error {
		_, err := s.UpdateOffer(ctx, "10", func(o domain.Offer) (domain.Offer, error) { o.Payout.Percent++; return o, nil })
		return err
	})
	tally(t, errs, "none")
	o, err := s.Offer(ctx, "10")
	want(t, "the percentage", o.Payout.Percent, err, 75_000+racers)
	want(t, "the revision", o.Revision, err, 1+racers)
}

func testRaceRotate(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	made := map[domain.Credentials]bool{}
	next := make([]domain.Credentials, racers)
	for i := range next {
		next[i] = credentials(fmt.Sprint("race-", i))
		made[next[i]] = true
	}
	answers := make([]domain.Offer, racers)
	errs := atOnce(racers, func(i int) (err error) {
		answers[i], err = s.rotate(ctx, "10", next[i], time.Hour)
		return err
	})
	tally(t, errs, "none")
	o, err := s.Offer(ctx, "10")
	want(t, "the revision", o.Revision, err, 1+racers)
	if !made[o.Credentials] || !made[o.Previous] || o.Credentials == o.Previous {
		t.Errorf("the credentials are %+v and before %+v, want those of two rotations", o.Credentials, o.Previous)
	}
	for i, answer := range answers {
		want(t, "the credentials that a rotation was told", answer.Credentials, nil, next[i])
		if i > 0 && answer.Previous == answers[i-1].Previous {
			t.Errorf("two rotations followed on %+v", answer.Previous)
		}
	}
	for _, token := range []string{o.PostbackToken, o.Previous.PostbackToken} {
		found, err := s.OfferByToken(ctx, token, moment(11))
		want(t, "the offer by "+token, found, err, o)
	}
}

func testRacePublisher(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	before := make([]string, racers)
	errs := atOnce(racers, func(i int) error {
		rotated, err := s.UpdatePublisher(ctx, "22", func(p domain.Publisher) (domain.Publisher, error) {
			return domain.RotateSecret(p, fmt.Sprint("race-", i), time.Hour, moment(10)), nil
		})
		want(t, "the secret that a rotation was told", rotated.DeliverySecret, err, fmt.Sprint("race-", i))
		before[i] = rotated.PreviousDeliverySecret
		return err
	})
	tally(t, errs, "none")
	p, err := s.Publisher(ctx, "22")
	want(t, "the revision", p.Revision, err, 1+racers)
	followed := map[string]bool{p.DeliverySecret: true} // by each secret but the last another one came
	for _, secret := range before {
		if followed[secret] {
			t.Errorf("two rotations followed on %q", secret)
		}
		followed[secret] = true
	}
	want(t, "the number of secrets there ever were", len(followed), nil, racers+1)
}

func testRaceCoupon(t *testing.T, s *suite) {
	ctx := t.Context()
	s.setUp(t)
	must(t, s.create(ctx, coupon("10", "22", "SALE20")))
	errs := atOnce(racers, func(int) error {
		_, err := s.UpdateCoupon(ctx, "10/22/SALE20", func(c domain.Coupon) (domain.Coupon, error) { c.Payout.Fixed.Units++; return c, nil })
		return err
	})
	tally(t, errs, "none")
	c, err := s.Coupon(ctx, "10/22/SALE20")
	want(t, "the payout", c.Payout.Fixed.Units, err, 12+racers)
	want(t, "the revision", c.Revision, err, 1+racers)
}

func testRaceApproval(t *testing.T, s *suite) {
	ctx := t.Context()
	errs := atOnce(racers, func(int) error {
		_, err := s.PutApproval(ctx, "10", "22", func(before *domain.Approval) (domain.Approval, error) {
			after := approval("10", "22", domain.ApprovalPending)
			if before != nil {
				after = *before
			}
			after.UpdateTime = after.UpdateTime.Add(1e6) // Counts, in milliseconds.
			return after, nil
		})
		return err
	})
	tally(t, errs, "none")
	a, err := s.Approval(ctx, "10", "22")
	want(t, "the count", a.UpdateTime.Sub(moment(0)).Milliseconds(), err, racers)
	want(t, "the revision", a.Revision, err, racers)
	all, err := s.Approvals(ctx, listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 5})
	want(t, "the number of approvals", len(all), err, 1)
}

func testRaceInsert(t *testing.T, s *suite) {
	ctx := t.Context()
	won := 0
	for _, err := range atOnce(racers, func(i int) error {
		o := offer("10")
		o.DisplayName, o.PostbackToken = fmt.Sprint(i), fmt.Sprint("token", i)
		return s.InsertOffer(ctx, o)
	}) {
		if err == nil {
			won++
			continue
		}
		wantError(t, "InsertOffer", err, app.ErrExists)
	}
	want(t, "the number of winners", won, nil, 1)
}

package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// changedConversion is fullConversion after everything that can happen to a conversion; each field that
// can change has another value.
func changedConversion() domain.Conversion {
	c := fullConversion()
	c.Publisher, c.Coupon, c.CouponCode = "33", "offers/10/coupons/33.OTHER", "Other"
	c.Amount = money.Money{Currency: "EUR", Units: 80, Nanos: 10_000_000}
	c.Refunded = money.Money{Currency: "EUR", Units: 20, Nanos: 20_000_000}
	c.Payout = money.Money{Currency: "EUR", Units: 6, Nanos: 30_000_000}
	c.Revenue = money.Money{Currency: "EUR", Units: 9, Nanos: 40_000_000}
	c.Status, c.StatusReason = domain.StatusRejected, "Naïve \"fraud\" 🎟."
	c.Outcome, c.Method, c.Reason, c.Explanation = domain.Unattributed, domain.ByHand, domain.LimitReached, "By hand."
	c.Candidates = nil
	c.PubUniques = domain.Uniques{"un", "deux", "trois", "quatre", "cinq"}
	c.PubClickID, c.PubSubID = "their other click", "their other sub"
	c.UpdateTime, c.Revision, c.Conflicted = at(20), 3, true
	c.Unplanned, c.PlanFrom = true, 2
	c.Basis = &domain.Basis{Rule: "A person decided.", Rates: &domain.Rates{Revenue: money.Payout{Kind: money.Percent, Percent: 1}}}
	c.Changes = []domain.Change{fullChange(), {Number: 2, Kind: domain.ChangeApprove, By: domain.By{Actor: "admin", Time: at(20)}}}
	c.Conflicts = []domain.Conflict{fullConflict(), {Number: 2, Time: at(14), Count: 1, ContentHash: hash("conflict 2")}}
	return c
}

func fullChange() domain.Change {
	return domain.Change{
		Number: 1, Kind: domain.ChangeRefund, RefundID: "refund ž 1",
		By: domain.By{Actor: "müller", Time: at(10), Reason: "Sent back;\nboth \"shoes\".", Postback: "018f4e2a-5555-7444-8333-222211110000"},
		From: domain.State{
			Status: domain.StatusPending, Outcome: domain.Attributed, Reason: domain.Expired, Publisher: "22", Coupon: "offers/10/coupons/22.SALEXYZ20",
			Amount: money.Money{Currency: "USD", Units: 1, Nanos: 2}, Refunded: money.Money{Currency: "USD", Units: 3},
			Payout: money.Money{Currency: "USD", Units: 4}, Revenue: money.Money{Currency: "USD", Units: 5},
		},
		To: domain.State{
			Status: domain.StatusApproved, Outcome: domain.Unattributed, Reason: domain.NoReference, Publisher: "33", Coupon: "offers/10/coupons/33.OTHER",
			Amount: money.Money{Currency: "EUR", Units: 6}, Refunded: money.Money{Currency: "EUR", Units: 7, Nanos: 8},
			Payout: money.Money{Currency: "EUR", Units: 9}, Revenue: money.Money{Currency: "EUR", Units: 10},
		},
	}
}

func fullConflict() domain.Conflict {
	return domain.Conflict{
		Number: 1, Time: at(12), Count: 7, ContentHash: hash("conflict"), Postback: "018f4e2a-6666-7444-8333-222211110000",
		Amount: money.Money{Currency: "CHF", Units: 11, Nanos: 120_000_000}, Code: "SaleABC", Click: "a click", Publisher: "44", Resolution: domain.Accepted,
	}
}

// update applies change to a conversion, without uses, and returns what is stored.
func update(t *testing.T, s Store, id string, change func(domain.Conversion) domain.Conversion) domain.Conversion {
	t.Helper()
	var want domain.Conversion
	got, err := s.UpdateConversion(t.Context(), id, func(c domain.Conversion) (domain.Update, error) {
		want = change(c)
		return domain.Update{Conversion: want}, nil
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("updating %s: %+v, %v, want\n%+v", id, got, err, want)
	}
	return got
}

func updateRoundTrip(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	before := fullConversion()
	insertNew(t, s, before)
	after := changedConversion()
	update(t, s, before.ID, func(got domain.Conversion) domain.Conversion {
		if !reflect.DeepEqual(got, before) {
			t.Errorf("the change is asked of\n%+v, want\n%+v", got, before)
		}
		return after
	})
	checkConversion(t, s, after)
	bare := domain.Conversion{
		ID: after.ID, ContentHash: after.ContentHash, Offer: after.Offer, Click: after.Click, TransactionID: after.TransactionID,
		Event: after.Event, Postback: after.Postback, Status: domain.StatusPending, Outcome: domain.Unattributed,
		ConversionTime: after.ConversionTime, CreateTime: after.CreateTime, UpdateTime: at(30), Revision: 4, Undeduplicated: true,
	}
	update(t, s, before.ID, func(got domain.Conversion) domain.Conversion {
		if !reflect.DeepEqual(got, after) {
			t.Errorf("the second change is asked of\n%+v, want\n%+v", got, after)
		}
		return bare
	})
	checkConversion(t, s, bare)
}

func updatesRace(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, sale(1))
	const changes = 30
	together(2*changes, func(i int) {
		if i%2 == 0 {
			insertNew(t, s, sale(100+i)) // beside it
			return
		}
		_, err := s.UpdateConversion(t.Context(), sale(1).ID, func(c domain.Conversion) (domain.Update, error) {
			c.Changes = append(c.Changes[:len(c.Changes):len(c.Changes)], domain.Change{
				Number: len(c.Changes) + 1, Kind: domain.ChangeApprove, By: domain.By{Actor: fmt.Sprint(i / 2), Time: at(i)},
			})
			c.Revision++
			return domain.Update{Conversion: c}, nil
		})
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	})
	got, err := s.Conversion(t.Context(), sale(1).ID)
	if err != nil || len(got.Changes) != changes || got.Revision != changes+1 {
		t.Fatalf("%d changes, revision %d (%v), want %d and %d", len(got.Changes), got.Revision, err, changes, changes+1)
	}
	by := map[string]bool{}
	for i, change := range got.Changes {
		if change.Number != i+1 || by[change.By.Actor] {
			t.Errorf("change %d has number %d and is by %s", i, change.Number, change.By.Actor)
		}
		by[change.By.Actor] = true
	}
}

func refusedUpdates(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, fullConversion())
	refusal := apperr.New(apperr.FailedPrecondition, "REFUSED", "no")
	_, err := s.UpdateConversion(t.Context(), fullConversion().ID, func(domain.Conversion) (domain.Update, error) {
		return domain.Update{Conversion: changedConversion()}, refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("a change that fails: %v, want its error", err)
	}
	checkConversion(t, s, fullConversion())
	got, err := s.UpdateConversion(t.Context(), fullConversion().ID, func(c domain.Conversion) (domain.Update, error) {
		c.Status = domain.StatusRejected // without another revision
		return domain.Update{Conversion: c}, nil
	})
	if err != nil || got.Status != fullConversion().Status {
		t.Errorf("a change without a new revision: %+v, %v", got, err)
	}
	checkConversion(t, s, fullConversion())
	for _, id := range []string{"", "nothing", hash("nothing")} {
		_, err := s.UpdateConversion(t.Context(), id, func(c domain.Conversion) (domain.Update, error) {
			t.Errorf("%q: change is called with %+v", id, c)
			return domain.Update{Conversion: c}, nil
		})
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", id, err)
		}
	}
}

func updatedKeys(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	insertNew(t, s, fullConversion())
	update(t, s, fullConversion().ID, func(domain.Conversion) domain.Conversion { return changedConversion() })
	for want, conditions := range map[int][]listing.Expr{
		1: {is("coupon_code_key", listing.Equal, "OTHER"), is("pub_unique3_key", listing.Equal, "TROIS"), is("publisher", listing.Equal, "33")},
		0: {is("coupon_code_key", listing.Equal, "SALEXYZ20"), is("pub_unique3_key", listing.Equal, "DREI"), is("publisher", listing.Equal, "22")},
	} {
		for _, condition := range conditions {
			q := everything()
			q.Where = condition
			if got := list(t, s, q); len(got) != want {
				t.Errorf("%v selects %d conversions, want %d", condition, len(got), want)
			}
		}
	}
}

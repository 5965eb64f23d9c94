package storetest

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// claim claims what is due at a time, for 100 ms.
func claim(t *testing.T, s Store, holder string, now, limit int, skip ...string) []delivery.Delivery {
	t.Helper()
	claimed, err := s.ClaimDeliveries(t.Context(), delivery.Claim{Now: at(now), Until: at(now + 100), Holder: holder, Skip: skip, Limit: limit})
	if err != nil {
		t.Errorf("claiming: %v", err)
	}
	if len(claimed) > limit {
		t.Errorf("%d deliveries are claimed, want at most %d", len(claimed), limit)
	}
	return claimed
}

// claims checks what a claim gives, in order.
func claims(t *testing.T, s Store, holder string, now, limit int, skip []string, want ...delivery.Delivery) {
	t.Helper()
	for i := range want {
		want[i].DueTime = at(now + 100)
	}
	got := claim(t, s, holder, now, limit, skip...)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("at %d is claimed\n%+v, want\n%+v", now, got, want)
	}
	for _, d := range want {
		checkDelivery(t, s, d)
	}
}

func claimants(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const due, callers = 60, 20
	for i := range due {
		plan(t, s, newDelivery(fmt.Sprint("sale ", i), strconv.Itoa(20+i%4), 0, i))
	}
	plan(t, s, newDelivery("later", "20", 0, 2_000))
	var got [callers][]delivery.Delivery
	together(callers, func(i int) {
		for round := range 3 {
			got[i] = append(got[i], claim(t, s, fmt.Sprint(i, " in round ", round), 1_000, 2)...)
		}
	})
	holders := map[string]int{}
	for i, claimed := range got {
		for _, d := range claimed {
			if holder, taken := holders[d.ID]; taken {
				t.Errorf("%s is claimed by %d and %d", d.ID, holder, i)
			}
			holders[d.ID] = i
			if !d.DueTime.Equal(at(1_100)) {
				t.Errorf("%s is left to its claimant until %v", d.ID, d.DueTime)
			}
		}
	}
	// A claim that races with others may miss some; the rest is found afterwards.
	for range due {
		for _, d := range claim(t, s, "last", 1_000, 7) {
			if _, taken := holders[d.ID]; taken {
				t.Errorf("%s is claimed again", d.ID)
			}
			holders[d.ID] = callers
		}
	}
	if len(holders) != due {
		t.Errorf("%d deliveries were claimed, want %d", len(holders), due)
	}
}

func leases(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	d := newDelivery("one", "22", 0, 5)
	plan(t, s, d)
	claims(t, s, "too early", 4, 5, nil)
	claims(t, s, "first", 5, 5, nil, d)
	claims(t, s, "during the lease", 104, 5, nil)
	claims(t, s, "second", 105, 5, nil, d)
	finish(t, s, tried(d, 106, 0), "first") // whose lease is over
	d.DueTime = at(205)
	checkDelivery(t, s, d)
	d = tried(d, 107, 300)
	finish(t, s, d, "second")
	checkDelivery(t, s, d)
	finish(t, s, tried(d, 108, 0), "second") // which no longer holds it
	checkDelivery(t, s, d)
	claims(t, s, "third", 300, 5, nil, d)
	d = tried(d, 301, 0)
	finish(t, s, d, "third")
	again := tried(d, 302, 400)
	again.State = delivery.Due
	finish(t, s, again, "third") // it is done
	checkDelivery(t, s, d)
	claims(t, s, "fourth", 5_000, 5, nil)
}

func longestDueFirst(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	third, first, second := newDelivery("c", "22", 0, 30), newDelivery("a", "33", 0, 10), newDelivery("b", "44", 0, 20)
	plan(t, s, third, first, second)
	claims(t, s, "skips", 100, 2, []string{"22", "33"}, second)
	claims(t, s, "one", 100, 1, nil, first)
	claims(t, s, "skips all", 100, 5, []string{"22"})
	claims(t, s, "rest", 100, 5, nil, third)
}

func deliveriesInOrder(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	created, approved, refunded := newDelivery("sale", "22", 0, 10), newDelivery("sale", "22", 1, 20), newDelivery("sale", "22", 10, 5)
	elsewhere := newDelivery("sale", "33", 1, 30)
	plan(t, s, refunded, approved, created, elsewhere)
	claims(t, s, "a", 50, 5, nil, created, elsewhere)
	claims(t, s, "b", 60, 5, nil)
	created = tried(created, 70, 400) // fails, and waits for its next try
	finish(t, s, created, "a")
	claims(t, s, "c", 80, 5, nil)
	finish(t, s, tried(elsewhere, 81, 0), "a")
	claims(t, s, "d", 300, 5, nil)
	claims(t, s, "e", 400, 5, nil, created)
	finish(t, s, tried(created, 410, 0), "e")
	// The next is due as soon as the one before it is done, without waiting for the lease to end.
	got := claim(t, s, "f", 411, 5)
	if len(got) != 1 || got[0].ID != approved.ID {
		t.Fatalf("after the first is done, claimed are %+v, want change 1", got)
	}
	dead := tried(got[0], 420, 0)
	dead.State = delivery.Dead
	finish(t, s, dead, "f")
	if got = claim(t, s, "g", 421, 5); len(got) != 1 || got[0].ID != refunded.ID {
		t.Fatalf("after the second is dead, claimed are %+v, want change 10", got)
	}
}

func replaysOutOfOrder(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	created, approved := newDelivery("sale", "22", 0, 10), newDelivery("sale", "22", 1, 20)
	plan(t, s, created, approved)
	// again delivers the first once more, from a time on.
	again := func(now int) {
		if _, err := s.ReplayDelivery(t.Context(), created.ID, at(now)); err != nil {
			t.Errorf("replaying: %v", err)
		}
		for _, d := range claim(t, s, fmt.Sprint("again ", now), now, 5) {
			if d.ID != created.ID {
				t.Errorf("at %d is claimed %s", now, d.ID)
			}
			finish(t, s, tried(d, now+1, 0), fmt.Sprint("again ", now))
		}
	}
	again(30)
	claims(t, s, "b", 40, 5, nil, approved)
	again(50)
	claims(t, s, "during the lease of b", 60, 5, nil)
	approved = tried(approved, 70, 400)
	finish(t, s, approved, "b")
	again(80)
	claims(t, s, "before the next try", 90, 5, nil)
	claims(t, s, "c", 400, 5, nil, approved)
}

func manyBlocked(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	const conversions = 20
	for i := range conversions {
		name := fmt.Sprint("sale ", i)
		plan(t, s, newDelivery(name, "22", 0, 40), newDelivery(name, "22", 1, 20), newDelivery(name, "22", 2, 10))
	}
	seen := map[string]int{}
	for round := range 4 * 3 * conversions {
		now := 100 + round*5
		holder := fmt.Sprint(round)
		for _, d := range claim(t, s, holder, now, 6) {
			if d.Change != seen[d.Conversion] {
				t.Errorf("change %d of a conversion is claimed, want %d", d.Change, seen[d.Conversion])
			}
			seen[d.Conversion]++
			finish(t, s, tried(d, now+1, 0), holder)
		}
	}
	for conversion, changes := range seen {
		if changes != 3 {
			t.Errorf("%d changes of %s are delivered, want 3", changes, conversion)
		}
	}
	if len(seen) != conversions {
		t.Errorf("%d conversions are delivered, want %d", len(seen), conversions)
	}
}

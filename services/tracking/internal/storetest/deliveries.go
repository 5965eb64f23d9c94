package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// newDelivery returns a delivery that tells a publisher of a conversion's change, due at a number of
// milliseconds.
func newDelivery(conversion, publisher string, change, due int) delivery.Delivery {
	id := hash(conversion)
	return delivery.Delivery{
		ID: id + "-" + strconv.Itoa(change) + "-" + publisher, Conversion: id, Change: change, Publisher: publisher, Offer: "10",
		Status: domain.StatusApproved, State: delivery.Due, Payload: `{"of":"` + conversion + `"}`,
		DueTime: at(due), FirstDueTime: at(due), CreateTime: at(due),
	}
}

// plan stores deliveries.
func plan(t *testing.T, s Store, deliveries ...delivery.Delivery) {
	t.Helper()
	if err := s.Plan(t.Context(), []delivery.Plan{{Conversion: hash("whatever"), Revision: 1, Deliveries: deliveries}}); err != nil {
		t.Errorf("planning: %v", err)
	}
}

func checkDelivery(t *testing.T, s Store, want delivery.Delivery) {
	t.Helper()
	if got, err := s.Delivery(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the delivery is\n%+v (%v), want\n%+v", got, err, want)
	}
}

// finish stores a delivery after an attempt.
func finish(t *testing.T, s Store, d delivery.Delivery, holder string) {
	t.Helper()
	if err := s.FinishDelivery(t.Context(), d, holder); err != nil {
		t.Errorf("finishing %s: %v", d.ID, err)
	}
}

// tried returns a delivery after one more attempt: failed and due again, or done if due is 0.
func tried(d delivery.Delivery, now, due int) delivery.Delivery {
	d.AttemptCount++
	d.Attempts = append(d.Attempts[:len(d.Attempts):len(d.Attempts)], delivery.Attempt{
		Time: at(now), HTTPStatus: 503, Latency: time.Duration(d.AttemptCount) * 1500 * time.Millisecond, Error: "answered \"503\" ž",
	})
	if due > 0 {
		d.DueTime = at(due)
		return d
	}
	d.Attempts[len(d.Attempts)-1] = delivery.Attempt{Time: at(now), HTTPStatus: 200, Latency: 20 * time.Millisecond}
	d.State, d.DueTime, d.FinishTime = delivery.Delivered, time.Time{}, at(now)
	return d
}

func deliveryRoundTrip(t *testing.T, fresh Fresh) {
	open := fresh(t)
	before := open(calendar(t))
	d := newDelivery("one", "a-publisher-9", 12, 5)
	d.FirstDueTime, d.CreateTime, d.Status, d.Offer = at(3), at(2), domain.StatusRejected, "11"
	plan(t, before, d)
	checkDelivery(t, before, d)
	claims(t, before, "h", 10, 5, nil, d)
	d = tried(d, 11, 50)
	finish(t, before, d, "h")
	checkDelivery(t, before, d)
	claims(t, before, "h2", 50, 5, nil, d)
	d = tried(d, 60, 0)
	finish(t, before, d, "h2")
	if err := before.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	after := closing(t, open(calendar(t)))
	checkDelivery(t, after, d)
	claims(t, after, "h3", 1_000, 5, nil)
	for _, id := range []string{"", "nothing", hash("one"), hash("one") + "-12", hash("one") + "-12-b", hash("one") + "-012-a-publisher-9", "--"} {
		if _, err := after.Delivery(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("delivery %q: %v, want ErrNotFound", id, err)
		}
		if _, err := after.ReplayDelivery(t.Context(), id, at(1)); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("replaying %q: %v, want ErrNotFound", id, err)
		}
	}
}

func replayedDelivery(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	done, waiting := newDelivery("done", "22", 0, 1), newDelivery("waiting", "22", 0, 500)
	plan(t, s, done, waiting)
	claims(t, s, "h", 1, 5, nil, done)
	done = tried(done, 2, 0)
	finish(t, s, done, "h")
	for _, d := range []*delivery.Delivery{&done, &waiting} {
		d.State, d.DueTime, d.FirstDueTime, d.AttemptCount, d.FinishTime = delivery.Due, at(20), at(20), 0, time.Time{}
		if got, err := s.ReplayDelivery(t.Context(), d.ID, at(20)); err != nil || !reflect.DeepEqual(got, *d) {
			t.Errorf("replaying gives\n%+v (%v), want\n%+v", got, err, *d)
		}
		checkDelivery(t, s, *d)
	}
	if got := claim(t, s, "h2", 20, 5); len(got) != 2 {
		t.Errorf("%d replayed deliveries are claimed, want 2", len(got))
	}
	// A replay takes a delivery from its holder, whose result no longer counts.
	if _, err := s.ReplayDelivery(t.Context(), done.ID, at(30)); err != nil {
		t.Errorf("replaying what is tried: %v", err)
	}
	finish(t, s, tried(done, 31, 0), "h2")
	done.DueTime, done.FirstDueTime = at(30), at(30)
	checkDelivery(t, s, done)
}

func unplanned(t *testing.T, s Store, want ...domain.Conversion) {
	t.Helper()
	got, err := s.Unplanned(t.Context(), 10)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d conversions are unplanned (%v), want %d", len(got), err, len(want))
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || reflect.DeepEqual(g, w)
		}
		if !found {
			t.Errorf("unplanned are\n%+v, want also\n%+v", got, w)
		}
	}
}

func plans(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	first, second := credited("first", 1), credited("second", 1)
	insertNew(t, s, sale(1)) // nobody is told of it
	insertNew(t, s, first)
	insertNew(t, s, second)
	unplanned(t, s, first, second)
	if got, err := s.Unplanned(t.Context(), 1); err != nil || len(got) != 1 {
		t.Errorf("at most one unplanned: %d, %v", len(got), err)
	}
	told := newDelivery("first", "22", 0, 5)
	planned := []delivery.Plan{
		{Conversion: first.ID, Revision: 1, Deliveries: []delivery.Delivery{told}},
		{Conversion: second.ID, Revision: 1, Deliveries: []delivery.Delivery{newDelivery("second", "22", 0, 6), newDelivery("second", "33", 0, 6)}},
	}
	// Meanwhile the second changes.
	second = update(t, s, second.ID, func(c domain.Conversion) domain.Conversion {
		c.Revision++
		return c
	})
	for range 2 { // twice is the same as once
		if err := s.Plan(t.Context(), planned); err != nil {
			t.Errorf("planning: %v", err)
		}
		unplanned(t, s, second)
	}
	first.Unplanned = false
	checkConversion(t, s, first)
	claims(t, s, "h", 5, 5, nil, told)
	told = tried(told, 7, 0)
	finish(t, s, told, "h")
	planned[1].Revision = 2
	if err := s.Plan(t.Context(), planned); err != nil {
		t.Errorf("planning: %v", err)
	}
	unplanned(t, s)
	checkDelivery(t, s, told) // it is not due again
	second.Unplanned = false
	checkConversion(t, s, second)
	first = update(t, s, first.ID, func(c domain.Conversion) domain.Conversion {
		c.Revision, c.Unplanned, c.PlanFrom = c.Revision+1, true, 3
		return c
	})
	unplanned(t, s, first)
	if got := listDeliveries(t, s, listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: 10}); len(got) != 3 {
		t.Errorf("%d deliveries are planned, want 3", len(got))
	}
	if err := s.Plan(t.Context(), nil); err != nil {
		t.Errorf("planning nothing: %v", err)
	}
}

// deliveryRows are deliveries as lists have them.
func deliveryRows() rows[delivery.Delivery] {
	return rows[delivery.Delivery]{
		value: func(d delivery.Delivery, field string) any {
			return map[string]any{
				"id": d.ID, "conversion": d.Conversion, "publisher": d.Publisher, "offer": d.Offer, "status": string(d.Status),
				"state": string(d.State), "create_time": d.CreateTime,
			}[field]
		},
		list: listDeliveries,
	}
}

func listDeliveries(t *testing.T, s Store, q listing.Query) []delivery.Delivery {
	t.Helper()
	deliveries, err := s.Deliveries(t.Context(), q)
	if err != nil {
		t.Fatalf("listing deliveries: %v", err)
	}
	for _, d := range deliveries {
		if d.Attempts != nil {
			t.Errorf("the list shows the attempts of %s", d.ID)
		}
	}
	return deliveries
}

func deliveryLists(t *testing.T, fresh Fresh) {
	s := opened(t, fresh)
	var stored []delivery.Delivery
	for i := range 40 {
		d := newDelivery(fmt.Sprint("sale ", i/2), strconv.Itoa(20+i%3), i%12, i/3)
		d.Offer = []string{"10", "11"}[i%2]
		d.Status = []domain.Status{domain.StatusPending, domain.StatusApproved, domain.StatusRejected}[i%3]
		stored = append(stored, d)
	}
	plan(t, s, stored...)
	for _, d := range claim(t, s, "h", 5, 10) {
		for i := range stored {
			if stored[i].ID == d.ID {
				stored[i] = tried(d, 6, 0)
				finish(t, s, stored[i], "h")
			}
		}
	}
	for _, condition := range []listing.Expr{
		nil,
		is("id", listing.Equal, stored[7].ID),
		is("id", listing.NotEqual, stored[7].ID),
		is("id", listing.Equal, "no such id"),
		is("conversion", listing.Equal, hash("sale 3")),
		is("publisher", listing.Equal, "21"),
		is("offer", listing.NotEqual, "10"),
		is("status", listing.Equal, "REJECTED"),
		is("state", listing.Equal, "DELIVERED"),
		is("state", listing.Equal, "DEAD"),
		is("create_time", listing.Less, at(7)),
		listing.And{is("publisher", listing.Equal, "20"), is("create_time", listing.GreaterEqual, at(4)), listing.Not{Expr: is("id", listing.Equal, stored[30].ID)}},
		listing.Or{is("id", listing.Equal, stored[9].ID), is("state", listing.Equal, "DELIVERED")},
	} {
		for _, order := range [][]listing.Order{
			{{Field: "create_time", Desc: true}, {Field: "id", Desc: true}},
			{{Field: "create_time"}, {Field: "id"}},
			{{Field: "id"}},
		} {
			deliveryRows().check(t, s, stored, listing.Query{Where: condition, Order: order, Limit: 7})
		}
	}
	listed := listDeliveries(t, s, listing.Query{Where: is("id", listing.Equal, stored[0].ID), Order: []listing.Order{{Field: "id"}}, Limit: 2})
	want := stored[0]
	want.Attempts = nil
	if len(listed) != 1 || !reflect.DeepEqual(listed[0], want) {
		t.Errorf("the list is\n%+v, want\n%+v", listed, want)
	}
}

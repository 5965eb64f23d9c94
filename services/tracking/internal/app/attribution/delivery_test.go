package attribution_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	app "github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// endpoints is a client of publishers with postback URLs, and a sender that notes what it sends.
type endpoints struct {
	attribution.CouponClient
	list map[string]domain.Publisher
	sent []delivery.Delivery
}

func (e *endpoints) Publisher(_ context.Context, id string) (domain.Publisher, error) {
	p, ok := e.list[id]
	if !ok {
		return p, domain.ErrNotFound
	}
	return p, nil
}

func (e *endpoints) Send(_ context.Context, _ domain.Publisher, d delivery.Delivery) (delivery.Attempt, string, string) {
	e.sent = append(e.sent, d)
	return delivery.Attempt{Time: now, HTTPStatus: 418, Error: "answered 418"}, "https://a.example/?event=test", "teapot"
}

// deliveries returns a service with this many dead deliveries of publisher 22 and one of 33, created a
// millisecond apart, at a time a minute later; and how often it woke the courier.
func deliveries(t *testing.T, dead int) (*app.Service, *endpoints, *atomic.Int64) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Options{Retention: 24 * time.Hour, Calendar: rollup.NewCalendar(time.UTC), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	var list []delivery.Delivery
	for i := range dead + 1 {
		at := now.Add(time.Duration(i) * time.Millisecond)
		d := delivery.Test("22", domain.PayloadV1, at)
		if i == dead {
			d = delivery.Test("33", domain.PayloadV1, at)
		}
		d.Conversion = fmt.Sprintf("%032x", i)
		d.ID = d.Conversion + "-0-" + d.Publisher
		list = append(list, d.GivenUp(delivery.Attempt{Time: at, Error: "answered 500"}, at))
	}
	if err := store.Plan(t.Context(), []delivery.Plan{{Conversion: list[0].Conversion, Revision: 1, Deliveries: list}}); err != nil {
		t.Fatal(err)
	}
	template, err := deliveryurl.Compile("https://a.example/?event={event}")
	if err != nil {
		t.Fatal(err)
	}
	to := &endpoints{list: map[string]domain.Publisher{"22": {ID: "22", Active: true, PostbackURL: template}, "33": {ID: "33", Active: true}}}
	woken := new(atomic.Int64)
	return app.New(app.Config{
		Store: store, Publishers: to, Now: func() time.Time { return now.Add(time.Minute) }, Sender: to, Wake: func() { woken.Add(1) },
	}), to, woken
}

// listed returns the ids that a filter finds, over pages of two.
func listed(t *testing.T, s *app.Service, filter string) []string {
	t.Helper()
	var ids []string
	req := listing.Request{Filter: filter, PageSize: 2}
	for {
		page, next, err := s.Deliveries(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			ids = append(ids, d.ID)
		}
		if next == "" {
			return ids
		}
		req.PageToken = next
	}
}

func TestDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	s, _, _ := deliveries(t, 5)
	last := fmt.Sprintf("%032x-0-33", 5)
	for filter, want := range map[string]int{
		"": 6, `publisher = "publishers/22"`: 5, `publisher = "33" AND state = DEAD`: 1, "state = DUE": 0, "status = APPROVED": 6,
		`name = "deliveries/` + last + `"`: 1, `conversion = "conversions/` + last[:32] + `"`: 1, `offer = "offers/test"`: 6,
		`create_time > "2026-11-22T12:00:00.003Z"`: 2,
	} {
		ids := listed(t, s, filter)
		if len(ids) != want {
			t.Errorf("%s finds %v, want %d", filter, ids, want)
		}
		if filter == "" && ids[0] != last {
			t.Errorf("the first is %s, want the latest", ids[0])
		}
	}
	d, err := s.Delivery(t.Context(), last)
	if err != nil || d.AttemptCount != 1 || d.State != delivery.Dead {
		t.Errorf("the delivery is %+v (%v)", d, err)
	}
	if _, err := s.Delivery(t.Context(), "nothing"); !apperr.Is(err, apperr.NotFound) || apperr.As(err).Reason != "DELIVERY_NOT_FOUND" {
		t.Errorf("the error is %v", err)
	}
}

func TestReplayDelivery(t *testing.T) {
	t.Parallel()
	s, _, woken := deliveries(t, 1)
	id := fmt.Sprintf("%032x-0-22", 0)
	d, err := s.ReplayDelivery(t.Context(), id)
	if err != nil || d.State != delivery.Due || !d.DueTime.Equal(now.Add(time.Minute)) || !d.FirstDueTime.Equal(d.DueTime) || d.AttemptCount != 0 {
		t.Errorf("the delivery is %+v (%v)", d, err)
	}
	if woken.Load() == 0 {
		t.Error("the courier was not woken")
	}
	if _, err := s.ReplayDelivery(t.Context(), "nothing"); !apperr.Is(err, apperr.NotFound) {
		t.Errorf("the error is %v", err)
	}
}

// TestReplayDeliveries replays more than a page, by a filter that replayed ones match no longer.
func TestReplayDeliveries(t *testing.T) {
	t.Parallel()
	s, _, woken := deliveries(t, 2100)
	const filter = `publisher = "publishers/22" AND state = DEAD`
	if n, err := s.ReplayDeliveries(t.Context(), filter, true); n != 2100 || err != nil || woken.Load() != 0 {
		t.Fatalf("%d would be replayed (%v), the courier was woken %d times", n, err, woken.Load())
	}
	if n, err := s.ReplayDeliveries(t.Context(), filter, false); n != 2100 || err != nil || woken.Load() == 0 {
		t.Fatalf("%d were replayed (%v), the courier was woken %d times", n, err, woken.Load())
	}
	if n, err := s.ReplayDeliveries(t.Context(), filter, false); n != 0 || err != nil {
		t.Errorf("%d were replayed again (%v)", n, err)
	}
	if n, err := s.ReplayDeliveries(t.Context(), "state = DEAD", true); n != 1 || err != nil {
		t.Errorf("%d of another publisher are dead (%v), want 1", n, err)
	}
	for _, wrong := range []string{"", " \t", "nothing = 1"} {
		if _, err := s.ReplayDeliveries(t.Context(), wrong, false); !apperr.Is(err, apperr.InvalidArgument) || apperr.As(err).Violations[0].Field != "filter" {
			t.Errorf("the filter %q: %v", wrong, err)
		}
	}
}

func TestDeliveryTest(t *testing.T) {
	t.Parallel()
	s, to, _ := deliveries(t, 0)
	call, err := s.TestDelivery(t.Context(), "22")
	if err != nil || call.Attempt.HTTPStatus != 418 || call.URL != "https://a.example/?event=test" || call.Body != "teapot" {
		t.Errorf("the call is %+v (%v)", call, err)
	}
	if len(to.sent) != 1 || to.sent[0].Publisher != "22" {
		t.Errorf("sent is %+v", to.sent)
	}
	if n := len(listed(t, s, "")); n != 1 {
		t.Errorf("%d deliveries are stored after a test, want the one before", n)
	}
	for id, reason := range map[string]string{"33": "NO_POSTBACK_URL", "44": "PUBLISHER_NOT_FOUND"} {
		if _, err := s.TestDelivery(t.Context(), id); apperr.As(err) == nil || apperr.As(err).Reason != reason {
			t.Errorf("a test to %s: %v, want %s", id, err, reason)
		}
	}
}

package delivery_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// TestSaleIsDelivered goes from a conversion to a call: at once when woken, else within a second.
func TestSaleIsDelivered(t *testing.T) {
	t.Parallel()
	for _, woken := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, map[string]endpoint{"22": status(204)})
			c, stop := w.start(t)
			time.Sleep(5300 * time.Millisecond)
			w.sell(sold("c1", "22"), sold("c2", "nobody"))
			start := time.Now()
			within := 1200 * time.Millisecond
			if woken {
				within = 30 * time.Millisecond
				c.Wake()
				c.Wake()
			}
			time.Sleep(within)
			synctest.Wait()
			calls := w.called("22")
			if len(calls) != 1 || calls[0].id != "c1-0-22" || calls[0].at.Sub(start) > within {
				t.Fatalf("woken %t: the calls were %v", woken, calls)
			}
			d := w.of("c1-0-22")
			if d.State != delivery.Delivered || d.AttemptCount != 1 || d.Attempts[0].HTTPStatus != 204 || d.Attempts[0].Error != "" || d.FinishTime.IsZero() {
				t.Errorf("the delivery is %+v", d)
			}
			if n := w.unplanned(); n != 0 {
				t.Errorf("%d conversions are not planned", n)
			}
			stop()
		})
	}
}

// TestCatalogOutOfReach leaves what needs a publisher for later, and counts no attempt.
func TestCatalogOutOfReach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": status(200)})
		w.publishers.fail(apperr.New(apperr.Unavailable, "COUPON_SERVICE_UNAVAILABLE", "no"))
		w.sell(sold("c1", "22"))
		w.put(dueDelivery("c2", 0, "22"))
		_, stop := w.start(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		if d := w.of("c2-0-22"); d.State != delivery.Due || d.AttemptCount != 0 || w.unplanned() != 1 {
			t.Fatalf("the delivery is %+v, and %d conversions are not planned", d, w.unplanned())
		}
		w.publishers.fail(nil)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if n := w.delivered("22"); n != 2 {
			t.Errorf("%d of 2 are delivered", n)
		}
		stop()
	})
}

// TestBrokenPublisher holds up nobody else's deliveries, though there is much to plan.
func TestBrokenPublisher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": status(200)})
		w.broken = "33"
		for i := range 1200 {
			w.sell(sold(fmt.Sprintf("c%d", i), "22"))
			if i%10 == 0 {
				w.sell(sold(fmt.Sprintf("b%d", i), "33"))
			}
		}
		_, stop := w.start(t)
		time.Sleep(5 * time.Second)
		stop()
		if n := w.delivered("22"); n != 1200 || w.unplanned() != 120 {
			t.Errorf("%d of 1200 are delivered, and %d conversions wait, want 120", n, w.unplanned())
		}
	})
}

// TestRetries lets an endpoint fail three times: the pauses grow.
func TestRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": then(status(500), status(302), status(404), status(200))})
		w.put(dueDelivery("c1", 0, "22"))
		_, stop := w.start(t)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		calls := w.called("22")
		if len(calls) != 4 {
			t.Fatalf("there were %d calls", len(calls))
		}
		for i, pause := range []time.Duration{time.Second, 2500 * time.Millisecond, 6250 * time.Millisecond} {
			if got := calls[i+1].at.Sub(calls[i].at); got < pause || got > pause+1050*time.Millisecond {
				t.Errorf("the pause after failure %d was %v, want %v", i+1, got, pause)
			}
		}
		d := w.of("c1-0-22")
		if d.State != delivery.Delivered || d.AttemptCount != 4 || len(d.Attempts) != 4 || d.Attempts[1].Error != "answered 302" {
			t.Errorf("the delivery is %+v", d)
		}
		stop()
	})
}

// TestGivenUp has deliveries that nothing can come of.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"gone": status(410), "inactive": status(200), "silent": status(200), "old": status(500), "damaged": status(200)})
		inactive, silent := w.list["inactive"], w.list["silent"]
		inactive.Active, silent.PostbackURL = false, nil
		w.list["inactive"], w.list["silent"] = inactive, silent
		old := dueDelivery("c1", 0, "old")
		old.FirstDueTime = old.FirstDueTime.Add(-72 * time.Hour)
		damaged := dueDelivery("c1", 0, "damaged")
		damaged.Payload = "{"
		w.put(dueDelivery("c1", 0, "gone"), dueDelivery("c1", 0, "inactive"), dueDelivery("c1", 0, "silent"), dueDelivery("c1", 0, "nobody"), old, damaged)
		_, stop := w.start(t)
		time.Sleep(3 * time.Second)
		stop()
		for id, want := range map[string]string{
			"gone": "answered 410", "inactive": "the publisher is not active", "silent": "the publisher has no postback URL any more",
			"nobody": "there is no such publisher any more", "old": "answered 500", "damaged": "the delivery's payload is damaged",
		} {
			d := w.of("c1-0-" + id)
			if d.State != delivery.Dead || len(d.Attempts) != 1 || d.Attempts[0].Error != want || d.FinishTime.IsZero() {
				t.Errorf("%s: %+v", id, d)
			}
		}
	})
}

func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	asks := func(code int, value func() string) endpoint {
		return func(*http.Request) (int, http.Header, error) {
			return code, http.Header{"Retry-After": {value()}}, nil
		}
	}
	for _, c := range []struct {
		endpoint endpoint
		want     time.Duration
	}{
		{asks(429, func() string { return "60" }), time.Minute},
		{asks(503, func() string { return time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat) }), 2 * time.Minute},
		{asks(500, func() string { return "60" }), time.Second},
		{asks(503, func() string { return "soon" }), time.Second},
		{asks(503, func() string { return "-5" }), time.Second},
		{asks(429, func() string { return "9999999" }), 24 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, map[string]endpoint{"22": then(c.endpoint, status(200))})
			w.put(dueDelivery("c1", 0, "22"))
			_, stop := w.start(t)
			time.Sleep(c.want + 3*time.Second)
			stop()
			calls := w.called("22")
			if len(calls) != 2 {
				t.Fatalf("%d calls", len(calls))
			}
			if got := calls[1].at.Sub(calls[0].at); got < c.want-time.Second || got > c.want+1100*time.Millisecond {
				t.Errorf("tried again after %v, want %v", got, c.want)
			}
		})
	}
}

// TestOrder has a conversion told of in its order, though the first try of each delivery fails.
func TestOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := map[string]int{}
		var arrived []string
		w := newWorld(t, map[string]endpoint{"22": func(req *http.Request) (int, http.Header, error) {
			id := req.URL.Query().Get("id")
			if seen[id]++; seen[id] == 1 {
				return 500, nil, nil
			}
			arrived = append(arrived, id)
			return 200, nil, nil
		}})
		for change := range 4 {
			w.put(dueDelivery("c1", change, "22"))
		}
		_, stop := w.start(t)
		time.Sleep(10 * time.Second)
		stop()
		if fmt.Sprint(arrived) != "[c1-0-22 c1-1-22 c1-2-22 c1-3-22]" {
			t.Errorf("arrived as %v", arrived)
		}
	})
}

// TestCrash drops what a Sender has claimed: after the lease another one delivers it.
func TestCrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": slow(time.Second)})
		w.put(due("22", 20)...)
		_, stop := w.start(t)
		time.Sleep(500 * time.Millisecond) // in the middle of the first calls
		w.memory.fail(errors.New("the machine is off"))
		stop()
		if n := w.delivered("22"); n != 0 {
			t.Fatalf("%d were noted as delivered", n)
		}
		w.memory.fail(nil)
		_, stop = w.start(t)
		time.Sleep(100 * time.Second)
		if n := w.delivered("22"); n != 0 {
			t.Errorf("%d were delivered within the lease", n)
		}
		time.Sleep(30 * time.Second)
		stop()
		if n := w.delivered("22"); n != 20 {
			t.Errorf("%d of 20 are delivered", n)
		}
	})
}

// TestStop ends a Sender in the middle of its work: calls under way end, the rest is due at once.
func TestStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"quick": slow(time.Second), "slow": slow(9 * time.Second)})
		w.put(append(due("quick", 20), due("slow", 20)...)...)
		_, stop := w.start(t)
		time.Sleep(500 * time.Millisecond)
		start := time.Now()
		stop()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if n := w.delivered("quick"); n != 8 {
			t.Errorf("%d of 8 calls under way were noted", n)
		}
		now, later := 0, 0
		for _, d := range w.all() {
			switch {
			case d.State != delivery.Due:
			case d.AttemptCount != 0:
				t.Errorf("an attempt is counted for %+v", d)
			case d.DueTime.After(time.Now()):
				later++
			default:
				now++
			}
		}
		if now != 24 || later != 8 {
			t.Errorf("%d are due now and %d later; want 24, and 8 that were cut off", now, later)
		}
		if len(w.called("slow")) != 8 {
			t.Errorf("the slow one got %d calls", len(w.called("slow")))
		}
	})
}

// TestStoreDown checks that the result of a delivery is stored once the store is back.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": slow(2 * time.Second)})
		w.put(due("22", 8)...)
		_, stop := w.start(t)
		time.Sleep(time.Second)
		w.memory.fail(apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE", "no"))
		time.Sleep(30 * time.Second)
		w.memory.fail(nil)
		time.Sleep(3 * time.Second)
		stop()
		if n, calls := w.delivered("22"), len(w.called("22")); n != 8 || calls != 8 {
			t.Errorf("%d of 8 are delivered, by %d calls", n, calls)
		}
	})
}

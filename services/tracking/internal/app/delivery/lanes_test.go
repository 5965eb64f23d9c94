package delivery_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// hang is an endpoint that never answers.
func hang(req *http.Request) (int, http.Header, error) {
	<-req.Context().Done()
	return 0, nil, req.Context().Err()
}

// TestHealthyAreNotHeldUp puts endpoints that hang, fail and are slow, with much to deliver, beside
// healthy ones that get a delivery each now and then.
func TestHealthyAreNotHeldUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoints := map[string]endpoint{"dead": hang, "failing": status(500), "healthy": slow(20 * time.Millisecond)}
		for i := range 40 {
			endpoints[fmt.Sprintf("slow%d", i)] = slow(9 * time.Second)
		}
		w := newWorld(t, endpoints)
		for id := range endpoints {
			if id != "healthy" {
				w.put(due(id, 100)...)
			}
		}
		c, stop := w.start(t)
		var delays []time.Duration
		for i := range 300 {
			start := time.Now()
			d := dueDelivery(fmt.Sprintf("h%d", i), 0, "healthy")
			w.put(d)
			c.Wake()
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			for w.of(d.ID).State != delivery.Delivered && time.Since(start) < 10*time.Second {
				time.Sleep(10 * time.Millisecond)
				synctest.Wait()
			}
			calls := w.called("healthy")
			if len(calls) != i+1 {
				t.Fatalf("there were %d calls for %d deliveries", len(calls), i+1)
			}
			delays = append(delays, calls[len(calls)-1].at.Sub(start))
		}
		stop()
		slices.Sort(delays)
		if p99 := delays[len(delays)*99/100]; p99 > 500*time.Millisecond {
			t.Errorf("the healthy endpoint's deliveries came up to %v late", p99)
		}
		if n := w.delivered("slow0"); n < 8 {
			t.Errorf("%d of a slow one's were delivered", n)
		}
	})
}

// TestLaneIsBounded counts the calls that one endpoint gets at a time, and what is claimed for it.
func TestLaneIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		w := newWorld(t, map[string]endpoint{"22": func(*http.Request) (int, http.Header, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(9 * time.Second)
			return 200, nil, nil
		}})
		w.put(due("22", 500)...)
		_, stop := w.start(t)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if most.Load() != 8 {
			t.Errorf("there were %d calls at a time, want 8", most.Load())
		}
		calls := w.called("22")
		if n := w.delivered("22"); n != 500 || len(calls) != 500 {
			t.Errorf("%d of 500 are delivered, by %d calls: leases ended in the queue", n, len(calls))
		}
		stop()
	})
}

// TestLeaseEndsInLane has calls that take so long that the leases of waiting deliveries end. Those are left to
// the next claim, and no delivery is sent twice.
func TestLeaseEndsInLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": slow(39 * time.Second)})
		w.timeout = 40 * time.Second
		w.put(due("22", 100)...)
		_, stop := w.start(t)
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if n, calls := w.delivered("22"), len(w.called("22")); n != 100 || calls != 100 {
			t.Errorf("%d of 100 are delivered, by %d calls", n, calls)
		}
		stop()
	})
}

// TestThroughput lets one quick endpoint get much: its lane is filled again before it is empty.
func TestThroughput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": slow(5 * time.Millisecond)})
		w.put(due("22", 800)...)
		_, stop := w.start(t)
		start := time.Now()
		for w.delivered("22") < 800 && time.Since(start) < time.Minute {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		stop()
		if took := time.Since(start); took > time.Second { // 8 at a time: half a second
			t.Errorf("800 deliveries took %v", took)
		}
		if claims, _ := w.asked(); claims > 100 {
			t.Errorf("there were %d claims for 800 deliveries", claims)
		}
	})
}

// TestCircuit follows a dead endpoint: five failures, then a probe now and then, which costs those that
// wait nothing; and all is delivered once it lives.
func TestCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		alive := atomic.Bool{}
		w := newWorld(t, map[string]endpoint{"22": func(*http.Request) (int, http.Header, error) {
			if alive.Load() {
				return 200, nil, nil
			}
			time.Sleep(10 * time.Millisecond)
			return 500, nil, nil
		}})
		w.put(due("22", 200)...)
		_, stop := w.start(t)
		time.Sleep(4 * time.Second)
		opened := len(w.called("22"))
		if opened < 5 || opened > 16 {
			t.Errorf("there were %d calls before the circuit opened", opened)
		}
		time.Sleep(10*time.Minute - 4*time.Second)
		synctest.Wait()
		probes := w.called("22")[opened:]
		if len(probes) < 10 || len(probes) > 15 { // after 5, 10, 20, 40 and then each 60 seconds
			t.Errorf("there were %d probes in ten minutes", len(probes))
		}
		if gap := probes[1].at.Sub(probes[0].at); gap < 9*time.Second || gap > 12*time.Second {
			t.Errorf("the second probe came after %v, want 10 s", gap)
		}
		tried := 0
		for _, d := range w.all() {
			if d.AttemptCount > 0 {
				tried++
			}
		}
		if tried > opened+len(probes) {
			t.Errorf("%d deliveries have attempts, from %d calls", tried, opened+len(probes))
		}
		if _, claimed := w.asked(); claimed > 1200 {
			t.Errorf("%d deliveries were claimed, most of them in vain", claimed)
		}
		alive.Store(true)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if n := w.delivered("22"); n < 190 { // the probes' own wait longer
			t.Errorf("%d of 200 are delivered once the endpoint lives", n)
		}
		stop()
	})
}

// TestInstancesShare checks that three senders share the work and send nothing twice.
func TestInstancesShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, map[string]endpoint{"22": slow(50 * time.Millisecond), "23": slow(time.Second)})
		w.put(append(due("22", 300), due("23", 100)...)...)
		var stops []func()
		for range 3 {
			_, stop := w.start(t)
			stops = append(stops, stop)
		}
		time.Sleep(30 * time.Second)
		for _, stop := range stops {
			stop()
		}
		if n := w.delivered("22") + w.delivered("23"); n != 400 || len(w.calls) != 400 {
			t.Errorf("%d of 400 are delivered, by %d calls", n, len(w.calls))
		}
	})
}

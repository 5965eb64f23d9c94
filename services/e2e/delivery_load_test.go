package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

const (
	// deliveriesVariable is the environment variable with the number of deliveries.
	deliveriesVariable = "COUPONLINK_TEST_DELIVERIES"
	defaultDeliveries  = 20_000
	// The endpoints. Until all sales are reported, the first one is dead and the next ten fail at random. The others
	// are healthy.
	loadEndpoints  = 50
	flakyEndpoints = 10
	flakyFailures  = 0.3
	// salesPerSecond is what two idle cores can handle that also run the advertiser and all endpoints.
	salesPerSecond = 1000
	salesWorkers   = 32
	// beforeCrash and afterStart bound the sales that are left out of the statistics: those acknowledged from
	// beforeCrash before a crash until afterStart after the process serves again. A delivery that was being sent at a
	// crash is due again only when its lease ends. It must arrive, but late.
	beforeCrash = time.Second
	afterStart  = 5 * time.Second
	// healthyDelay is the bound for 99 of 100 deliveries to a healthy endpoint, on an idle machine.
	healthyDelay = 2 * time.Second
	// arrivalPatience bounds the time from the last sale to the last arrival: a lease of two minutes, and the longest
	// pause of a circuit. After each arrivalNews without an arrival, the test logs what it waits for.
	arrivalPatience = 3 * time.Minute
	arrivalNews     = 30 * time.Second
)

// TestDeliveryLoad sends deliveries to fifty endpoints. A fifth of them fail at random, and one is dead. It kills the
// process three times meanwhile. Each acknowledged sale must be delivered at least once, healthy endpoints must not
// wait, and memory must stay flat. The test keeps all cores busy, so no other test of this package runs at the same
// time.
func TestDeliveryLoad(t *testing.T) {
	sales := deliveriesToSend(t)
	addrs, dataDir := freeAddrs(t, 3), t.TempDir()
	env := map[string]string{"COUPONLINK_ALLOWED_PRIVATE_HOSTS": "127.0.0.1/32"}
	_, process := startAt(t, addrs, dataDir, env)
	l := newDeliveryLoad(t, addrs, sales)
	l.share = machineShare(t)
	done := l.start(t.Context())
	for _, part := range []float64{0.15, 0.3, 0.45} {
		l.awaitSale(t, int64(part*float64(sales)))
		crashed := time.Now()
		process.kill()
		_, process = startAt(t, addrs, dataDir, env)
		l.outages = append(l.outages, outage{from: crashed.Add(-beforeCrash), to: time.Now().Add(afterStart)})
	}
	memory := watchMemory(t, process)
	done.Wait()
	l.ended = time.Now()
	t.Logf("all sales are acknowledged after %s", l.ended.Sub(l.began).Round(time.Second))
	l.healEndpoints(t)
	l.awaitArrivals(t)
	l.checkFigures(t)
	memory.check(t)
}

func deliveriesToSend(t *testing.T) int {
	t.Helper()
	text := os.Getenv(deliveriesVariable)
	if text == "" {
		return defaultDeliveries
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < loadEndpoints {
		t.Fatalf("%s is %q, not a number of deliveries of at least %d", deliveriesVariable, text, loadEndpoints)
	}
	return n
}

// deliveryLoad is a stream of sales and the endpoints that receive them. Sale i belongs to publisher i modulo
// loadEndpoints.
type deliveryLoad struct {
	client    typed
	codes     []string
	endpoints []*loadEndpoint
	next      atomic.Int64
	// acknowledged has the time of each sale's acknowledgement, in Unix nanoseconds.
	acknowledged []atomic.Int64
	arrivals     *arrivals
	// retried counts the calls without an answer, or with one that asked to try again.
	retried atomic.Int64
	// share is the test's share of the machine; pace and delays are scaled by it.
	share   float64
	began   time.Time
	ended   time.Time
	outages []outage
}

// outage is a time whose sales are left out of the statistics.
type outage struct{ from, to time.Time }

func newDeliveryLoad(t *testing.T, addrs []string, sales int) *deliveryLoad {
	t.Helper()
	l := &deliveryLoad{client: newTyped(t, addrs), acknowledged: make([]atomic.Int64, sales), arrivals: newArrivals(sales)}
	for i := range loadEndpoints {
		failures := 0.0
		if i >= 1 && i <= flakyEndpoints {
			failures = flakyFailures
		}
		l.endpoints = append(l.endpoints, newLoadEndpoint(t, l.arrivals, failures))
	}
	l.endpoints[0].die()
	l.codes = l.client.campaign(t, "load", loadEndpoints, func(i int) (string, *couponv1.Publisher) {
		p := &couponv1.Publisher{DisplayName: "P", PostbackUrl: "http://" + l.endpoints[i].addr + "/pb?sale={transaction_id}&id={delivery_id}"}
		if i%2 == 1 {
			p.Delivery = &couponv1.DeliverySettings{Method: couponv1.DeliverySettings_POST}
		}
		return fmt.Sprintf("p%d", i), p
	})
	return l
}

// start reports the sales at a steady pace. It repeats each until it is acknowledged.
func (l *deliveryLoad) start(ctx context.Context) *sync.WaitGroup {
	l.began = time.Now()
	perSecond := salesPerSecond * max(l.share, 0.25) // a slower pace would take minutes
	pace := rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/20)))
	var group sync.WaitGroup
	for range salesWorkers {
		group.Go(func() {
			for pace.Wait(ctx) == nil {
				i := l.next.Add(1) - 1
				if i >= int64(len(l.acknowledged)) {
					return
				}
				for ctx.Err() == nil && !l.report(ctx, int(i)) {
					_ = sleep(ctx, 20*time.Millisecond) // the loop sees the end of ctx
				}
			}
		})
	}
	return &group
}

// report reports a sale, and returns whether it was acknowledged.
func (l *deliveryLoad) report(ctx context.Context, sale int) bool {
	_, err := l.client.conversions.RecordConversion(ctx, &trackingv1.RecordConversionRequest{
		Offer: "offers/load", CouponCode: l.codes[sale%loadEndpoints], TransactionId: strconv.Itoa(sale),
	})
	if err != nil {
		l.retried.Add(1)
		return false
	}
	l.acknowledged[sale].Store(time.Now().UnixNano())
	return true
}

// awaitSale waits until a sale is being reported.
func (l *deliveryLoad) awaitSale(t *testing.T, sale int64) {
	t.Helper()
	for l.next.Load() < sale {
		if err := sleep(t.Context(), 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// healEndpoints makes all endpoints healthy. If some continued to fail, so would the probes of their circuits, whose
// pauses double, and nothing would bound the time of the last delivery.
func (l *deliveryLoad) healEndpoints(t *testing.T) {
	t.Helper()
	l.endpoints[0].revive(t)
	for _, e := range l.endpoints {
		e.heal()
	}
}

// awaitArrivals waits until all sales have arrived, and reports those that have not.
func (l *deliveryLoad) awaitArrivals(t *testing.T) {
	t.Helper()
	for start, news := time.Now(), arrivalNews; ; {
		missing := l.missing()
		if len(missing) == 0 {
			return
		}
		if waited := time.Since(start); waited > news {
			news += arrivalNews
			t.Logf("after %s %d of %d sales were not delivered", waited.Round(time.Second), len(missing), len(l.acknowledged))
			for _, sale := range missing[:min(len(missing), 5)] {
				t.Logf("sale %d, acknowledged %s: %s", sale, time.Unix(0, l.acknowledged[sale].Load()), l.story(t, sale))
			}
			if waited > arrivalPatience {
				t.Fatalf("all were to be delivered within %s", arrivalPatience)
			}
		}
		if err := sleep(t.Context(), 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// story returns what is stored about a sale and its deliveries, for messages.
func (l *deliveryLoad) story(t *testing.T, sale int) string {
	t.Helper()
	conversions, err := l.client.conversions.ListConversions(t.Context(), &trackingv1.ListConversionsRequest{Filter: fmt.Sprintf(`transaction_id = "%d"`, sale)})
	if err != nil || len(conversions.GetConversions()) != 1 {
		return fmt.Sprintf("stored as %v, %v", conversions.GetConversions(), err)
	}
	conversion := conversions.GetConversions()[0]
	deliveries, err := l.client.deliveries.ListDeliveries(t.Context(), &trackingv1.ListDeliveriesRequest{Filter: fmt.Sprintf("conversion = %q", conversion.GetName())})
	if err != nil || len(deliveries.GetDeliveries()) != 1 {
		return fmt.Sprintf("%v has the deliveries %v, %v", conversion, deliveries.GetDeliveries(), err)
	}
	delivery, err := l.client.deliveries.GetDelivery(t.Context(), &trackingv1.GetDeliveryRequest{Name: deliveries.GetDeliveries()[0].GetName()})
	return fmt.Sprintf("%v has the delivery %v, %v", conversion, delivery, err)
}

func (l *deliveryLoad) missing() []int {
	var missing []int
	for sale := range l.acknowledged {
		if l.arrivals.first[sale].Load() == 0 {
			missing = append(missing, sale)
		}
	}
	return missing
}

// checkFigures prints the statistics, and checks the delays of the healthy endpoints.
func (l *deliveryLoad) checkFigures(t *testing.T) {
	t.Helper()
	var steady, healthy []time.Duration // without the crashes, and all
	again := 0
	for sale := range l.acknowledged {
		if l.arrivals.count[sale].Load() > 1 {
			again++
		}
		if sale%loadEndpoints <= flakyEndpoints {
			continue
		}
		at := time.Unix(0, l.acknowledged[sale].Load())
		delay := time.Unix(0, l.arrivals.first[sale].Load()).Sub(at)
		healthy = append(healthy, delay)
		if !l.nearCrash(at) {
			steady = append(steady, delay)
		}
	}
	if len(steady) < len(healthy)/4 {
		t.Errorf("only %d of %d deliveries to healthy endpoints were away from the crashes: too few to tell", len(steady), len(healthy))
	}
	tries := l.arrivals.tries.Load()
	t.Logf("%d sales in %.0f s, %d calls repeated; the last arrived %.0f s later; %.3f tries per delivery, %d delivered more than once",
		len(l.acknowledged), l.ended.Sub(l.began).Seconds(), l.retried.Load(), l.arrivals.last().Sub(l.ended).Seconds(), float64(tries)/float64(len(l.acknowledged)), again)
	t.Logf("healthy endpoints, away from the crashes: %s", delaysOf(steady))
	t.Logf("healthy endpoints, all: %s", delaysOf(healthy))
	limit := time.Duration(float64(healthyDelay) / l.share)
	if p99 := delaysOf(steady).p99; p99 > limit {
		t.Errorf("the healthy endpoints' p99 delay is %s, more than %s", p99, limit)
	}
}

func (l *deliveryLoad) nearCrash(at time.Time) bool {
	for _, o := range l.outages {
		if at.After(o.from) && at.Before(o.to) {
			return true
		}
	}
	return false
}

package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// arrivals records the calls to a load's endpoints, by sale.
type arrivals struct {
	// first has the time of a sale's first arrival, in Unix nanoseconds; count, the number of its arrivals.
	first []atomic.Int64
	count []atomic.Int32
	// refused has the number of 500s for a sale.
	refused []atomic.Int32
	// tries counts all calls, including refused ones.
	tries atomic.Int64
}

func newArrivals(sales int) *arrivals {
	return &arrivals{first: make([]atomic.Int64, sales), count: make([]atomic.Int32, sales), refused: make([]atomic.Int32, sales)}
}

// note records the arrival of a sale.
func (a *arrivals) note(sale int) {
	a.first[sale].CompareAndSwap(0, time.Now().UnixNano())
	a.count[sale].Add(1)
}

// last returns the latest first arrival of a sale.
func (a *arrivals) last() time.Time {
	last := int64(0)
	for i := range a.first {
		last = max(last, a.first[i].Load())
	}
	return time.Unix(0, last)
}

// loadEndpoint is a publisher's endpoint with its own address.
type loadEndpoint struct {
	addr     string
	failures float64
	// sound means that it does not fail any more.
	sound    atomic.Bool
	arrivals *arrivals
	server   *http.Server
}

// maxRefusals bounds the 500s for a sale. With the pauses of a delivery that fails seven times in a row, the test would
// take as long as those.
const maxRefusals = 4

// newLoadEndpoint starts an endpoint that answers some calls with 500.
func newLoadEndpoint(t *testing.T, a *arrivals, failures float64) *loadEndpoint {
	t.Helper()
	e := &loadEndpoint{addr: "127.0.0.1:0", arrivals: a, failures: failures}
	e.revive(t)
	return e
}

// ServeHTTP receives a delivery.
func (e *loadEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.arrivals.tries.Add(1)
	sale, err := strconv.Atoi(r.URL.Query().Get("sale"))
	if err != nil || sale < 0 || sale >= len(e.arrivals.first) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !e.sound.Load() && rand.Float64() < e.failures && e.arrivals.refused[sale].Add(1) <= maxRefusals {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	e.arrivals.note(sale)
}

// die closes the endpoint: connections are refused.
func (e *loadEndpoint) die() { _ = e.server.Close() } // nothing is lost

// heal ends the random failures.
func (e *loadEndpoint) heal() { e.sound.Store(true) }

// revive listens on the endpoint's address again.
func (e *loadEndpoint) revive(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", e.addr)
	if err != nil {
		t.Fatal(err)
	}
	e.addr = listener.Addr().String()
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	e.server = server
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("an endpoint ended: %v", err)
		}
	}()
}

// delays are statistics of many delays.
type delays struct {
	n             int
	p50, p99, max time.Duration
}

func delaysOf(all []time.Duration) delays {
	if len(all) == 0 {
		return delays{}
	}
	slices.Sort(all)
	return delays{n: len(all), p50: all[len(all)/2], p99: all[len(all)*99/100], max: all[len(all)-1]}
}

// String returns the statistics in milliseconds.
func (d delays) String() string {
	return fmt.Sprintf("p50 %d ms, p99 %d ms, max %d ms of %d", d.p50.Milliseconds(), d.p99.Milliseconds(), d.max.Milliseconds(), d.n)
}

// memoryWatch samples the memory of a process until check.
type memoryWatch struct {
	stop, stopped chan struct{}
	samples       []int64
	err           error
}

const (
	memoryInterval = 200 * time.Millisecond
	// memoryGrowth and memorySlack bound the peak in the last third by the peak in the first.
	memoryGrowth = 1.3
	memorySlack  = 32 << 20
)

func watchMemory(t *testing.T, p *process) *memoryWatch {
	t.Helper()
	m := &memoryWatch{stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(m.stopped)
		tick := time.NewTicker(memoryInterval)
		defer tick.Stop()
		for m.err == nil {
			select {
			case <-m.stop:
				return
			case <-tick.C:
			}
			var bytes int64
			bytes, m.err = residentBytes(p.cmd.Process.Pid)
			m.samples = append(m.samples, bytes)
		}
	}()
	return m
}

// check ends the watch and compares its last third with the first.
func (m *memoryWatch) check(t *testing.T) {
	t.Helper()
	close(m.stop)
	<-m.stopped
	third := len(m.samples) / 3
	if m.err != nil || third == 0 {
		t.Fatalf("the memory could not be watched: %v, %d samples", m.err, len(m.samples))
	}
	first, last := slices.Max(m.samples[:third]), slices.Max(m.samples[len(m.samples)-third:])
	t.Logf("memory since the last start: at most %d MiB in the first third, %d MiB in the last, %d MiB over all", first>>20, last>>20, slices.Max(m.samples)>>20)
	if limit := int64(memoryGrowth*float64(first)) + memorySlack; last > limit {
		t.Errorf("memory grew from %d to %d MiB", first>>20, last>>20)
	}
}

// residentBytes returns a process's resident memory.
func residentBytes(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(content))
	if len(fields) < 2 {
		return 0, fmt.Errorf("%q has no second field", content)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

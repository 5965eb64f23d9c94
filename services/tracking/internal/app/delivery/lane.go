package delivery

import (
	"context"
	"log/slog"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

const (
	// laneCalls is how many calls one endpoint gets at a time.
	laneCalls = 8
	// places is how many deliveries are in lanes at most, all together: as many as a crash leaves claimed.
	places = 256
	// laneShare is how many deliveries a lane has at most when more are claimed for it, and claimShare how
	// many one claim gets at most: together they are called within a lease, even if each call waits as
	// long as it may.
	laneShare  = 32
	claimShare = 32
)

// lane is a publisher's deliveries that are claimed. All of it is guarded by the Sender's mutex.
type lane struct {
	publisher string
	queue     []job
	// calls is how many are under way.
	calls   int
	circuit circuit
}

// job is a claimed delivery.
type job struct {
	delivery delivery.Delivery
	holder   string
	until    time.Time
	// probe says that the call began while the circuit was open.
	probe bool
}

// count returns how many deliveries a lane has.
func (l *lane) count() int { return len(l.queue) + l.calls }

// share returns how many deliveries a lane may have when more are claimed for it. It shrinks with the
// places that are free, so that however many endpoints are slow, some places stay for the others.
func (c *Sender) share() int { return min(laneShare, max(1, (places-c.used)/8)) }

// skipped returns the publishers that a claim must leave out now, and notes whether any of them was left out
// because its lane is full.
func (c *Sender) skipped(now time.Time) []string {
	var skip []string
	c.held = false
	share := c.share()
	for id, l := range c.lanes {
		switch {
		case l.circuit.isOpen():
			if now.Before(l.circuit.until) || l.count() > 0 {
				skip = append(skip, id)
			}
		case l.count() >= share:
			skip = append(skip, id)
			c.held = true
		}
	}
	return skip
}

// take puts claimed deliveries into their lanes, and returns those that are to be put back.
func (c *Sender) take(calling context.Context, jobs []job) []job {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return jobs
	}
	now := c.moment()
	var back []job
	touched := map[*lane]bool{}
	for _, j := range jobs {
		l := c.lanes[j.delivery.Publisher]
		if l == nil {
			l = &lane{publisher: j.delivery.Publisher}
			c.lanes[l.publisher] = l
		}
		if l.circuit.allowed(now) == 0 { // opened while they were being claimed
			back = append(back, j)
			continue
		}
		l.queue = append(l.queue, j)
		c.used++
		touched[l] = true
	}
	for l := range touched {
		c.start(calling, l)
	}
	return back
}

// start begins as many of a lane's calls as it may have. The mutex is held.
func (c *Sender) start(calling context.Context, l *lane) {
	for !c.stopped && len(l.queue) > 0 && l.calls < l.circuit.allowed(c.moment()) {
		j := l.queue[0]
		l.queue = l.queue[1:]
		l.calls++
		j.probe = l.circuit.isOpen()
		c.calls.Go(func() { c.bring(calling, l, j) })
	}
}

// note tells a lane's circuit the result of a call. If the circuit opened, it returns the waiting deliveries to
// put back, and the time when they may be attempted.
func (c *Sender) note(ctx context.Context, l *lane, probe bool, result result) ([]job, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch result {
	case arrived:
		if l.circuit.succeeded() {
			c.log.InfoContext(ctx, "delivery circuit closed", slog.String("publisher", l.publisher))
		}
	case failed:
		wasOpen := l.circuit.isOpen()
		if !l.circuit.failed(c.moment(), probe) {
			return nil, time.Time{}
		}
		if !wasOpen {
			c.log.WarnContext(ctx, "delivery circuit opened", slog.String("publisher", l.publisher), slog.Time("until", l.circuit.until))
		}
		back := l.queue
		l.queue = nil
		c.used -= len(back)
		return back, l.circuit.until
	case untold:
	}
	return nil, time.Time{}
}

// leave ends a call: its place is free for the next of its lane, or for another claim.
func (c *Sender) leave(calling context.Context, l *lane) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.calls--
	c.used--
	c.start(calling, l)
	if l.count() == 0 && l.circuit == (circuit{}) {
		delete(c.lanes, l.publisher)
	}
	// Claiming for each place that gets free would be a claim for each delivery.
	if c.held && l.count()*2 <= c.share() {
		signal(c.toClaim)
	}
}

// stop lets no call begin any more, and returns what waits.
func (c *Sender) stop() []job {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	var waiting []job
	for _, l := range c.lanes {
		waiting = append(waiting, l.queue...)
		l.queue = nil
	}
	c.used -= len(waiting)
	return waiting
}

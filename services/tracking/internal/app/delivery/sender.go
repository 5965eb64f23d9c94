// Package delivery lists, replays and tests deliveries, and sends conversions to publishers: it plans deliveries, claims those that are due, calls the
// publishers' endpoints and stores the results. Several instances share the work by leases in the store.
//
// Each publisher has a lane of its own with a bounded number of calls, and a circuit that opens when its
// endpoint fails repeatedly, so one endpoint does not hold up deliveries to another.
package delivery

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// lease is for how long claimed deliveries are left to this instance: longer than a full lane of an
	// endpoint takes that lets each call wait as long as it may.
	lease = 2 * time.Minute
	// callTimeout limits a whole call.
	callTimeout = 10 * time.Second
	// idlePoll and busyPoll are how often the store is looked at without a wake, with no calls under way and
	// with some.
	idlePoll = time.Second
	busyPoll = 250 * time.Millisecond
	// lookGap is the least time between two looks, so that one look handles a burst.
	lookGap = 10 * time.Millisecond
	// storeTimeout bounds one claim or one note.
	storeTimeout = 10 * time.Second
	// stopGrace is how long calls under way have to finish at the end.
	stopGrace = 5 * time.Second
)

// SenderConfig is what a Sender works with.
type SenderConfig struct {
	Store      Store
	Publishers PublisherClient
	// Client makes the calls. It must not follow redirects, and must refuse addresses inside the network.
	Client *http.Client
	Now    func() time.Time
	// Random returns numbers from 0 up to but not including 1. It must be safe for concurrent use.
	Random func() float64
	Log    *slog.Logger
	// CallTimeout limits a whole call; zero: 10 seconds.
	CallTimeout time.Duration
}

// Sender sends deliveries to publishers. It is safe for concurrent use.
type Sender struct {
	store       Store
	publishers  PublisherClient
	client      *http.Client
	now         func() time.Time
	random      func() float64
	log         *slog.Logger
	callTimeout time.Duration
	// toPlan and toClaim hold a token if there may be work.
	toPlan, toClaim chan struct{}
	// calls counts the goroutines that have calls under way.
	calls sync.WaitGroup

	mu    sync.Mutex
	lanes map[string]*lane
	// used is how many deliveries are in lanes.
	used int
	// held says that the last claim left out lanes because they were full.
	held    bool
	stopped bool
}

// NewSender returns a Sender, which does nothing but Send until Run.
func NewSender(c SenderConfig) *Sender {
	if c.CallTimeout == 0 {
		c.CallTimeout = callTimeout
	}
	return &Sender{
		store: c.Store, publishers: c.Publishers, client: c.Client, now: c.Now, random: c.Random, log: c.Log,
		callTimeout: c.CallTimeout,
		toPlan:      make(chan struct{}, 1), toClaim: make(chan struct{}, 1),
		lanes: map[string]*lane{},
	}
}

// Wake says that there are conversions whose deliveries are to be planned, or deliveries that are due. It
// returns at once; many wakes in a short time are one look.
func (c *Sender) Wake() {
	signal(c.toPlan)
	signal(c.toClaim)
}

func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // there is a token already
	}
}

// Run plans and sends deliveries until ctx ends; then it puts back what waits, and waits a few seconds
// for the calls under way. Those that take longer stay claimed until their lease ends, and are sent again
// then. It may be called once, and returns nil.
func (c *Sender) Run(ctx context.Context) error {
	calling, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	var loops sync.WaitGroup
	loops.Go(func() { c.loop(ctx, "planning deliveries", c.toPlan, c.plan) })
	loops.Go(func() {
		// Wait for a claim that has begun: what it got is put back.
		c.loop(ctx, "claiming deliveries", c.toClaim, func(ctx context.Context) (time.Duration, error) { return c.claim(ctx, calling) })
	})
	<-ctx.Done()
	waiting := c.stop()
	loops.Wait()
	grace := time.AfterFunc(stopGrace, abort)
	defer grace.Stop()
	c.putBack(calling, waiting, c.moment())
	c.calls.Wait()
	c.client.CloseIdleConnections()
	return nil
}

// loop looks again and again until ctx ends: after the pause that the last look asked for, or when woken.
func (c *Sender) loop(ctx context.Context, what string, wake <-chan struct{}, look func(context.Context) (time.Duration, error)) {
	failing := false
	for ctx.Err() == nil {
		pause, err := look(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !failing: // once, not each second
			failing = true
			c.log.WarnContext(ctx, what+" fails; trying again each second", slog.Any("error", err))
		case err == nil && failing:
			failing = false
			c.log.InfoContext(ctx, what+" works again")
		}
		if err != nil {
			// Leave wakes for later: they come as often as sales.
			sleep(ctx, idlePoll, nil)
			continue
		}
		sleep(ctx, lookGap, nil)
		sleep(ctx, pause-lookGap, wake)
	}
}

// sleep waits for a time, for a wake or for the end of ctx.
func sleep(ctx context.Context, pause time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// moment returns the time in UTC, in the stored precision.
func (c *Sender) moment() time.Time { return c.now().UTC().Truncate(time.Millisecond) }

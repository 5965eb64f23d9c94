package delivery

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

const (
	// unknownPause is how long a delivery waits if its publisher cannot be looked up.
	unknownPause = 5 * time.Second
	// notePause is the pause after the store failed to take a result.
	notePause = time.Second
	// backAtOnce is how many deliveries are put back at once.
	backAtOnce = 8
)

// result says what a circuit is to learn of a delivery.
type result int

const (
	// untold: the endpoint was not called, or the call was cut off from our side.
	untold result = iota
	arrived
	failed
)

// bring attempts a delivery once, stores the result, and leaves its lane.
func (c *Sender) bring(ctx context.Context, l *lane, j job) {
	defer c.leave(ctx, l)
	if c.now().Add(c.callTimeout).After(j.until) {
		return // the lease would end during the call; the delivery is claimed again
	}
	d, result := c.try(ctx, j.delivery)
	if ctx.Err() != nil {
		return // cut off at the end: due again when the lease ends
	}
	back, due := c.note(ctx, l, j.probe, result)
	c.finish(ctx, d, j)
	c.putBack(ctx, back, due)
}

// try calls a delivery's publisher, and returns the delivery as it is after the attempt.
func (c *Sender) try(ctx context.Context, d delivery.Delivery) (delivery.Delivery, result) {
	to, err := c.publishers.Publisher(ctx, d.Publisher)
	start := c.moment()
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return c.giveUp(ctx, d, delivery.Attempt{Time: start, Error: "there is no such publisher any more"}), untold
	case err != nil:
		c.log.DebugContext(ctx, "a delivery waits for its publisher to be looked up", slog.String("delivery", d.ID), slog.Any("error", err))
		return d.PutBack(start.Add(unknownPause)), untold
	case !to.Active:
		return c.giveUp(ctx, d, delivery.Attempt{Time: start, Error: "the publisher is not active"}), untold
	case to.PostbackURL == nil:
		return c.giveUp(ctx, d, delivery.Attempt{Time: start, Error: "the publisher has no postback URL any more"}), untold
	}
	answer := c.call(ctx, to, d)
	if answer.arrived() {
		return d.Delivered(answer.attempt, c.moment()), arrived
	}
	switch {
	case answer.unsent:
		return c.giveUp(ctx, d, answer.attempt), untold
	case answer.attempt.HTTPStatus == http.StatusGone:
		return c.giveUp(ctx, d, answer.attempt), failed
	}
	pause := delivery.RetryPause(d.AttemptCount+1, c.random(), answer.retryAfter)
	tried := d.Failed(answer.attempt, pause, c.moment())
	if tried.State == delivery.Dead {
		c.logDead(ctx, tried, answer.attempt)
	}
	return tried, failed
}

func (c *Sender) giveUp(ctx context.Context, d delivery.Delivery, attempt delivery.Attempt) delivery.Delivery {
	c.logDead(ctx, d, attempt)
	return d.GivenUp(attempt, c.moment())
}

// logDead says that a delivery is given up.
func (c *Sender) logDead(ctx context.Context, d delivery.Delivery, attempt delivery.Attempt) {
	c.log.WarnContext(ctx, "delivery given up", slog.String("delivery", d.ID), slog.String("publisher", d.Publisher),
		slog.Int("attempts", d.AttemptCount+1), slog.String("error", attempt.Error))
}

// finish stores a delivery after its attempt. If the store fails, it retries until the lease ends: a delivery
// that arrived should not be sent again because of that.
func (c *Sender) finish(ctx context.Context, d delivery.Delivery, j job) {
	for {
		storing, cancel := context.WithTimeout(ctx, storeTimeout)
		err := c.store.FinishDelivery(storing, d, j.holder)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		if c.now().Add(notePause).After(j.until) {
			c.log.WarnContext(ctx, "what came of a delivery could not be stored; it is sent again", slog.String("delivery", d.ID), slog.Any("error", err))
			return
		}
		sleep(ctx, notePause, nil)
	}
}

// putBack makes claimed deliveries that were not attempted due at a time. One that cannot be put back is due
// when its lease ends.
func (c *Sender) putBack(ctx context.Context, jobs []job, due time.Time) {
	var all sync.WaitGroup
	for first := range min(backAtOnce, len(jobs)) {
		all.Go(func() {
			for i := first; i < len(jobs) && ctx.Err() == nil; i += backAtOnce {
				storing, cancel := context.WithTimeout(ctx, storeTimeout)
				err := c.store.FinishDelivery(storing, jobs[i].delivery.PutBack(due), jobs[i].holder)
				cancel()
				if err != nil {
					c.log.DebugContext(ctx, "a delivery could not be put back", slog.String("delivery", jobs[i].delivery.ID), slog.Any("error", err))
				}
			}
		})
	}
	all.Wait()
}

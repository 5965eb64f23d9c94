// Package trackingclient asks the tracking service, which counts the uses of coupons, whether one is left.
//
// Only the coupon service's wiring imports it.
package trackingclient

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
)

const (
	// AskTimeout is how long the tracking service may take to answer. A checkout waits for it.
	AskTimeout = 300 * time.Millisecond
	// ProbeInterval is the pause between two questions to a tracking service that does not answer. It is longer than
	// AskTimeout, so that only one is in flight.
	ProbeInterval = time.Second
)

// errAway is the error while nobody waits for the tracking service.
var errAway = errors.New("the tracking service did not answer the last question")

// Client asks the tracking service. After a question without an answer, nobody waits for it: one question in each
// ProbeInterval finds out in the background whether it answers again. A Client is safe for concurrent use.
type Client struct {
	api trackingv1.ReservationServiceClient
	now func() time.Time
	log *slog.Logger

	mu sync.Mutex
	// failedAt is when the last question was asked that got no answer; zero while the service answers.
	failedAt time.Time
}

// New returns a Client on a connection that carries the admin key. The service need not be there yet.
func New(tracking grpc.ClientConnInterface, now func() time.Time, log *slog.Logger) *Client {
	return &Client{api: trackingv1.NewReservationServiceClient(tracking), now: now, log: log}
}

// Reached reports whether one of a coupon's limits is reached now, uses that are held for checkouts included. It returns
// an error within AskTimeout if the tracking service does not answer, and at once if it did not answer before.
func (c *Client) Reached(ctx context.Context, limits domain.Limits) (bool, error) {
	switch isAway, probe := c.state(); {
	case probe:
		go func() { _, _ = c.ask(context.WithoutCancel(ctx), limits) }() // ask notes the result, and ends within AskTimeout
		return false, errAway
	case isAway:
		return false, errAway
	}
	return c.ask(ctx, limits)
}

// state says whether the service is away, and whether it is time to ask it in the background. The caller must then ask.
func (c *Client) state() (isAway, probe bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failedAt.IsZero() {
		return false, false
	}
	now := c.now()
	if now.Sub(c.failedAt) < ProbeInterval {
		return true, false
	}
	c.failedAt = now
	return true, true
}

func (c *Client) ask(ctx context.Context, limits domain.Limits) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, AskTimeout)
	defer cancel()
	resp, err := c.api.CheckLimits(bounded, &trackingv1.CheckLimitsRequest{
		Coupon: limits.Coupon, Etag: limits.Etag, UsageLimit: limits.Total, DailyUsageLimit: limits.Daily,
	})
	if err != nil && ctx.Err() != nil {
		return false, err // the caller left
	}
	c.note(ctx, err)
	return resp.GetReached(), err
}

// note notes whether a question was answered, and logs a change.
func (c *Client) note(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wasAway := !c.failedAt.IsZero()
	switch {
	case err == nil:
		c.failedAt = time.Time{}
		if wasAway {
			c.log.InfoContext(ctx, "the tracking service answers again; validation knows usage limits")
		}
	case !wasAway:
		c.failedAt = c.now()
		c.log.WarnContext(ctx, "the tracking service does not answer; validation does not know usage limits", slog.Any("error", err))
	}
}

package delivery

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// claim claims deliveries that are due, as long as there are some and places for them. What was claimed
// is called under calling.
func (c *Sender) claim(ctx, calling context.Context) (time.Duration, error) {
	for ctx.Err() == nil {
		claim := c.nextClaim()
		if claim.Limit == 0 {
			return busyPoll, nil
		}
		storing, cancel := context.WithTimeout(calling, storeTimeout)
		deliveries, err := c.store.ClaimDeliveries(storing, claim)
		cancel()
		if err != nil {
			return idlePoll, err
		}
		jobs := make([]job, len(deliveries))
		for i, d := range deliveries {
			jobs[i] = job{delivery: d, holder: claim.Holder, until: claim.Until}
		}
		c.putBack(calling, c.take(calling, jobs), c.moment())
		if len(jobs) < claim.Limit {
			break
		}
	}
	return c.poll(), nil
}

// nextClaim returns what is to be claimed now; with a limit of 0: nothing.
func (c *Sender) nextClaim() delivery.Claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.moment()
	skip := c.skipped(now)
	free := places - c.used
	if free == 0 {
		c.held = true
		return delivery.Claim{}
	}
	return delivery.Claim{
		Now: now, Until: now.Add(lease), Holder: uuid.NewString(), Skip: skip,
		Limit: min(claimShare, max(1, free/4)),
	}
}

// poll returns how long the store need not be looked at.
func (c *Sender) poll() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used > 0 {
		return busyPoll
	}
	return idlePoll
}

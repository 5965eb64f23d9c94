package courier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/flow"
	"github.com/couponlink/couponlink/services/tracking/internal/rules"
)

// planLimit is how many conversions are planned at once.
const planLimit = 500

// plan plans the deliveries of all conversions that are not planned yet.
func (c *Courier) plan(ctx context.Context) (time.Duration, error) {
	for {
		conversions, err := c.store.Unplanned(ctx, planLimit)
		if err != nil || len(conversions) == 0 {
			return idlePoll, err
		}
		plans, err := c.plans(ctx, conversions)
		if len(plans) == 0 {
			return idlePoll, err
		}
		if err := c.store.Plan(ctx, plans); err != nil {
			return idlePoll, err
		}
		signal(c.toClaim)
		if len(conversions) < planLimit {
			return idlePoll, err
		}
	}
}

// plans returns what the conversions come to. Those for which a publisher cannot be looked up are left
// out, with the reason as the error.
func (c *Courier) plans(ctx context.Context, conversions []rules.Conversion) ([]flow.Plan, error) {
	known := round{ask: c.publishers.Publisher, found: map[string]rules.Publisher{}, failed: map[string]error{}}
	now := c.moment()
	plans := make([]flow.Plan, 0, len(conversions))
	var left error
	for _, conversion := range conversions {
		var err error
		deliveries := conversion.Plan(func(id string) (rules.Publisher, bool) {
			publisher, askErr := known.get(ctx, id)
			if askErr != nil && !errors.Is(askErr, flow.ErrNotFound) {
				err = askErr
			}
			return publisher, askErr == nil
		}, now)
		if err != nil {
			left = fmt.Errorf("looking up a publisher of conversion %s: %w", conversion.ID, err)
			continue
		}
		plans = append(plans, flow.Plan{Conversion: conversion.ID, Revision: conversion.Revision, Deliveries: deliveries})
	}
	return plans, left
}

// round remembers each publisher for one round of planning, also one that could not be looked up: the coupon
// service is not waited for again and again.
type round struct {
	ask    func(ctx context.Context, id string) (rules.Publisher, error)
	found  map[string]rules.Publisher
	failed map[string]error
}

func (p round) get(ctx context.Context, id string) (rules.Publisher, error) {
	if publisher, ok := p.found[id]; ok {
		return publisher, nil
	}
	if err, ok := p.failed[id]; ok {
		return rules.Publisher{}, err
	}
	publisher, err := p.ask(ctx, id)
	if err != nil {
		p.failed[id] = err
		return rules.Publisher{}, err
	}
	p.found[id] = publisher
	return publisher, nil
}

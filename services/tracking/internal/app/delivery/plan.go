package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// planLimit is how many conversions are planned at once.
const planLimit = 500

// plan plans the deliveries of all conversions that are not planned yet.
func (c *Sender) plan(ctx context.Context) (time.Duration, error) {
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

// plans returns the delivery plans of conversions. It leaves out those whose publishers cannot be looked up, and
// returns the reason as the error.
func (c *Sender) plans(ctx context.Context, conversions []domain.Conversion) ([]delivery.Plan, error) {
	known := round{ask: c.publishers.Publisher, found: map[string]domain.Publisher{}, failed: map[string]error{}}
	now := c.moment()
	plans := make([]delivery.Plan, 0, len(conversions))
	var left error
	for _, conversion := range conversions {
		var err error
		deliveries := delivery.Planned(conversion, func(id string) (domain.Publisher, bool) {
			publisher, askErr := known.get(ctx, id)
			if askErr != nil && !errors.Is(askErr, domain.ErrNotFound) {
				err = askErr
			}
			return publisher, askErr == nil
		}, now)
		if err != nil {
			left = fmt.Errorf("looking up a publisher of conversion %s: %w", conversion.ID, err)
			continue
		}
		plans = append(plans, delivery.Plan{Conversion: conversion.ID, Revision: conversion.Revision, Deliveries: deliveries})
	}
	return plans, left
}

// round remembers each publisher for one round of planning, also one that could not be looked up: the coupon
// service is not waited for again and again.
type round struct {
	ask    func(ctx context.Context, id string) (domain.Publisher, error)
	found  map[string]domain.Publisher
	failed map[string]error
}

func (p round) get(ctx context.Context, id string) (domain.Publisher, error) {
	if publisher, ok := p.found[id]; ok {
		return publisher, nil
	}
	if err, ok := p.failed[id]; ok {
		return domain.Publisher{}, err
	}
	publisher, err := p.ask(ctx, id)
	if err != nil {
		p.failed[id] = err
		return domain.Publisher{}, err
	}
	p.found[id] = publisher
	return publisher, nil
}

package delivery

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

const (
	// deliveriesPage is how many deliveries a replay by filter reads at once.
	deliveriesPage = 1000
	// replaysAtOnce is how many of them are written at once, so that the store can write them together.
	replaysAtOnce = 32
)

// deliverySchema has the fields that deliveries are filtered and ordered by.
func deliverySchema(zone *time.Location) *listing.Schema {
	return columns.Schema(columns.Deliveries(), zone, "create_time desc", listing.Field{Name: "name", Stored: "id"})
}

// deliveryValue returns the stored value of a delivery's field that lists are ordered by.
func deliveryValue(d delivery.Delivery, field string) any {
	if field == "create_time" {
		return d.CreateTime
	}
	return d.ID
}

// Delivery returns a delivery by its id, with its attempts.
//
// Errors: NotFound (DELIVERY_NOT_FOUND).
func (s *Service) Delivery(ctx context.Context, id string) (delivery.Delivery, error) {
	d, err := s.store.Delivery(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !rows.Of(ctx).Has(d.Offer, d.Publisher) {
		return delivery.Delivery{}, noDelivery(id)
	}
	return d, err
}

// Deliveries returns a page of the deliveries that match, without their attempts, and the token of the
// next.
//
// Errors: InvalidArgument on filter, order_by, page_size or page_token.
func (s *Service) Deliveries(ctx context.Context, req listing.Request) ([]delivery.Delivery, string, error) {
	q, err := s.schema.Query(req, rows.Of(ctx).In("publisher", "offer"), nil, s.moment())
	if err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, s.store.Deliveries)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, found, deliveryValue)
	return page, next, nil
}

// ReplayDelivery makes a delivery due now, with no attempts counted, whatever its state.
//
// Errors: NotFound (DELIVERY_NOT_FOUND).
func (s *Service) ReplayDelivery(ctx context.Context, id string) (delivery.Delivery, error) {
	if _, err := s.Delivery(ctx, id); err != nil {
		return delivery.Delivery{}, err
	}
	d, err := s.store.ReplayDelivery(ctx, id, s.moment())
	if errors.Is(err, domain.ErrNotFound) {
		return d, noDelivery(id)
	}
	if err != nil {
		return d, err
	}
	s.wake()
	return d, nil
}

// ReplayDeliveries makes all deliveries due now that match a filter, and returns how many they were; with
// validateOnly it only counts them. What was replayed before an error stays so.
//
// Errors: InvalidArgument on filter, which must not be empty.
func (s *Service) ReplayDeliveries(ctx context.Context, filter string, validateOnly bool) (int64, error) {
	if strings.TrimSpace(filter) == "" {
		return 0, apperr.Invalid("FILTER_REQUIRED", "filter", `is empty; say which deliveries, such as publisher = "publishers/22" AND state = DEAD`)
	}
	req := listing.Request{Filter: filter, PageSize: deliveriesPage}
	var count int64
	for {
		// A replayed delivery may no longer match. Pages continue from keys, so no delivery is skipped.
		page, next, err := s.Deliveries(ctx, req)
		if err != nil {
			return count, err
		}
		replayed := int64(len(page))
		if !validateOnly {
			if replayed, err = s.replayAll(ctx, page); err != nil {
				return count, err
			}
		}
		count += replayed
		if next == "" {
			return count, nil
		}
		req.PageToken = next
	}
}

// replayAll makes deliveries due now, and returns how many there still were.
func (s *Service) replayAll(ctx context.Context, page []delivery.Delivery) (int64, error) {
	defer s.wake()
	now := s.moment()
	var replayed atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(replaysAtOnce)
	for _, d := range page {
		group.Go(func() error {
			_, err := s.store.ReplayDelivery(ctx, d.ID, now)
			if errors.Is(err, domain.ErrNotFound) { // deleted for its age in between
				return nil
			}
			if err == nil {
				replayed.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return replayed.Load(), err
}

// TestCall is the result of a test delivery.
type TestCall struct {
	// URL is what was called, Body the beginning of the answer's body.
	URL     string
	Attempt delivery.Attempt
	Body    string
}

// TestDelivery sends a made-up conversion to a publisher once. Nothing is stored.
//
// Errors: NotFound (PUBLISHER_NOT_FOUND); FailedPrecondition (NO_POSTBACK_URL).
func (s *Service) TestDelivery(ctx context.Context, publisher string) (TestCall, error) {
	to, err := s.publishers.Publisher(ctx, publisher)
	if errors.Is(err, domain.ErrNotFound) || !rows.Of(ctx).HasPublisher(publisher) {
		return TestCall{}, apperr.New(apperr.NotFound, "PUBLISHER_NOT_FOUND", "there is no publisher %q", publisher)
	}
	if err != nil {
		return TestCall{}, err
	}
	if to.PostbackURL == nil {
		return TestCall{}, apperr.New(apperr.FailedPrecondition, "NO_POSTBACK_URL", "publisher %s has no postback_url to send a test to", publisher)
	}
	attempt, url, body := s.sender.Send(ctx, to, delivery.Test(publisher, to.Payload, s.moment()))
	return TestCall{URL: url, Attempt: attempt, Body: body}, nil
}

func noDelivery(id string) error {
	return apperr.New(apperr.NotFound, "DELIVERY_NOT_FOUND", "there is no delivery %q", id)
}

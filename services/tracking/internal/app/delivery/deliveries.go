package delivery

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// OneSender sends a delivery once.
type OneSender interface {
	// Send sends a delivery to its publisher. It returns the attempt, the URL that was called, and the beginning
	// of the answer's body.
	Send(ctx context.Context, to domain.Publisher, delivery delivery.Delivery) (attempt delivery.Attempt, url, body string)
}

// PublisherClient answers what a delivery to a publisher needs.
type PublisherClient interface {
	// Publisher returns a publisher by its id, or domain.ErrNotFound.
	Publisher(ctx context.Context, id string) (domain.Publisher, error)
}

// Config is what a Service works with.
type Config struct {
	Store      Store
	Publishers PublisherClient
	// Sender sends test deliveries.
	Sender OneSender
	Now    func() time.Time
	// Zone is the program's time zone. Dates in filters are its days.
	Zone *time.Location
	// Wake is called, and must return at once, when deliveries are due now.
	Wake func()
}

// Service lists, replays and tests deliveries.
type Service struct {
	store      Store
	publishers PublisherClient
	sender     OneSender
	now        func() time.Time
	wake       func()
	schema     *listing.Schema
}

// New returns the use cases of deliveries.
func New(c Config) *Service {
	return &Service{store: c.Store, publishers: c.Publishers, sender: c.Sender, now: c.Now, wake: c.Wake, schema: deliverySchema(c.Zone)}
}

// moment returns the time in UTC, in the stored precision.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// Package clicks builds and reads tracking links, judges visits through them, and stores the clicks.
package clicks

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/ids"
)

// Store keeps clicks. A click that it has stored without an error is durable.
type Store interface {
	// InsertClick stores a new click.
	InsertClick(ctx context.Context, click domain.Click) error
}

// CouponClient answers what the coupon service knows. Its answers may come from a cache. It returns an apperr of
// kind Unavailable if the coupon service cannot be reached and the cache has no answer.
type CouponClient interface {
	// Offer returns an offer by its id.
	Offer(ctx context.Context, id string) (domain.Offer, error)
	// Coupons returns the coupons that have a code, in any case, on an offer, or on all offers if offer is
	// empty.
	Coupons(ctx context.Context, offer, code string) ([]domain.Coupon, error)
	// Standing returns a publisher's standing on an offer, or ErrNotFound for an unknown publisher.
	Standing(ctx context.Context, offer, publisher string) (domain.Standing, error)
}

// Config is what a Service works with.
type Config struct {
	Store   Store
	Catalog CouponClient
	Now     func() time.Time
	// PublicURL is the origin that tracking links start with, such as https://go.example.com.
	PublicURL string
	// Addresses says how much of visitors' addresses is stored.
	Addresses Addresses
}

// Service takes clicks. It is safe for concurrent use.
type Service struct {
	store     Store
	catalog   CouponClient
	now       func() time.Time
	ids       *ids.Maker
	publicURL string
	addresses Addresses
}

// New returns the use cases.
func New(c Config) *Service {
	return &Service{store: c.Store, catalog: c.Catalog, now: c.Now, ids: &ids.Maker{}, publicURL: c.PublicURL, addresses: c.Addresses}
}

// At returns the use cases with the clock fixed at a time, for sample data of the past.
func (s *Service) At(moment time.Time) *Service {
	at := *s
	at.now = func() time.Time { return moment }
	return &at
}

package flow

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Service is the tracking service's use cases.
type Service struct {
	store   Store
	catalog Catalog
	now     func() time.Time
	// publicURL is the origin of tracking links, without a slash at its end.
	publicURL   string
	conversions *listing.Schema
}

// New returns the use cases over a store and a catalog. publicURL is the origin that tracking links
// start with, such as https://go.example.com.
func New(store Store, catalog Catalog, now func() time.Time, publicURL string) *Service {
	return &Service{store: store, catalog: catalog, now: now, publicURL: publicURL, conversions: conversionSchema()}
}

// Now returns the time, UTC, in the precision that is stored.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

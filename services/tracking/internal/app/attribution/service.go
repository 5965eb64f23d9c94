// Package attribution takes reports of sales and credits the sales to publishers. It asks domain to decide and then
// writes to its Store. It also keeps the journal of postbacks, replays them, and judges reports that had to wait.
package attribution

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/ids"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
)

// Config is what a Service works with.
type Config struct {
	Store   Store
	Catalog CouponClient
	// CatalogSince returns a Catalog that serves only answers queried at a time or later, and fails
	// otherwise.
	CatalogSince func(time.Time) CouponClient
	Now          func() time.Time
	// After is time.After, for KeepJudging.
	After func(time.Duration) <-chan time.Time
	// Zone is the program's time zone. Its days are those of daily limits, and of dates in filters.
	Zone *time.Location
	// Presets are the dialects that postbacks may use besides our own.
	Presets presets.Presets
	// Wake is called, and must return at once, when there are conversions whose deliveries are to be
	// planned.
	Wake func()
}

// Service attributes sales. It is safe for concurrent use.
type Service struct {
	config    Config
	store     Store
	catalog   CouponClient
	now       func() time.Time
	ids       *ids.Maker
	after     func(time.Duration) <-chan time.Time
	zone      *time.Location
	presets   presets.Presets
	wake      func()
	postbacks *listing.Schema
}

// New returns the use cases.
func New(c Config) *Service {
	return &Service{
		config: c, store: c.Store, catalog: c.Catalog, now: c.Now, ids: &ids.Maker{}, after: c.After, zone: c.Zone,
		presets: c.Presets, wake: c.Wake, postbacks: postbackSchema(c.Zone),
	}
}

// At returns the use cases with the clock fixed at a time, for sample data of the past.
func (s *Service) At(moment time.Time) *Service {
	config := s.config
	config.Now = func() time.Time { return moment }
	return New(config)
}

// Presets returns the dialects that postbacks may use besides our own.
func (s *Service) Presets() presets.Presets { return s.presets }

// Now returns the time in UTC, in the stored precision.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

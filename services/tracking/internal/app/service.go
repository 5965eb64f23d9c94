package app

import (
	"context"
	"sync"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
)

// Config is what the use cases work on.
type Config struct {
	Store   Store
	Catalog CouponClient
	Now     func() time.Time
	// After is time.After: by it watches wait.
	After func(time.Duration) <-chan time.Time
	// PublicURL is the origin that tracking links start with, such as https://go.example.com.
	PublicURL string
	// Pages is the path of shop pages at that origin, which scans call like any others; "" for none.
	Pages string
	// Zone is the program's time zone, by which daily limits count.
	Zone *time.Location
	// Presets are the dialects that postbacks may speak beside our own.
	Presets presets.Presets
	// Sender sends deliveries.
	Sender Sender
	// Follower follows links that are scanned.
	Follower Follower
	// Wake is called, and must return at once, when there are conversions whose deliveries are to be
	// planned, or deliveries that are due now.
	Wake func()
}

// Sender sends a delivery once.
type Sender interface {
	// Send sends a delivery to its publisher and returns what came of it, with the URL that was called
	// and the beginning of the answer's body.
	Send(ctx context.Context, to domain.Publisher, delivery domain.Delivery) (attempt domain.Attempt, url, body string)
}

// Service is the tracking service's use cases.
type Service struct {
	config      Config
	store       Store
	catalog     CouponClient
	now         func() time.Time
	ids         ids
	after       func(time.Duration) <-chan time.Time
	publicURL   string
	zone        *time.Location
	presets     presets.Presets
	sender      Sender
	follower    Follower
	wake        func()
	feed        *feed
	conversions *listing.Schema
	postbacks   *listing.Schema
	deliveries  *listing.Schema
	summaries   *listing.Schema

	savedReports, offerScans, scanResults *listing.Schema
	// newScans holds a token where scans of offers were started.
	newScans chan struct{}
	// stopping is closed when watches have to end.
	stopping chan struct{}
	stopOnce sync.Once
}

// New returns the use cases.
func New(c Config) *Service {
	return &Service{
		config: c, store: c.Store, catalog: c.Catalog, now: c.Now, after: c.After, publicURL: c.PublicURL, zone: c.Zone,
		presets: c.Presets, sender: c.Sender, follower: c.Follower, wake: c.Wake, feed: newFeed(c.Store),
		conversions: conversionSchema(), postbacks: postbackSchema(), deliveries: deliverySchema(), summaries: summarySchema(),
		savedReports: savedReportSchema(), offerScans: offerScanSchema(), scanResults: resultSchema(),
		newScans: make(chan struct{}, 1), stopping: make(chan struct{}),
	}
}

// At returns the use cases at a moment, where time stands still: for sample data of the past.
func (s *Service) At(moment time.Time) *Service {
	config := s.config
	config.Now = func() time.Time { return moment }
	return New(config)
}

// Presets returns the dialects that postbacks may speak beside our own.
func (s *Service) Presets() presets.Presets { return s.presets }

// Now returns the time, UTC, in the precision that is stored.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

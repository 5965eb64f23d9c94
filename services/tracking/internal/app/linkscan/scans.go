package linkscan

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/ids"
)

// Store keeps scans of offers with their results, 90 days from their creation.
type Store interface {
	// InsertOfferScan stores a new scan, running and without a hold. It returns ErrExists if another scan of
	// the offer is running, which the database itself decides.
	InsertOfferScan(ctx context.Context, scan redirect.OfferScan) error
	// OfferScan returns a scan by its id.
	OfferScan(ctx context.Context, id string) (redirect.OfferScan, error)
	// OfferScans returns the scans that a query selects.
	OfferScans(ctx context.Context, q listing.Query) ([]redirect.OfferScan, error)
	// EndOfferScan ends a running scan in a state and returns it. A scan that has already ended is returned
	// unchanged. It returns ErrNotFound if the scan does not exist.
	EndOfferScan(ctx context.Context, id string, state redirect.OfferScanState, now time.Time) (redirect.OfferScan, error)
	// ClaimOfferScan returns, and holds until hold.Until, the running scan that has waited longest without a
	// hold. hold.Scan is ignored. It returns ErrNotFound if no scan is waiting.
	ClaimOfferScan(ctx context.Context, now time.Time, hold redirect.Hold) (redirect.OfferScan, error)
	// KeepOfferScan makes a hold last until its Until, which may be now, and notes how many links there
	// are. ErrNotFound: the scan is the holder's no more, or has ended.
	KeepOfferScan(ctx context.Context, hold redirect.Hold, links int) error
	// AddOfferScanResult stores a result in the place of an earlier one of its coupon, and makes the hold
	// last. The scan's counts become those of its results; after a crash in between they do with the next
	// result, or the end. ErrNotFound: the scan is the holder's no more, or has ended, and nothing was
	// stored.
	AddOfferScanResult(ctx context.Context, hold redirect.Hold, result redirect.OfferScanResult) error
	// ScannedCoupons returns the names of the coupons that have results in a scan, in order.
	ScannedCoupons(ctx context.Context, scan string) ([]string, error)
	// OfferScanResults returns the results that a query selects, whose fields are scan, coupon and ok.
	OfferScanResults(ctx context.Context, q listing.Query) ([]redirect.OfferScanResult, error)
}

// OfferClient answers what the coupon service knows of offers.
type OfferClient interface {
	// Offer returns an offer by its id, or domain.ErrNotFound.
	Offer(ctx context.Context, id string) (domain.Offer, error)
}

// Config is what a Service works with.
type Config struct {
	Store  Store
	Offers OfferClient
	Now    func() time.Time
	// Wake is called, and must return at once, when a scan was started.
	Wake func()
}

// Service starts, lists and cancels scans of all links of an offer. A Runner carries them out.
type Service struct {
	store  Store
	offers OfferClient
	now    func() time.Time
	wake   func()
	ids    ids.Maker

	offerScans, scanResults *listing.Schema
}

// New returns the use cases of scans of offers.
func New(c Config) *Service {
	return &Service{store: c.Store, offers: c.Offers, now: c.Now, wake: c.Wake, offerScans: offerScanSchema(), scanResults: resultSchema()}
}

// moment returns the time in UTC, in the stored precision.
func (s *Service) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

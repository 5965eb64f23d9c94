package linkscan

import (
	"context"
	"errors"
	"fmt"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// offerScanSchema says in what order scans are listed: by their ids, which hold their times.
func offerScanSchema() *listing.Schema {
	return listing.NewSchema(listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "name desc")
}

// resultSchema has the fields that a scan's results are filtered by.
func resultSchema() *listing.Schema {
	return listing.NewSchema(listing.Field{Name: "coupon", Kind: listing.String}, "", listing.Field{Name: "ok", Kind: listing.Bool})
}

// StartOfferScan stores a new scan of an offer's links, for a Runner to carry out. It uses only the offer, the
// device and the language of scan.
//
// Errors: those of PrepareOfferScan, and of the function that it returns.
func (s *Service) StartOfferScan(ctx context.Context, scan redirect.OfferScan) (redirect.OfferScan, error) {
	start, err := s.PrepareOfferScan(ctx, scan)
	if err != nil {
		return redirect.OfferScan{}, err
	}
	return start(ctx)
}

// PrepareOfferScan looks up a scan's offer and returns a function that does the rest of StartOfferScan, and uses only the
// store.
//
// Errors: NotFound (OFFER_NOT_FOUND); Unavailable if the coupon service cannot be reached. The function's:
// FailedPrecondition (OFFER_SCAN_RUNNING).
func (s *Service) PrepareOfferScan(
	ctx context.Context, scan redirect.OfferScan,
) (start func(context.Context) (redirect.OfferScan, error), err error) {
	switch _, err := s.offers.Offer(ctx, scan.Offer); {
	case errors.Is(err, domain.ErrNotFound):
		return nil, apperr.New(apperr.NotFound, "OFFER_NOT_FOUND", "there is no offer %q", scan.Offer)
	case err != nil:
		return nil, err
	}
	now := s.moment()
	id, err := s.ids.Next(now)
	if err != nil {
		return nil, err
	}
	fresh := redirect.OfferScan{
		ID: id, Offer: scan.Offer, State: redirect.ScanRunning, Device: scan.Device, Language: scan.Language, CreateTime: now,
	}
	return func(ctx context.Context) (redirect.OfferScan, error) { return s.insert(ctx, fresh) }, nil
}

// insert stores a new scan.
func (s *Service) insert(ctx context.Context, fresh redirect.OfferScan) (redirect.OfferScan, error) {
	err := s.store.InsertOfferScan(ctx, fresh)
	if errors.Is(err, domain.ErrExists) {
		return redirect.OfferScan{}, apperr.New(apperr.FailedPrecondition, "OFFER_SCAN_RUNNING", "a scan of offer %s is running; wait for its end, or cancel it", fresh.Offer)
	}
	if err != nil {
		return redirect.OfferScan{}, fmt.Errorf("storing a scan of offer %s: %w", fresh.Offer, err)
	}
	s.wake()
	return fresh, nil
}

// OfferScan returns a scan of an offer.
//
// Errors: NotFound (OFFER_SCAN_NOT_FOUND).
func (s *Service) OfferScan(ctx context.Context, offer, id string) (redirect.OfferScan, error) {
	scan, err := s.store.OfferScan(ctx, id)
	if err == nil && scan.Offer != offer {
		err = domain.ErrNotFound
	}
	return scan, noScan(offer, id, err)
}

func noScan(offer, id string, err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return apperr.New(apperr.NotFound, "OFFER_SCAN_NOT_FOUND", "there is no scan %q of offer %s; scans are kept for 90 days", id, offer)
	}
	return err
}

// OfferScans returns a page of the scans of an offer, or of all offers if offer is empty, latest first, and the
// token of the next.
//
// Errors: InvalidArgument on page_size or page_token.
func (s *Service) OfferScans(ctx context.Context, offer string, req listing.Request) ([]redirect.OfferScan, string, error) {
	var scope listing.Expr
	if offer != "" {
		scope = listing.Compare{Field: "offer", Op: listing.Equal, Value: offer}
	}
	q, err := s.offerScans.Query(req, rows.Of(ctx).Nothing(), scope, s.moment())
	if err != nil {
		return nil, "", err
	}
	found, err := s.store.OfferScans(ctx, q)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, found, func(scan redirect.OfferScan, _ string) any { return scan.ID })
	return page, next, nil
}

// CancelOfferScan ends a scan; one that has ended is returned as it is. The result of a link that is being
// scanned is dropped.
//
// Errors: NotFound (OFFER_SCAN_NOT_FOUND).
func (s *Service) CancelOfferScan(ctx context.Context, offer, id string) (redirect.OfferScan, error) {
	if _, err := s.OfferScan(ctx, offer, id); err != nil {
		return redirect.OfferScan{}, err
	}
	scan, err := s.store.EndOfferScan(ctx, id, redirect.ScanCancelled, s.moment())
	return scan, noScan(offer, id, err)
}

// OfferScanResults returns a page of what a scan found, in the order of the coupons' names, and the token
// of the next.
//
// Errors: NotFound (OFFER_SCAN_NOT_FOUND); InvalidArgument on filter, page_size or page_token.
func (s *Service) OfferScanResults(ctx context.Context, offer, id string, req listing.Request) ([]redirect.OfferScanResult, string, error) {
	q, err := s.scanResults.Query(req, rows.Of(ctx).Nothing(), listing.Compare{Field: "scan", Op: listing.Equal, Value: id}, s.moment())
	if err != nil {
		return nil, "", err
	}
	if _, err := s.OfferScan(ctx, offer, id); err != nil {
		return nil, "", err
	}
	found, err := listing.Read(ctx, q, s.store.OfferScanResults)
	if err != nil {
		return nil, "", err
	}
	page, next := listing.Page(q, found, func(result redirect.OfferScanResult, _ string) any { return result.Coupon })
	return page, next, nil
}

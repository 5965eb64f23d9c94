package linkscan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

// errLost says that a scan is not ours any more.
var errLost = errors.New("the scan has ended, or is another's")

// job is a claimed scan.
type job struct {
	runner *Runner
	scan   redirect.OfferScan
	holder string
	// links is how many links there are, those with results included.
	links int
}

// run scans the links that have no result yet. It ends with errLost if the scan is not ours any more.
func (j *job) run(ctx context.Context) error {
	j.links = j.scan.LinkCount
	todo, err := j.todo(ctx)
	if err != nil {
		return err
	}
	for i, link := range todo {
		called, err := j.scanLink(ctx, link)
		if err != nil {
			return err
		}
		if called && i < len(todo)-1 {
			sleep(ctx, j.runner.HostPause, nil)
		}
	}
	_, err = stored(ctx, func(ctx context.Context) (redirect.OfferScan, error) {
		return j.runner.Store.EndOfferScan(ctx, j.scan.ID, redirect.ScanDone, j.runner.moment())
	})
	return err
}

// todo returns the links to scan by their coupons' names, and notes how many links there are.
func (j *job) todo(ctx context.Context) ([]redirect.OfferLink, error) {
	listing, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	carried, err := j.runner.Links.Links(listing, j.scan.Offer)
	if err != nil && !errors.Is(err, domain.ErrNotFound) { // without the offer there are no links
		return nil, fmt.Errorf("listing the links of offer %s: %w", j.scan.Offer, err)
	}
	done, err := stored(ctx, func(ctx context.Context) ([]string, error) {
		return j.runner.Store.ScannedCoupons(ctx, j.scan.ID)
	})
	if err != nil {
		return nil, err
	}
	var todo []redirect.OfferLink
	for _, link := range carried {
		coupon := domain.Coupon{Offer: link.Offer, Publisher: link.Publisher, Code: link.CouponCode}.Name()
		if _, found := slices.BinarySearch(done, coupon); !found {
			todo = append(todo, redirect.OfferLink{Coupon: coupon, TrackingLink: trackinglink.Build(j.runner.PublicURL, link)})
		}
	}
	slices.SortFunc(todo, func(a, b redirect.OfferLink) int { return cmp.Compare(a.Coupon, b.Coupon) })
	j.links = len(done) + len(todo)
	return todo, j.keep(ctx, j.runner.moment().Add(lease))
}

// scanLink scans one link and notes what was found. It says whether others' hosts were called.
func (j *job) scanLink(ctx context.Context, link redirect.OfferLink) (called bool, err error) {
	scanning, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	visitor := redirect.Visitor{Phone: j.scan.Device == redirect.Phone, Language: j.scan.Language}
	found, err := j.runner.Scanner.ScanLink(scanning, link.TrackingLink, visitor)
	if err != nil {
		return false, fmt.Errorf("scanning the link of %s: %w", link.Coupon, err)
	}
	now := j.runner.moment()
	_, err = stored(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, j.runner.Store.AddOfferScanResult(ctx, j.hold(now.Add(lease)), redirect.NewOfferScanResult(j.scan.ID, link, found, now))
	})
	return slices.ContainsFunc(found.Hops, func(hop redirect.Hop) bool { return !hop.Own }), err
}

func (j *job) hold(until time.Time) redirect.Hold {
	return redirect.Hold{Scan: j.scan.ID, Holder: j.holder, Until: until}
}

// keep makes the hold last until a time.
func (j *job) keep(ctx context.Context, until time.Time) error {
	_, err := stored(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, j.runner.Store.KeepOfferScan(ctx, j.hold(until), j.links)
	})
	return err
}

// letGo gives the scan back: at once if we are stopping, else after a pause. If that fails, it is free when the
// hold ends.
func (j *job) letGo(ctx context.Context) {
	until := j.runner.moment()
	if ctx.Err() == nil {
		until = until.Add(j.runner.RetryPause)
	}
	_ = j.keep(context.WithoutCancel(ctx), until)
}

// stored calls the store in bounded time.
func stored[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	value, err := call(ctx)
	if errors.Is(err, domain.ErrNotFound) {
		err = errLost
	}
	return value, err
}

// Package linkscan explains single links, and scans all tracking links of an offer: it claims running scans, follows their links one after
// the other, and stores the result of each. Several instances share the work by leases in the store; if one
// dies, another continues.
//
// It is polite: it follows one link of a scan at a time, pauses between two calls to other people's hosts, and
// runs two scans at once per instance.
package linkscan

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
)

const (
	// scansAtOnce is how many scans an instance carries out at a time.
	scansAtOnce = 2
	// lease is how long a scan is left to this instance from each link on: longer than scanning one link takes.
	lease = 90 * time.Second
	// linkTimeout bounds the scan of one link, which bounds itself to 30 seconds on the way.
	linkTimeout = time.Minute
	// poll is how often the store is looked at without a wake.
	poll = time.Second
	// hostPause is the pause between two links.
	hostPause = 200 * time.Millisecond
	// retryPause is the pause before a scan that failed is resumed, for instance because the coupon service
	// could not be reached.
	retryPause = 5 * time.Second
	// listTimeout bounds the list of an offer's links, storeTimeout one claim or one note.
	listTimeout  = time.Minute
	storeTimeout = 10 * time.Second
)

// Links lists an offer's links; the coupon client does.
type Links interface {
	// Links returns the contents of the links of an offer's coupons, except archived ones.
	Links(ctx context.Context, offer string) ([]trackinglink.Link, error)
}

// LinkScanner scans one link.
type LinkScanner interface {
	ScanLink(ctx context.Context, link string, visitor redirect.Visitor) (redirect.Scan, error)
}

// RunnerConfig is what a Runner works with.
type RunnerConfig struct {
	Store   Store
	Links   Links
	Scanner LinkScanner
	// PublicURL is what tracking links begin with.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
	// HostPause is the pause between two links of a scan, and RetryPause that before a failed scan is resumed;
	// zero means 200 milliseconds and 5 seconds.
	HostPause, RetryPause time.Duration
}

// Runner carries out scans of offers.
type Runner struct {
	RunnerConfig

	// started holds a token where there may be a scan to carry out.
	started chan struct{}
}

// NewRunner returns a Runner, which does nothing until Run.
func NewRunner(c RunnerConfig) *Runner {
	if c.HostPause == 0 {
		c.HostPause = hostPause
	}
	if c.RetryPause == 0 {
		c.RetryPause = retryPause
	}
	return &Runner{RunnerConfig: c, started: make(chan struct{}, 1)}
}

// Wake says that a scan was started. It returns at once; many wakes in a short time are one look.
func (s *Runner) Wake() {
	select {
	case s.started <- struct{}{}:
	default: // there is a token already
	}
}

// Run carries out scans until ctx ends. Those under way are left for another Run, without the link that was
// being scanned.
func (s *Runner) Run(ctx context.Context) {
	var places sync.WaitGroup
	for range scansAtOnce {
		places.Go(func() { s.work(ctx) })
	}
	places.Wait()
}

// work carries out one scan after the other until ctx ends.
func (s *Runner) work(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		found, err := s.next(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !failing: // once, not each time
			failing = true
			s.Log.WarnContext(ctx, "scanning an offer's links fails; trying again", slog.Any("error", err))
		case found && err == nil && failing:
			failing = false
			s.Log.InfoContext(ctx, "scanning an offer's links works again")
		}
		switch {
		case err != nil:
			sleep(ctx, poll, nil)
		case !found:
			sleep(ctx, poll, s.started)
		}
	}
}

// next carries out a scan that waits, and says whether there was one.
func (s *Runner) next(ctx context.Context) (found bool, err error) {
	now := s.moment()
	hold := redirect.Hold{Holder: uuid.NewString(), Until: now.Add(lease)}
	claiming, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	scan, err := s.Store.ClaimOfferScan(claiming, now, hold)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	j := &job{runner: s, scan: scan, holder: hold.Holder}
	if err = j.run(ctx); errors.Is(err, errLost) {
		return true, nil // it was cancelled, or another instance has taken it over
	}
	if err != nil {
		j.letGo(ctx)
	}
	return true, err
}

// sleep waits for a time, for a wake or for the end of ctx.
func sleep(ctx context.Context, pause time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// moment returns the time in UTC, in the stored precision.
func (s *Runner) moment() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

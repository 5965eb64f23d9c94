package reporting

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	// countInterval is how often KeepCounting looks for new data: well under the two seconds within which
	// summaries must follow.
	countInterval = 500 * time.Millisecond
	// countPause is how long counting pauses after a failure.
	countPause = 5 * time.Second
	// shownDifferences bounds the differences that a recount describes.
	shownDifferences = 20
)

// KeepCounting counts clicks and conversions as they are stored and changed, until ctx ends. It calls failed
// with each failure, and tries again.
func (s *Service) KeepCounting(ctx context.Context, failed func(error)) {
	for {
		more, err := s.store.CountNew(ctx, s.moment())
		pause := countInterval
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			failed(err)
			pause = countPause
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.after(pause):
		}
	}
}

// RecountRequest is an unchecked request for a recount.
type RecountRequest struct {
	// StartDate and EndDate are days such as 2026-11-01, both included; empty: no bound. Months are
	// counted whole.
	StartDate, EndDate string
	// ValidateOnly asks to compare without fixing anything.
	ValidateOnly bool
}

// RecountResult is what a recount found.
type RecountResult struct {
	Counted, Differing int64
	// Differences describe the first cells that differed.
	Differences []string
}

// Recount recounts the figures that summaries are computed from, and fixes those that differ from the stored
// ones.
//
// Errors: InvalidArgument on start_date or end_date; Unavailable (SUMMARIES_NOT_READY).
func (s *Service) Recount(ctx context.Context, req RecountRequest) (RecountResult, error) {
	var result RecountResult
	from, to, err := days(req.StartDate, req.EndDate)
	if err != nil {
		return result, err
	}
	first, last, err := s.store.CountedMonths(ctx)
	if err != nil {
		return result, notCounted(err)
	}
	for month := max(first, from.Month()); month <= min(last, to.Month()); month++ {
		recount, err := s.store.Recount(ctx, month, !req.ValidateOnly)
		if err != nil {
			return result, notCounted(err)
		}
		result.Counted += recount.Counted
		result.Differing += int64(len(recount.Differing))
		for _, d := range recount.Differing[:min(len(recount.Differing), shownDifferences-len(result.Differences))] {
			result.Differences = append(result.Differences, d.String())
		}
	}
	return result, nil
}

// Totals adds up all conversions that match a filter.
//
// Errors: InvalidArgument on filter.
func (s *Service) Totals(ctx context.Context, filter string) (rollup.Figures, error) {
	var figures rollup.Figures
	q, err := conversions.Query(ctx, s.conversions, listing.Request{Filter: filter}, s.moment())
	if err != nil {
		return figures, err
	}
	var cells []rollup.Cell
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		cells, err = s.store.Totals(ctx, q.Where)
		return err
	})
	if err != nil {
		return figures, err
	}
	for _, c := range cells {
		figures.Add(c)
	}
	return figures, nil
}

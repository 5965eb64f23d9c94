// Package erasure removes what is stored of a person: in clicks, conversions, and what was reported and told of them. Sums,
// payouts and who earned a sale stay.
package erasure

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
)

// mostAtOnce is how many conversions, and how many other records of a kind, one call erases at most.
const mostAtOnce = 1000

// Store finds and erases what is stored of a person. A call that was cut off can be made again, and erases the rest.
type Store interface {
	// ConversionsOf returns the ids of conversions of a subject that are not erased.
	ConversionsOf(ctx context.Context, of privacy.Subject, limit int) ([]string, error)
	// EraseConversion erases a conversion and all that belongs to it: its click, its entries in the journal, deliveries,
	// waiting reports and reservation. The conversion is erased last, or all in one transaction. It returns what had
	// something to erase. With try it erases nothing.
	EraseConversion(ctx context.Context, id, actor string, now time.Time, try bool) (privacy.Found, error)
	// EraseOthers erases what names a subject and belongs to no conversion, at most limit records of each kind.
	EraseOthers(ctx context.Context, of privacy.Subject, limit int, try bool) (privacy.Found, error)
}

// Service erases personal data.
type Service struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
}

// New returns a Service.
func New(store Store, now func() time.Time, log *slog.Logger) *Service {
	return &Service{store: store, now: now, log: log}
}

// Result says how many records had something to erase.
type Result struct {
	Counts map[privacy.Kind]int
	// More says that there may be more to erase: call again.
	More bool
}

// Erase erases what is stored of a subject; with try it only counts that.
func (s *Service) Erase(ctx context.Context, of privacy.Subject, actor string, try bool) (Result, error) {
	now := s.now().UTC().Truncate(time.Millisecond)
	found := privacy.Found{}
	ids, err := s.store.ConversionsOf(ctx, of, mostAtOnce)
	for _, id := range ids {
		if err != nil {
			break
		}
		var part privacy.Found
		part, err = s.store.EraseConversion(ctx, id, cmp.Or(actor, domain.DefaultActor), now, try)
		found.Merge(part)
	}
	if err != nil {
		return Result{}, err
	}
	others, err := s.store.EraseOthers(ctx, of, mostAtOnce, try)
	if err != nil {
		return Result{}, err
	}
	result := Result{Counts: map[privacy.Kind]int{}, More: len(ids) == mostAtOnce}
	for _, part := range others {
		result.More = result.More || len(part) >= mostAtOnce
	}
	found.Merge(others)
	for kind, of := range found {
		result.Counts[kind] = len(of)
	}
	if !try {
		s.log.InfoContext(ctx, "erased personal data", slog.String("actor", actor), slog.Any("records", result.Counts), slog.Bool("more", result.More))
	}
	return result, nil
}

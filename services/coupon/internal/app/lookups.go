package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// mostCandidates bounds how many coupons with one code are considered.
const mostCandidates = 10_000

// codeKey is a folded code on an offer, or on all offers if offer is "".
type codeKey struct{ offer, code string }

// partiesKey is a publisher on an offer.
type partiesKey struct{ offer, publisher string }

// Candidates are the coupons that have a code, ordered by id. They are shared, and must not be modified.
type Candidates struct {
	Rows []domain.Candidate
	// Truncated reports whether Rows has only the first domain.MaxSharers of them.
	Truncated bool
}

// Standing has the state of a publisher, its approval's state and payout on an offer, and the conversion
// statuses that it gets deliveries for.
type Standing struct {
	PublisherState domain.PublisherState
	ApprovalState  domain.ApprovalState
	ApprovalPayout money.Payout
	DeliverOn      domain.DeliveryStatuses
}

// memory caches the answers that hot paths need.
type memory struct {
	generation
	offers *shelf[string, *domain.Offer]
	tokens *shelf[string, *domain.Offer]
	// tokenHashes are by offer.
	tokenHashes *shelf[string, []string]
	codes       *shelf[codeKey, Candidates]
	standings   *shelf[partiesKey, *Standing]
	publishers  *shelf[string, *domain.Publisher]
}

func newMemory(store Store, now func() time.Time) *memory {
	m := &memory{}
	m.offers = newShelf(&m.generation, now, func(ctx context.Context, id string) (*domain.Offer, error) {
		offer, err := store.Offer(ctx, id)
		return orNone(offer, err, "looking an offer up")
	}, weighOne)
	m.tokens = newShelf(&m.generation, now, func(ctx context.Context, token string) (*domain.Offer, error) {
		return loadByToken(ctx, store, token, now())
	}, weighOne)
	m.tokenHashes = newShelf(&m.generation, now, func(ctx context.Context, offer string) ([]string, error) {
		return loadTokenHashes(ctx, store, offer)
	}, func(hashes []string) int { return len(hashes) })
	m.codes = newShelf(&m.generation, now, func(ctx context.Context, key codeKey) (Candidates, error) {
		return loadCandidates(ctx, store, key)
	}, func(c Candidates) int { return len(c.Rows) })
	m.standings = newShelf(&m.generation, now, func(ctx context.Context, key partiesKey) (*Standing, error) {
		return loadStanding(ctx, store, key)
	}, weighOne)
	m.publishers = newShelf(&m.generation, now, func(ctx context.Context, id string) (*domain.Publisher, error) {
		publisher, err := store.Publisher(ctx, id)
		return orNone(publisher, err, "looking a publisher up")
	}, weighOne)
	return m
}

// ValidateCoupon says whether a code is valid now and, if basket is not nil, what it takes off. An empty offer or publisher
// means all of them. Errors: InvalidArgument on `code` and on parts of `basket`.
func (s *Service) ValidateCoupon(ctx context.Context, code, offer, publisher string, basket *domain.Basket) (domain.Verdict, error) {
	code, err := domain.ParseCode(code)
	var checked domain.Basket
	if basket != nil {
		var invalid error
		checked, invalid = domain.CheckBasket(*basket)
		err = apperr.Join(err, invalid)
	}
	if err != nil {
		return domain.Verdict{}, err
	}
	key := codeKey{offer: offer, code: couponcode.Fold(code)}
	found, err := s.memory.codes.get(ctx, key)
	if err != nil {
		return domain.Verdict{}, err
	}
	coupons := candidatesIn(rows.Of(ctx), found.Rows)
	if found.Truncated {
		if coupons, err = s.store.Candidates(ctx, key.offer, key.code, mostCandidates); err != nil {
			return domain.Verdict{}, orMissing(err, err, "reading a code's coupons")
		}
	}
	verdict := s.withLimits(ctx, domain.Judge(coupons, publisher, s.Now()))
	if basket != nil {
		verdict = verdict.For(checked)
	}
	return verdict, nil
}

// LookupOffer finds an offer by its id. The offer is shared, and must not be modified. Errors: NotFound,
// OFFER_NOT_FOUND.
func (s *Service) LookupOffer(ctx context.Context, id string) (*domain.Offer, error) {
	offer, err := s.memory.offers.get(ctx, id)
	if err == nil && offer == nil {
		err = domain.NoOffer(id)
	}
	return offer, err
}

// LookupToken finds the offer that accepts a postback token: its current one, a named one or, during an overlap,
// the one before. The offer is shared, and must not be modified. Errors: NotFound, TOKEN_NOT_FOUND.
func (s *Service) LookupToken(ctx context.Context, token string) (*domain.Offer, error) {
	if !domain.IsToken(token) {
		token = "" // no offer has it, and callers must not fill the memory with arbitrary texts
	}
	offer, err := s.memory.tokens.get(ctx, token)
	if err != nil || offer != nil && offer.HasToken(token, s.Now()) { // the overlap may have ended since the offer was read
		return offer, err
	}
	if offer != nil {
		named, err := s.PostbackTokenHashes(ctx, offer.ID, false)
		if err != nil || slices.Contains(named, domain.HashToken(token)) {
			return offer, err
		}
	}
	return nil, apperr.New(apperr.NotFound, "TOKEN_NOT_FOUND", "no offer has this postback token")
}

// LookupCode finds the coupons that have a code on an offer, or on all offers if offer is "". If the text is
// not a valid code, it finds none.
func (s *Service) LookupCode(ctx context.Context, offer, code string) (Candidates, error) {
	code, err := domain.ParseCode(code)
	if err != nil {
		return Candidates{}, nil //nolint:nilerr // what is no code has no coupons: the answer, not an error
	}
	return s.memory.codes.get(ctx, codeKey{offer: offer, code: couponcode.Fold(code)})
}

// LookupStanding returns a publisher's Standing on an offer. Errors: NotFound, PUBLISHER_NOT_FOUND.
func (s *Service) LookupStanding(ctx context.Context, offer, publisher string) (Standing, error) {
	standing, err := s.memory.standings.get(ctx, partiesKey{offer: offer, publisher: publisher})
	if err != nil {
		return Standing{}, err
	}
	if standing == nil {
		return Standing{}, domain.NoPublisher(publisher)
	}
	return *standing, nil
}

// LookupPublisher finds a publisher by its id. The publisher is shared, and must not be modified. Errors:
// NotFound, PUBLISHER_NOT_FOUND.
func (s *Service) LookupPublisher(ctx context.Context, id string) (*domain.Publisher, error) {
	publisher, err := s.memory.publishers.get(ctx, id)
	if err == nil && publisher == nil {
		err = domain.NoPublisher(id)
	}
	return publisher, err
}

func loadCandidates(ctx context.Context, store Store, key codeKey) (Candidates, error) {
	rows, err := store.Candidates(ctx, key.offer, key.code, domain.MaxSharers+1)
	if err != nil {
		return Candidates{}, orMissing(err, err, "reading a code's coupons")
	}
	if len(rows) > domain.MaxSharers {
		return Candidates{Rows: rows[:domain.MaxSharers], Truncated: true}, nil
	}
	return Candidates{Rows: rows}, nil
}

// loadStanding returns nil if the publisher does not exist.
func loadStanding(ctx context.Context, store Store, key partiesKey) (*Standing, error) {
	publisher, err := store.Publisher(ctx, key.publisher)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking a publisher up: %w", err)
	}
	approval, err := store.Approval(ctx, key.offer, key.publisher)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("looking an approval up: %w", err)
	}
	return &Standing{
		PublisherState: publisher.State,
		ApprovalState:  approval.State,
		ApprovalPayout: approval.Payout,
		DeliverOn:      publisher.DeliverOn(),
	}, nil
}

// orNone returns nil in place of ErrNotFound, and describes other errors.
func orNone[T any](value T, err error, doing string) (*T, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", doing, err)
	default:
		return &value, nil
	}
}

func weighOne[V any](V) int { return 1 }

package app

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/rows"
)

// noteTokenUseAfter is the least time between two writes of a token's time of last use.
const noteTokenUseAfter = time.Minute

// PostbackTokenStore keeps named postback tokens.
type PostbackTokenStore interface {
	// InsertPostbackToken stores a new token unless its offer has most tokens: then it returns ErrTooMany.
	InsertPostbackToken(ctx context.Context, token domain.PostbackToken, most int) error
	// PostbackToken returns a token by its id.
	PostbackToken(ctx context.Context, id string) (domain.PostbackToken, error)
	// PostbackTokenByHash returns the token that has a hash.
	PostbackTokenByHash(ctx context.Context, hash string) (domain.PostbackToken, error)
	// PostbackTokens returns the tokens that a query selects.
	PostbackTokens(ctx context.Context, q listing.Query) ([]domain.PostbackToken, error)
	// DeletePostbackToken deletes a token, or returns ErrNotFound.
	DeletePostbackToken(ctx context.Context, id string) error
	// NotePostbackTokenUse stores when the token with a hash was used, unless the stored time is after `after`.
	NotePostbackTokenUse(ctx context.Context, hash string, at, after time.Time) error
}

// ErrTooMany is returned by a store that holds as many records of a kind as are allowed.
var ErrTooMany = errors.New("there are too many")

// postbackTokenSchema says in what order tokens are listed.
func postbackTokenSchema() *listing.Schema {
	return listing.NewSchema(listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "create_time", listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true})
}

// CreatePostbackToken gives an offer another postback token. It returns the token, which is not stored.
//
// Errors: InvalidArgument on `display_name`; NotFound (OFFER_NOT_FOUND); FailedPrecondition (TOO_MANY_POSTBACK_TOKENS).
func (s *Service) CreatePostbackToken(ctx context.Context, offer, displayName string) (created domain.PostbackToken, token string, err error) {
	token = newToken()
	created, err = domain.NewPostbackToken(offer, strings.ToLower(rand.Text()[:16]), displayName, token, s.Now())
	if err != nil {
		return domain.PostbackToken{}, "", apperr.OnField(err, "postback_token.display_name")
	}
	if _, err := s.store.Offer(ctx, offer); err != nil {
		return domain.PostbackToken{}, "", orMissing(err, domain.NoOffer(offer), "reading an offer")
	}
	defer s.memory.forget()
	err = s.store.InsertPostbackToken(ctx, created, domain.MaxPostbackTokens)
	if errors.Is(err, ErrTooMany) {
		err = domain.TooManyPostbackTokens(offer)
	}
	if err != nil {
		return domain.PostbackToken{}, "", orMissing(err, err, "storing a postback token")
	}
	return created, token, nil
}

// PostbackToken returns a token of an offer. Errors: NotFound (POSTBACK_TOKEN_NOT_FOUND).
func (s *Service) PostbackToken(ctx context.Context, offer, id string) (domain.PostbackToken, error) {
	token, err := s.store.PostbackToken(ctx, id)
	if err == nil && token.Offer != offer {
		err = ErrNotFound
	}
	return token, orMissing(err, domain.NoPostbackToken(offer, id), "reading a postback token")
}

// PostbackTokens returns a page of an offer's tokens, the oldest first, and the next page's token. Errors:
// InvalidArgument; NotFound (OFFER_NOT_FOUND).
func (s *Service) PostbackTokens(ctx context.Context, offer string, req listing.Request) ([]domain.PostbackToken, string, error) {
	q, err := s.postbackTokens.Query(req, rows.Of(ctx).Nothing(), listing.Compare{Field: "offer", Op: listing.Equal, Value: offer}, s.Now())
	if err != nil {
		return nil, "", err
	}
	if _, err := s.store.Offer(ctx, offer); err != nil {
		return nil, "", orMissing(err, domain.NoOffer(offer), "reading an offer")
	}
	found, err := listing.Read(ctx, q, s.store.PostbackTokens)
	if err != nil {
		return nil, "", orMissing(err, err, "listing postback tokens")
	}
	page, next := listing.Page(q, found, func(t domain.PostbackToken, field string) any {
		if field == "id" {
			return t.ID
		}
		return t.CreateTime
	})
	return page, next, nil
}

// DeletePostbackToken ends a token. Errors: NotFound (POSTBACK_TOKEN_NOT_FOUND).
func (s *Service) DeletePostbackToken(ctx context.Context, offer, id string) error {
	if _, err := s.PostbackToken(ctx, offer, id); err != nil {
		return err
	}
	defer s.memory.forget()
	return orMissing(s.store.DeletePostbackToken(ctx, id), domain.NoPostbackToken(offer, id), "deleting a postback token")
}

// NotePostbackTokenUse stores that a postback had a named token with a hash, at most once a minute.
func (s *Service) NotePostbackTokenUse(ctx context.Context, hash string) error {
	now := s.Now()
	err := s.store.NotePostbackTokenUse(ctx, hash, now, now.Add(-noteTokenUseAfter))
	return orMissing(err, err, "noting the use of a postback token")
}

// PostbackTokenHashes returns the hashes of an offer's named tokens. If latest is true, they are read from the store and
// not from memory. They are shared, and must not be modified.
func (s *Service) PostbackTokenHashes(ctx context.Context, offer string, latest bool) ([]string, error) {
	if latest {
		return loadTokenHashes(ctx, s.store, offer)
	}
	return s.memory.tokenHashes.get(ctx, offer)
}

func loadTokenHashes(ctx context.Context, store Store, offer string) ([]string, error) {
	tokens, err := store.PostbackTokens(ctx, listing.Query{
		Where: listing.Compare{Field: "offer", Op: listing.Equal, Value: offer}, Order: []listing.Order{{Field: "id"}}, Limit: 2 * domain.MaxPostbackTokens, // creates at once can exceed the bound
	})
	hashes := make([]string, len(tokens))
	for i, t := range tokens {
		hashes[i] = t.Hash
	}
	return hashes, orMissing(err, err, "looking an offer's postback tokens up")
}

// loadByToken returns the offer that accepts a token: as its own, else as a named one; nil if none does.
func loadByToken(ctx context.Context, store Store, token string, now time.Time) (*domain.Offer, error) {
	offer, err := store.OfferByToken(ctx, token, now)
	if token == "" || !errors.Is(err, ErrNotFound) {
		return orNone(offer, err, "looking a postback token up")
	}
	named, err := store.PostbackTokenByHash(ctx, domain.HashToken(token))
	if err == nil {
		offer, err = store.Offer(ctx, named.Offer)
	}
	return orNone(offer, err, "looking a named postback token up")
}

package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// RotatePostbackCredentials gives an offer a new postback token and secret. The old ones are still accepted
// for an overlap. Errors: NotFound, OFFER_NOT_FOUND; InvalidArgument on `overlap`.
func (s *Service) RotatePostbackCredentials(ctx context.Context, id string, overlap time.Duration) (domain.Offer, error) {
	if err := domain.CheckOverlap(overlap); err != nil {
		return domain.Offer{}, err
	}
	next := newCredentials()
	defer s.memory.forget()
	rotated, err := s.store.UpdateOffer(ctx, id, func(current domain.Offer) (domain.Offer, error) {
		return domain.Rotate(current, next, overlap, s.Now()), nil
	})
	return rotated, orMissing(err, domain.NoOffer(id), "rotating an offer's credentials")
}

// RotateDeliverySecret gives a publisher a new delivery secret. The old one still signs for an overlap.
// Errors: NotFound, PUBLISHER_NOT_FOUND; InvalidArgument on `overlap`; Aborted, ETAG_MISMATCH.
func (s *Service) RotateDeliverySecret(ctx context.Context, id string, overlap time.Duration, etag string) (domain.Publisher, error) {
	if err := domain.CheckOverlap(overlap); err != nil {
		return domain.Publisher{}, err
	}
	next := NewSecret()
	defer s.memory.forget()
	rotated, err := s.store.UpdatePublisher(ctx, id, func(current domain.Publisher) (domain.Publisher, error) {
		if err := domain.MatchEtag(etag, resource.Publisher(current.ID), current.Revision); err != nil {
			return current, err
		}
		return domain.RotateSecret(current, next, overlap, s.Now()), nil
	})
	return rotated, orMissing(err, domain.NoPublisher(id), "rotating a publisher's delivery secret")
}

// NewSecret returns a new secret for an offer or a publisher. Stores use it to migrate records from before
// secrets existed.
func NewSecret() string {
	secret := make([]byte, domain.SecretBytes)
	_, _ = rand.Read(secret) // documented to never fail
	return domain.SecretPrefix + base64.StdEncoding.EncodeToString(secret)
}

func newCredentials() domain.Credentials {
	return domain.Credentials{PostbackToken: newToken(), PostbackSecret: NewSecret()}
}

// newToken returns a new postback token.
func newToken() string {
	token := make([]byte, domain.TokenChars/2)
	_, _ = rand.Read(token) // documented to never fail
	return hex.EncodeToString(token)
}

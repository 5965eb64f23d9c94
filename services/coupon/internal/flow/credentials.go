package flow

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/rules"
)

// RotatePostbackCredentials gives an offer a new postback token and secret. The old ones are taken for
// an overlap yet. Errors: NotFound, OFFER_NOT_FOUND; InvalidArgument on `overlap`.
func (s *Service) RotatePostbackCredentials(ctx context.Context, id string, overlap time.Duration) (rules.Offer, error) {
	if err := rules.CheckOverlap(overlap); err != nil {
		return rules.Offer{}, err
	}
	next := newCredentials()
	defer s.memory.forget()
	rotated, err := s.store.UpdateOffer(ctx, id, func(current rules.Offer) (rules.Offer, error) {
		return rules.Rotate(current, next, overlap, s.Now()), nil
	})
	return rotated, orMissing(err, rules.NoOffer(id), "rotating an offer's credentials")
}

// RotateDeliverySecret gives a publisher a new delivery secret. The old one signs for an overlap yet.
// Errors: NotFound, PUBLISHER_NOT_FOUND; InvalidArgument on `overlap`; Aborted, ETAG_MISMATCH.
func (s *Service) RotateDeliverySecret(ctx context.Context, id string, overlap time.Duration, etag string) (rules.Publisher, error) {
	if err := rules.CheckOverlap(overlap); err != nil {
		return rules.Publisher{}, err
	}
	next := NewSecret()
	defer s.memory.forget()
	rotated, err := s.store.UpdatePublisher(ctx, id, func(current rules.Publisher) (rules.Publisher, error) {
		if err := rules.MatchEtag(etag, rules.PublisherName(current.ID), current.Revision); err != nil {
			return current, err
		}
		return rules.RotateSecret(current, next, overlap, s.Now()), nil
	})
	return rotated, orMissing(err, rules.NoPublisher(id), "rotating a publisher's delivery secret")
}

// NewSecret returns a secret of an offer or of a publisher. Stores give one to those of a time before
// there were secrets.
func NewSecret() string {
	secret := make([]byte, rules.SecretBytes)
	_, _ = rand.Read(secret) // never fails, says its documentation
	return rules.SecretPrefix + base64.StdEncoding.EncodeToString(secret)
}

func newCredentials() rules.Credentials {
	token := make([]byte, rules.TokenChars/2)
	_, _ = rand.Read(token)
	return rules.Credentials{PostbackToken: hex.EncodeToString(token), PostbackSecret: NewSecret()}
}

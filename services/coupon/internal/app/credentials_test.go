package app_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// isSecret reports whether a text has the form of a postback secret.
func isSecret(text string) bool {
	encoded, prefixed := strings.CutPrefix(text, "whsec_")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	return prefixed && err == nil && len(raw) == 32
}

func TestRotation(t *testing.T) {
	s, now := newService(t)
	withParties(t, s, []string{"10"}, nil)
	first := must(s.LookupOffer(t.Context(), "10"))(t).Credentials
	must(s.LookupToken(t.Context(), first.PostbackToken))(t)

	rotated := must(s.RotatePostbackCredentials(t.Context(), "10", time.Hour))(t)
	second := rotated.Credentials
	if !domain.IsToken(second.PostbackToken) || !isSecret(second.PostbackSecret) || second.PostbackToken == first.PostbackToken ||
		second.PostbackSecret == first.PostbackSecret || rotated.Previous != first || rotated.Revision != 2 {
		t.Errorf("got %+v after %+v", rotated, first)
	}
	// The clock stands still, so that answers in memory do not expire. Each must see the rotation.
	for _, token := range []string{first.PostbackToken, second.PostbackToken} {
		if got := must(s.LookupToken(t.Context(), token))(t); *got != rotated {
			t.Errorf("got %+v, want %+v", got, rotated)
		}
	}
	now.Advance(time.Hour - time.Millisecond)
	must(s.LookupToken(t.Context(), first.PostbackToken))(t)
	now.Advance(time.Millisecond) // Memory still holds the answer of a millisecond ago.
	_, err := s.LookupToken(t.Context(), first.PostbackToken)
	refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND")
	must(s.LookupToken(t.Context(), second.PostbackToken))(t)

	must(s.RotatePostbackCredentials(t.Context(), "10", 0))(t)
	_, err = s.LookupToken(t.Context(), second.PostbackToken)
	refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND")
}

func TestRefusedRotation(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10"}, nil)
	before := must(s.Offer(t.Context(), "10"))(t)
	_, err := s.RotatePostbackCredentials(t.Context(), "99", time.Hour)
	refused(t, err, apperr.NotFound, "OFFER_NOT_FOUND")
	_, err = s.RotatePostbackCredentials(t.Context(), "10", -time.Second)
	refused(t, err, apperr.InvalidArgument, "INVALID_OVERLAP")
	if got := must(s.Offer(t.Context(), "10"))(t); got != before {
		t.Errorf("got %+v, want %+v", got, before)
	}
}

// A rotation through another instance is seen here within a second.
func TestARotationElsewhereIsSeen(t *testing.T) {
	store, now := openStore(t), newClock()
	here, there := newOn(store, now), newOn(store, now)
	withParties(t, there, []string{"10"}, nil)
	first := must(here.LookupOffer(t.Context(), "10"))(t)
	rotated := must(there.RotatePostbackCredentials(t.Context(), "10", 0))(t)
	now.Advance(time.Second)
	if got := must(here.LookupOffer(t.Context(), "10"))(t); got.Credentials != rotated.Credentials {
		t.Errorf("got %+v", got)
	}
	_, err := here.LookupToken(t.Context(), first.PostbackToken)
	refused(t, err, apperr.NotFound, "TOKEN_NOT_FOUND")
}

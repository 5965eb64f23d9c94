package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestPostbackTokensOfOffers checks that a token belongs to one offer, and that an offer has a bounded number of them.
func TestPostbackTokensOfOffers(t *testing.T) {
	s, _ := newService(t)
	withParties(t, s, []string{"10", "11"}, nil)
	refused := func(err error, reason string) {
		t.Helper()
		if e := new(apperr.Error); !errors.As(err, &e) || e.Reason != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	created, token, err := s.CreatePostbackToken(t.Context(), "10", " Shop ")
	if err != nil || created.DisplayName != "Shop" || created.Hash != domain.HashToken(token) || !domain.IsToken(token) {
		t.Fatalf("created %+v, %v", created, err)
	}
	if offer, err := s.LookupToken(t.Context(), token); err != nil || offer.ID != "10" {
		t.Errorf("the token is of %+v, %v", offer, err)
	}
	_, err = s.PostbackToken(t.Context(), "11", created.ID)
	refused(err, "POSTBACK_TOKEN_NOT_FOUND")
	refused(s.DeletePostbackToken(t.Context(), "11", created.ID), "POSTBACK_TOKEN_NOT_FOUND")
	for i := 1; i < domain.MaxPostbackTokens; i++ {
		if _, _, err := s.CreatePostbackToken(t.Context(), "10", fmt.Sprint("System ", i)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = s.CreatePostbackToken(t.Context(), "10", "One too many")
	refused(err, "TOO_MANY_POSTBACK_TOKENS")
	if err := s.DeletePostbackToken(t.Context(), "10", created.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.LookupToken(t.Context(), token)
	refused(err, "TOKEN_NOT_FOUND")
	if hashes, err := s.PostbackTokenHashes(t.Context(), "10", false); err != nil || len(hashes) != domain.MaxPostbackTokens-1 {
		t.Errorf("%d hashes, %v", len(hashes), err)
	}
}

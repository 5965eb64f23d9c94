package keys_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestNobodyGetsMoreThanItHas creates and rotates keys as callers that may manage keys.
func TestNobodyGetsMoreThanItHas(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := keys.New(store, time.Now, time.UTC, slog.New(slog.DiscardHandler))
	manager := &access.Principal{Name: "keys/m", Role: access.Service, Listed: []access.Permission{"access.manage", "coupons.read"}}
	for _, c := range []struct {
		by    *access.Principal
		draft domain.Key
		lacks access.Permission
	}{
		{access.Admin(), domain.Key{Role: access.Owner}, ""},
		{manager, domain.Key{Role: access.Owner}, "approvals.read"},
		{manager, domain.Key{Role: access.Analyst}, "approvals.read"},
		{manager, domain.Key{Role: access.Service, Permissions: "coupons.read,secrets.read"}, access.SecretsRead},
		{manager, domain.Key{Role: access.Service, Permissions: "access.manage,coupons.read"}, ""},
		{&access.Principal{Name: "keys/o", Role: access.Owner}, domain.Key{Role: access.Owner}, ""},
	} {
		c.draft.DisplayName = "Key"
		_, secret, err := s.Create(t.Context(), c.by, c.draft)
		denied(t, err, secret, c.lacks)
		kept, _, err := s.Create(t.Context(), access.Admin(), c.draft)
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err = s.Rotate(t.Context(), c.by, kept.ID, 0, "")
		denied(t, err, secret, c.lacks)
		if after, err := s.Key(t.Context(), kept.ID); err != nil || (after.SecretHash == kept.SecretHash) != (c.lacks != "") {
			t.Errorf("%+v: after a rotation by %s: %+v, %v", kept, c.by.Name, after, err)
		}
	}
}

// denied checks that a secret is told if no permission is lacking, and that otherwise the error names it.
func denied(t *testing.T, err error, secret string, lacks access.Permission) {
	t.Helper()
	if lacks == "" {
		if err != nil || !access.IsSecret(secret) {
			t.Errorf("got the secret %q, %v", secret, err)
		}
		return
	}
	if e := apperr.As(err); e == nil || e.Kind != apperr.PermissionDenied || e.Reason != "PERMISSION_REQUIRED" || e.Metadata["permission"] != string(lacks) || secret != "" {
		t.Errorf("got the secret %q, %v, want a refusal for %s", secret, err, lacks)
	}
}

// TestNobodyGetsAKeyThatOutlivesItsOwn creates and rotates keys as a caller whose own key expires.
func TestNobodyGetsAKeyThatOutlivesItsOwn(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := keys.New(store, time.Now, time.UTC, slog.New(slog.DiscardHandler))
	end := time.Now().UTC().Truncate(time.Millisecond).Add(time.Hour)
	by := &access.Principal{Name: "keys/o", Role: access.Owner, ExpireTime: end}
	for until, isAllowed := range map[time.Time]bool{{}: false, end.Add(time.Millisecond): false, end: true, end.Add(-time.Minute): true} {
		draft := domain.Key{DisplayName: "Key", Role: access.Analyst, ExpireTime: until}
		_, _, created := s.Create(t.Context(), by, draft)
		kept, _, err := s.Create(t.Context(), access.Admin(), draft)
		if err != nil {
			t.Fatal(err)
		}
		_, _, rotated := s.Rotate(t.Context(), by, kept.ID, 0, "")
		for call, err := range map[string]error{"create": created, "rotate": rotated} {
			if (err == nil) != isAllowed || err != nil && apperr.As(err).Reason != "KEY_OUTLIVES_CALLER" {
				t.Errorf("%s a key until %v, as a key until %v: %v", call, until, end, err)
			}
		}
	}
}

// TestLimitsExist creates keys that are limited to publishers and offers.
func TestLimitsExist(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.InsertPublisher(t.Context(), domain.Publisher{ID: "22"}); err != nil {
		t.Fatal(err)
	}
	s := keys.New(store, time.Now, time.UTC, slog.New(slog.DiscardHandler))
	if _, _, err := s.Create(t.Context(), access.Admin(), domain.Key{DisplayName: "Key", Role: access.Publisher, Publishers: "22"}); err != nil {
		t.Error(err)
	}
	_, _, err = s.Create(t.Context(), access.Admin(), domain.Key{DisplayName: "Key", Role: access.Analyst, Publishers: "22,23", Offers: "10"})
	if e := apperr.As(err); e == nil || len(e.Violations) != 2 || e.Violations[0].Field != "publishers" || e.Violations[1].Field != "offers" {
		t.Errorf("limits that do not exist: %v", err)
	}
}

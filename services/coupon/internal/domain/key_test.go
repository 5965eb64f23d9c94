package domain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
)

func TestKeyAccepts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	rotated := Key{SecretHash: "new", PreviousSecretHash: "old", PreviousSecretExpireTime: hour(1)}
	expiring := rotated
	expiring.ExpireTime = hour(2)
	soon := rotated
	soon.ExpireTime = now.Add(time.Minute)
	revoked := rotated
	revoked.RevokeTime = now
	for name, c := range map[string]struct {
		key   Key
		hash  string
		at    time.Time
		ok    bool
		until time.Time
	}{
		"present":                      {rotated, "new", now, true, time.Time{}},
		"previous in the overlap":      {rotated, "old", now, true, hour(1)},
		"previous at its end":          {rotated, "old", hour(1), false, hour(1)},
		"unknown":                      {rotated, "other", now, false, time.Time{}},
		"nothing":                      {Key{SecretHash: "new"}, "", now, false, time.Time{}},
		"before the key expires":       {expiring, "new", hour(1), true, hour(2)},
		"as the key expires":           {expiring, "new", hour(2), false, time.Time{}},
		"previous ends first":          {expiring, "old", now, true, hour(1)},
		"the key ends first":           {soon, "old", now, true, now.Add(time.Minute)},
		"revoked":                      {revoked, "new", now, false, time.Time{}},
		"revoked, by the clock before": {revoked, "new", now.Add(-time.Hour), false, time.Time{}},
	} {
		until, ok := c.key.Accepts(c.hash, c.at)
		if ok != c.ok || ok && !until.Equal(c.until) {
			t.Errorf("%s: %v until %v", name, ok, until)
		}
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	good := Key{DisplayName: " Shop\n", Role: access.Service, Permissions: "coupons.read,coupons.validate", ExpireTime: now.Add(time.Hour), RequestsPerSecond: 100_000, CreateTime: now}
	if checked, err := CheckKey(good); err != nil || checked.DisplayName != "Shop" {
		t.Errorf("%+v, %v", checked, err)
	}
	for field, spoil := range map[string]func(*Key){
		"display_name":        func(k *Key) { k.DisplayName = " " },
		"role":                func(k *Key) { k.Role = "KING" },
		"permissions":         func(k *Key) { k.Permissions = "" },
		"expire_time":         func(k *Key) { k.ExpireTime = now },
		"requests_per_second": func(k *Key) { k.RequestsPerSecond = 100_001 },
	} {
		bad := good
		spoil(&bad)
		_, err := CheckKey(bad)
		e := apperr.As(err)
		if e == nil || len(e.Violations) != 1 || e.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, bad := range map[string]Key{
		"a permission that does not exist": {Role: access.Service, Permissions: "coupons.burn"},
		"permissions beside a role":        {Role: access.Analyst, Permissions: "coupons.write"},
		"permissions of an owner":          {Role: access.Owner, Permissions: "coupons.write"},
	} {
		bad.DisplayName, bad.CreateTime = "x", now
		if _, err := CheckKey(bad); apperr.As(err) == nil || apperr.As(err).Reason != "INVALID_PERMISSIONS" {
			t.Errorf("%s: %v", name, err)
		}
	}
	needed := map[access.Role]string{access.Publisher: "publishers", access.Advertiser: "offers"}
	for _, role := range access.Roles() {
		_, err := CheckKey(Key{DisplayName: "x", Role: role, CreateTime: now})
		if e := apperr.As(err); needed[role] == "" && err != nil || needed[role] != "" && (e == nil || e.Violations[0].Field != needed[role]) {
			t.Errorf("%s without limits: %v", role, err)
		}
		k := Key{DisplayName: "x", Role: role, CreateTime: now, Publishers: "22,23", Offers: "10"}
		if checked, err := CheckKey(k); err != nil || fmt.Sprint(checked.Principal().Publishers, checked.Principal().Offers) != "[publishers/22 publishers/23] [offers/10]" {
			t.Errorf("%s with limits: %+v, %v", role, checked, err)
		}
	}
	for field, k := range map[string]Key{"publishers": {Publishers: strings.Repeat("p,", MaxKeyLimits) + "p"}, "offers": {Offers: strings.Repeat("o,", MaxKeyLimits) + "o"}} {
		k.DisplayName, k.Role, k.CreateTime = "x", access.Analyst, now
		if _, err := CheckKey(k); apperr.As(err) == nil || apperr.As(err).Violations[0].Field != field {
			t.Errorf("too many %s: %v", field, err)
		}
	}
}

func TestRotateKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	first := Key{ID: "k", SecretHash: access.HashOf("one").String()}
	second, err := RotateKey(first, "two", time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	third, err := RotateKey(second, "three", time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]bool{"one": false, "two": true, "three": true} {
		if _, ok := third.Accepts(access.HashOf(secret).String(), now); ok != want {
			t.Errorf("%s is accepted: %v", secret, ok)
		}
	}
	at, err := RotateKey(second, "three", 0, now)
	if _, ok := at.Accepts(access.HashOf("two").String(), now); ok || err != nil {
		t.Errorf("without an overlap the old secret is accepted, %v", err)
	}
	for reason, k := range map[string]Key{"KEY_REVOKED": RevokeKey(first, now), "KEY_EXPIRED": {ExpireTime: now}} {
		if _, err := RotateKey(k, "two", 0, now); apperr.As(err) == nil || apperr.As(err).Reason != reason {
			t.Errorf("%v, want %s", err, reason)
		}
	}
}

package domain_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// TestNamedTokens checks that an offer takes its named tokens beside its own.
func TestNamedTokens(t *testing.T) {
	hashOf := func(token string) string {
		sum := sha256.Sum256([]byte(token))
		return hex.EncodeToString(sum[:])
	}
	c := domain.Credentials{Token: "own", Named: []string{hashOf("shop"), hashOf("app")}}
	for token, want := range map[string]struct {
		taken bool
		named string
	}{
		"own": {true, ""}, "shop": {true, hashOf("shop")}, "app": {true, hashOf("app")}, "other": {}, "": {}, hashOf("shop"): {},
	} {
		if taken, named := c.Takes(token, time.Now()), c.NamedBy(token); taken != want.taken || named != want.named {
			t.Errorf("%q: taken %v, named %q, want %+v", token, taken, named, want)
		}
	}
	if (domain.Credentials{Named: []string{""}}).Takes("", time.Now()) {
		t.Error("no token was taken for a named one")
	}
}

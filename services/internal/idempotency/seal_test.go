package idempotency_test

import (
	"strings"
	"testing"

	"github.com/couponlink/couponlink/services/internal/idempotency"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	const secret, id, password = "clk_secret", "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47", "the caller's own"
	sealed, err := idempotency.Seal(secret, id, password)
	if err != nil || strings.Contains(sealed, secret) {
		t.Fatalf("sealed: %q, %v", sealed, err)
	}
	for name, c := range map[string]struct{ sealed, id, password, want string }{
		"the same":                {sealed, id, password, secret},
		"the same id in capitals": {sealed, strings.ToUpper(id), password, secret},
		"another id":              {sealed, id[:35] + "8", password, ""},
		"another password":        {sealed, id, password + "s", ""},
		"no password":             {sealed, id, "", ""},
		"cut off":                 {sealed[:len(sealed)-4], id, password, ""},
		"not sealed":              {secret, id, password, ""},
		"nothing":                 {"", id, password, ""},
	} {
		if got := idempotency.Open(c.sealed, c.id, c.password); got != c.want {
			t.Errorf("%s: opened to %q, want %q", name, got, c.want)
		}
	}
	if sealed, err := idempotency.Seal(secret, id, ""); err == nil {
		t.Errorf("sealed without a password: %q", sealed)
	}
}

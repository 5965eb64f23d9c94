package bearer_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/bearer"
)

func TestOK(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef"
	for name, c := range map[string]struct {
		values []string
		want   bool
	}{
		"right":               {[]string{"Bearer " + key}, true},
		"scheme in any case":  {[]string{"bearer " + key}, true},
		"as Header makes it":  {[]string{bearer.Header(key)}, true},
		"nothing":             {nil, false},
		"empty":               {[]string{""}, false},
		"no scheme":           {[]string{key}, false},
		"other scheme":        {[]string{"Basic " + key}, false},
		"scheme only":         {[]string{"Bearer "}, false},
		"prefix of the key":   {[]string{"Bearer " + key[:15]}, false},
		"key and more":        {[]string{"Bearer " + key + "x"}, false},
		"space after":         {[]string{"Bearer " + key + " "}, false},
		"key in another case": {[]string{"Bearer 0123456789ABCDEF"}, false},
		"two, both right":     {[]string{"Bearer " + key, "Bearer " + key}, false},
		"two, one right":      {[]string{"Bearer x", "Bearer " + key}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := bearer.NewVerifier(key).OK(c.values); got != c.want {
				t.Errorf("OK(%q) = %v, want %v", c.values, got, c.want)
			}
		})
	}
}

package settings_test

import (
	"testing"

	"github.com/couponlink/couponlink/services/internal/settings"
)

func TestDocs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                                     "https://go.example.com/docs",
		"https://docs.example.com/couponlink/": "https://docs.example.com/couponlink",
		"http://docs.example.com":              "http://docs.example.com",
	} {
		if got, err := (settings.Docs{DocsURL: given}).Or("https://go.example.com"); err != nil || got != want {
			t.Errorf("%q gives %q, %v; want %q", given, got, err, want)
		}
	}
	for _, given := range []string{"docs.example.com", "ftp://docs.example.com", "https://", "https://a@docs.example.com", "https://docs.example.com/?a=b", "https://docs.example.com/#a"} {
		if got, err := (settings.Docs{DocsURL: given}).Or("https://go.example.com"); err == nil {
			t.Errorf("%q gives %q, want an error", given, got)
		}
	}
}

package gateway_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestQR(t *testing.T) {
	t.Parallel()
	h := kept(t, &keeper{})
	const link = "https://go.example.com/click?offer_id=10&pub_id=22"
	for _, c := range []struct {
		more url.Values
		kind string
		size int
	}{
		{url.Values{}, "image/png", 512},
		{url.Values{"format": {"png"}, "size": {"64"}}, "image/png", 64},
		{url.Values{"format": {"svg"}, "size": {"2048"}}, "image/svg+xml", 2048},
	} {
		c.more.Set("url", link)
		w := request(t, h, "GET", "/v1/links:qr?"+c.more.Encode(), "", http.NoBody)
		if w.Code != 200 || w.Header().Get("Content-Type") != c.kind || !strings.HasPrefix(w.Header().Get("Cache-Control"), "private") {
			t.Errorf("%v: %d %v", c.more, w.Code, w.Header())
		}
		if c.kind == "image/svg+xml" {
			if !strings.Contains(w.Body.String(), `width="2048"`) {
				t.Error(w.Body)
			}
			continue
		}
		picture, err := png.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
		if err != nil || picture.Width != c.size || picture.Height != c.size {
			t.Errorf("%v: %v, %+v", c.more, err, picture)
		}
	}
}

func TestQRErrors(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct{ reason, field string }{
		"":                           {"INVALID_URL", "url"},
		"url=ftp://example.com":      {"INVALID_URL", "url"},
		"url=http://a.b&size=63":     {"INVALID_SIZE", "size"},
		"url=http://a.b&size=2049":   {"INVALID_SIZE", "size"},
		"url=http://a.b&size=big":    {"INVALID_SIZE", "size"},
		"url=http://a.b&format=gif":  {"INVALID_FORMAT", "format"},
		"url=http://a.b/?x=1&pub=22": {"UNKNOWN_PARAMETER", "pub"},
	} {
		resp := do(t, kept(t, &keeper{}), "GET", "/v1/links:qr?"+query, "")
		if resp.status != 400 || resp.reason() != want.reason || resp.field() != want.field {
			t.Errorf("%s: %+v", query, resp)
		}
	}
	if resp := do(t, kept(t, &keeper{}), "GET", "/v1/links:qr?url=http://a.b", "", "Authorization", "-"); resp.status != 401 {
		t.Errorf("without a key: %+v", resp)
	}
}

package packed_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/couponlink/couponlink/services/gateway/internal/packed"
)

func TestFor(t *testing.T) {
	content := bytes.Repeat([]byte("content "), 100)
	file := packed.New(content)
	for accepted, want := range map[string]string{
		"":                       "",
		"gzip":                   "gzip",
		"br, GZip;q=0.5, *;q=0":  "gzip",
		"gzip; q=1.000, deflate": "gzip",
		"*":                      "gzip",
		"br, *;q=0.1":            "gzip",
		"gzip;q=0":               "",
		"gzip; Q=0.000, br":      "",
		"gzip;q=0, *":            "",
		"*;q=0":                  "",
		"gzip;q=x":               "",
		"gzipped, identity":      "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", accepted)
		body, encoding := file.For(r)
		if encoding != want {
			t.Errorf("%q gets %q, want %q", accepted, encoding, want)
		}
		if encoding == "gzip" {
			unzipped, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(unzipped); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, content) {
			t.Errorf("%q gets other content", accepted)
		}
	}
}

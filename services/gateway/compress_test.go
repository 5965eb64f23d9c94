package gateway_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestCompression(t *testing.T) {
	note := strings.Repeat("a long note; ", 100) + "its end"
	for encoding, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
		"":     func(r io.Reader) (io.Reader, error) { return r, nil },
	} {
		t.Run("by "+encoding, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPatch, couponPath, strings.NewReader(`{"internalNote": "`+note+`"}`))
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			origin(t, &fake{}).ServeHTTP(w, r)
			if got := w.Header().Get("Content-Encoding"); got != encoding {
				t.Fatalf("the encoding is %q", got)
			}
			if length := w.Header().Get("Content-Length"); encoding != "" && (length != "" || w.Body.Len() > len(note)/2) {
				t.Errorf("%d bytes with a Content-Length of %q", w.Body.Len(), length)
			}
			plain, err := open(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			var coupon struct{ InternalNote string }
			if err := json.NewDecoder(plain).Decode(&coupon); err != nil || coupon.InternalNote != note {
				t.Errorf("got %v, %v", coupon, err)
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/v1/offers/10", nil)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	origin(t, &fake{}).ServeHTTP(w, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("a short answer: %d with %v", w.Code, w.Header())
	}
}

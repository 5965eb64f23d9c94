package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// leastCompressed is the size in bytes below which compressing an answer is not worth its time.
	leastCompressed = 1024
	// jitterBytes hide how well a page compresses, which could give away the secrets in it to somebody who chooses
	// other parts of it (BREACH).
	jitterBytes = 64
)

// compressed lets the API's answers, exports and the console's pages be compressed by gzip or zstd, as callers accept.
// Clicks and postbacks are too short for that.
func compressed(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(leastCompressed), gzhttp.EnableZstd(true), gzhttp.RandomJitter(jitterBytes, 0, false),
		gzhttp.ContentTypeFilter(func(contentType string) bool {
			// Each event is sent at once.
			return gzhttp.DefaultContentTypeFilter(contentType) && !strings.HasPrefix(contentType, "text/event-stream")
		}))
	if err != nil {
		return nil, fmt.Errorf("the compression: %w", err)
	}
	compressing := wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") || strings.HasPrefix(r.URL.Path, "/console/") {
			compressing.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// leastCompressed is the size, in bytes, below which a response is not worth compressing.
	leastCompressed = 1024
	// jitterBytes is the random padding that hides how well a page compresses. Otherwise someone who controls parts of
	// a page could find out its secrets (BREACH).
	jitterBytes = 64
)

// compressed compresses API responses, exports and the console's pages with gzip or zstd if the caller accepts it.
// Responses to clicks and postbacks are too short.
func compressed(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(leastCompressed), gzhttp.EnableZstd(true), gzhttp.RandomJitter(jitterBytes, 0, false),
		gzhttp.ContentTypeFilter(func(contentType string) bool {
			// Compression would delay events, which are sent at once.
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

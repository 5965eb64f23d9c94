package apidoc

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/gateway/internal/packed"
)

// asset is a file that does not change while the process runs.
type asset struct {
	contentType string
	content     *packed.File
	etag        string
}

func newAsset(contentType string, content []byte) *asset {
	sum := sha256.Sum256(content)
	return &asset{
		contentType: contentType,
		content:     packed.New(content),
		etag:        hex.EncodeToString(sum[:8]),
	}
}

// ServeHTTP serves the asset, compressed if the caller accepts it. Caches revalidate it at each use, so that
// a new release shows at once.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	body, encoding := a.content.For(r)
	etag := `"` + a.etag + `"`
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
		etag = `"` + a.etag + "-" + encoding + `"`
	}
	header.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error means that the caller has gone; for HEAD nothing is sent
}

package apidoc

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// asset is a file that does not change while the process runs.
type asset struct {
	contentType string
	content     []byte
	etag        string
	// zipped is made when first asked for: most processes are never asked.
	zipped func() []byte
}

func newAsset(contentType string, content []byte) *asset {
	sum := sha256.Sum256(content)
	return &asset{
		contentType: contentType,
		content:     content,
		etag:        hex.EncodeToString(sum[:8]),
		zipped:      sync.OnceValue(func() []byte { return zip(content) }),
	}
}

func zip(content []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(content); err != nil || w.Close() != nil {
		return nil // A buffer takes everything; were it not so, the asset is served as it is.
	}
	return buf.Bytes()
}

// ServeHTTP serves the asset, compressed where that is accepted. Caches keep it and ask each time
// whether it is still the same, so that a new release shows at once.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	body, etag := a.content, `"`+a.etag+`"`
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if zipped := a.zipped(); zipped != nil {
			header.Set("Content-Encoding", "gzip")
			body, etag = zipped, `"`+a.etag+`-gzip"`
		}
	}
	header.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // A caller who has gone needs no answer; for HEAD nothing is sent.
}

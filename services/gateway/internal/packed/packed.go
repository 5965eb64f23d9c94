// Package packed holds files that do not change while the process runs, with their gzip form.
//
// The gateway's packages that serve such files import it; it imports none of ours.
package packed

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// File is the content of a file.
type File struct {
	content []byte
	// zipped is made when first asked for: most processes are never asked.
	zipped func() []byte
}

// New returns a File. The caller must not change content.
func New(content []byte) *File {
	return &File{content: content, zipped: sync.OnceValue(func() []byte { return zip(content) })}
}

// For returns the body of the response to a request, and its Content-Encoding, "" if it is not compressed.
func (f *File) For(r *http.Request) (body []byte, encoding string) {
	if acceptsGzip(r.Header["Accept-Encoding"]) {
		if zipped := f.zipped(); zipped != nil {
			return zipped, "gzip"
		}
	}
	return f.content, ""
}

// acceptsGzip reports whether the values of Accept-Encoding accept gzip: by its name, or else by "*" (RFC 9110, section
// 12.5.3). A weight of 0 means that they do not.
func acceptsGzip(values []string) bool {
	accepts := map[string]bool{}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
			weight, _ = strconv.ParseFloat(text, 64) // 0 if it is no number
		}
		accepts[strings.ToLower(strings.TrimSpace(name))] = weight > 0
	}
	gzip, named := accepts["gzip"]
	return gzip || !named && accepts["*"]
}

func zip(content []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(content); err != nil || w.Close() != nil {
		return nil // a buffer takes everything; were it not so, the file is served as it is
	}
	return buf.Bytes()
}

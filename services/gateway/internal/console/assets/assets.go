// Package assets serves the console's styles, scripts and pictures. They are embedded; their addresses
// carry a hash of all of them, so that browsers keep them for good and a new release shows at once.
//
// Only the console imports it.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/couponlink/couponlink/services/gateway/internal/packed"
)

//go:embed console.css css/*.css favicon.svg js/*.js
//go:embed vendor/htmx/htmx.min.js vendor/pico/pico.min.css
//go:embed vendor/uplot/uPlot.iife.min.js vendor/uplot/uPlot.min.css
var files embed.FS

// Set is all assets.
type Set struct {
	prefix string
	hash   string
	files  map[string]*file
}

type file struct {
	contentType string
	content     *packed.File
}

// New returns the assets, served below prefix, which ends in a slash.
func New(prefix string) (*Set, error) {
	set := &Set{prefix: prefix, files: map[string]*file{}}
	all := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(all, "%s %d ", name, len(content)) // a hash never fails
		_, _ = all.Write(content)
		set.files[name] = &file{contentType(name), packed.New(content)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the console's assets: %w", err)
	}
	set.hash = hex.EncodeToString(all.Sum(nil)[:8])
	return set, nil
}

// URL returns the address of an asset by its name: `console.css`, `vendor/htmx/htmx.min.js`. An unknown
// name is an error, which fails the template that asked.
func (s *Set) URL(name string) (string, error) {
	if _, ok := s.files[name]; !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return s.prefix + s.hash + "/" + name, nil
}

// ServeHTTP serves an asset. Under the hash of another release it is served all the same, for pages of
// another gateway, but not to be kept.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, s.prefix), "/")
	f, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "no-cache")
	if hash == s.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body, encoding := f.content.For(r)
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) //nolint:gosec // one of our own files; who has gone needs no answer
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "application/octet-stream"
	}
}

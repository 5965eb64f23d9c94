package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console/assets"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

//go:embed templates
var templates embed.FS

// Views are the templates: for each page one set, with the layout and the parts.
type Views struct{ pages map[string]*template.Template }

// NewViews reads the kit's templates and those of the subjects.
func NewViews(files *assets.Set, zone *time.Location, subjects []Subject) (*Views, error) {
	base, err := template.New("").Funcs(templateFuncs(files, zone)).ParseFS(templates, "templates/parts/*.html")
	if err != nil {
		return nil, err
	}
	all := &Views{pages: map[string]*template.Template{}}
	for _, subject := range append([]Subject{{Templates: templates}}, subjects...) {
		if subject.Templates == nil {
			continue
		}
		if err := all.add(base, subject.Templates); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add makes a set of each page of a subject: with the kit's parts, and with the subject's own.
func (v *Views) add(base *template.Template, source fs.FS) error {
	parts, partsErr := fs.Glob(source, "templates/parts/*.html")
	pages, pagesErr := fs.Glob(source, "templates/*.html")
	if err := errors.Join(partsErr, pagesErr); err != nil {
		return err
	}
	for _, page := range pages {
		name := strings.TrimSuffix(path.Base(page), ".html")
		if v.pages[name] != nil {
			return fmt.Errorf("there are two page templates %q", name)
		}
		set, err := base.Clone()
		if err == nil {
			set, err = set.ParseFS(source, append(parts, page)...)
		}
		if err != nil {
			return err
		}
		v.pages[name] = set
	}
	return nil
}

// page returns a page, or the part of it that has the name of a fragment, with the toasts that are due.
func (v *Views) page(name, fragment string, p *Page) ([]byte, error) {
	set, ok := v.pages[name]
	if !ok {
		return nil, fmt.Errorf("there is no page template %q", name)
	}
	if fragment != "" && set.Lookup(fragment) != nil {
		return execute(set, p, fragment, "toast-messages")
	}
	return execute(set, p, "layout")
}

// toasts returns nothing but the toasts that are due.
func (v *Views) toasts(p *Page) ([]byte, error) {
	return execute(v.pages["error"], p, "toast-messages")
}

// Piece returns one template of a page's file, without anything around it, for what is no answer of its
// own.
func (v *Views) Piece(name, part string, data any) ([]byte, error) {
	return execute(v.pages[name], data, part)
}

// execute runs templates into memory: an error must never be half a page.
func execute(set *template.Template, data any, names ...string) ([]byte, error) {
	var buf bytes.Buffer
	for _, name := range names {
		if err := set.ExecuteTemplate(&buf, name, data); err != nil {
			return nil, fmt.Errorf("rendering: %w", err)
		}
	}
	return withFormKeys(buf.Bytes()), nil
}

// templateFuncs are what templates can call besides their data's methods.
func templateFuncs(files *assets.Set, zone *time.Location) template.FuncMap {
	return template.FuncMap{
		"asset":    files.URL,
		"date":     func(t time.Time) string { return format.Date(t, zone) },
		"dateTime": func(t time.Time) string { return format.DateTime(t, zone) },
		"rfc3339":  func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"number":   func(n int64) string { return format.Number(n) },
		"money":    func(m amount) string { return format.Money(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos()) },
		"path":     Href,
		"linked":   linked,
		"dict":     dict,
	}
}

// amount is money of either service's contract.
type amount interface {
	GetCurrencyCode() string
	GetUnits() int64
	GetNanos() int32
}

// dict gives a template several values: dict "Label" "Offer" "Value" .Name.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict has %d values; it needs pairs", len(pairs))
	}
	values := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict's key %v is no string", pairs[i])
		}
		values[key] = pairs[i+1]
	}
	return values, nil
}

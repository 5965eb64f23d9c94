package redirect

import (
	"context"
	"net/url"
)

// Visitor is the visitor that a scan pretends to be.
type Visitor struct {
	// Phone says that the visitor uses a phone instead of a desktop browser.
	Phone bool
	// Language is the visitor's Accept-Language header.
	Language string
}

// Own answers for a URL of this installation, without recording a click. It returns nil for any other URL.
type Own func(context.Context, *url.URL) (*Hop, error)

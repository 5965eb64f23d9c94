package redirect

import (
	"context"
	"net/url"
)

// Visitor is who follows a link that is scanned.
type Visitor struct {
	// Phone says that the visitor holds a phone; else a desktop browser.
	Phone bool
	// Language is the visitor's Accept-Language header.
	Language string
}

// Own answers for a URL of this installation, without a click, or returns nil where the URL is none.
type Own func(context.Context, *url.URL) (*Hop, error)

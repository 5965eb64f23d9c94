package console

import (
	"context"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
)

// resumption is a form that is shown again after its user has logged in.
type resumption struct {
	session *access.Session
	// from is the page with the form.
	from string
}

type resumptionKey struct{}

func resumed(ctx context.Context, r *resumption) context.Context {
	return context.WithValue(ctx, resumptionKey{}, r)
}

// resumptionOf returns what a request resumes; nil if a browser sent it.
func resumptionOf(ctx context.Context) *resumption {
	r, _ := ctx.Value(resumptionKey{}).(*resumption)
	return r
}

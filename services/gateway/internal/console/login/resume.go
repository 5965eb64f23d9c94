package login

import (
	"context"

	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
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

// Resume reports whether the page shows a form again. If so, it has the session that has just begun, and
// nothing is stored.
func Resume(p *ui.Page) bool {
	resumes := resumptionOf(p.Request.Context())
	if resumes == nil {
		return false
	}
	p.Session = &ui.Session{Session: resumes.session}
	p.StartReview(&ui.Review{Notice: sessionEnded, From: resumes.from})
	return true
}

// resumptionOf returns what a request resumes; nil if a browser sent it.
func resumptionOf(ctx context.Context) *resumption {
	r, _ := ctx.Value(resumptionKey{}).(*resumption)
	return r
}

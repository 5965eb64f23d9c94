package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/couponlink/couponlink/services/gateway/internal/console/conversions"
	"github.com/couponlink/couponlink/services/gateway/internal/console/coupons"
	"github.com/couponlink/couponlink/services/gateway/internal/console/login"
	"github.com/couponlink/couponlink/services/gateway/internal/console/logs"
	"github.com/couponlink/couponlink/services/gateway/internal/console/offers"
	"github.com/couponlink/couponlink/services/gateway/internal/console/overview"
	"github.com/couponlink/couponlink/services/gateway/internal/console/publishers"
	"github.com/couponlink/couponlink/services/gateway/internal/console/report"
	"github.com/couponlink/couponlink/services/gateway/internal/console/scan"
	"github.com/couponlink/couponlink/services/gateway/internal/console/settings"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// subjects are all pages. A new subject goes here, and its entry into the menu.
func subjects() []ui.Subject {
	return []ui.Subject{
		login.Subject(),
		overview.Subject(),
		offers.Subject(),
		publishers.Subject(),
		coupons.Subject(),
		scan.Subject(),
		report.Subject(),
		conversions.Subject(),
		logs.Subject(),
		settings.Subject(),
		{Routes: ui.PickRoutes()},
	}
}

// noSuchPage is the page of addresses that lead nowhere.
func noSuchPage(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return p.Refuse(http.StatusNotFound, "There is no such page", "The address may be mistyped, or what it named is gone.")
}

// notRouted serves what no route matches: a page with another method, or none.
func (c *Console) notRouted(mux *http.ServeMux) http.Handler {
	none := c.serve(ui.Route{Handle: noSuchPage})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allowed := methodsAt(mux, r)
		if len(allowed) == 0 {
			none.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.serve(ui.Route{IsPublic: true, Handle: func(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
			return p.Refuse(http.StatusMethodNotAllowed, "This page is opened in another way", "Open it from the menu, or by its link.")
		}}).ServeHTTP(w, r)
	})
}

// methodsAt returns the methods of the routes that a request's path has.
func methodsAt(mux *http.ServeMux, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		probe := r.WithContext(r.Context())
		probe.Method = method
		if _, pattern := mux.Handler(probe); pattern == ui.Root || pattern == "" {
			continue
		}
		if allowed = append(allowed, method); method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	return allowed
}

// serve wraps a route: session, permission, and errors made into pages.
func (c *Console) serve(t ui.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := ui.NewPage(c.kit, w, r)
		err := c.answer(t, p)
		switch {
		case err == nil:
		case errors.As(err, new(ui.HeldBackError)) && p.Review != nil:
			p.EndReview()
		default:
			p.Fail(err)
		}
	})
}

func (c *Console) answer(t ui.Route, p *ui.Page) error {
	isResumed := login.Resume(p)
	if !isResumed {
		current, err := c.kit.Access.Session(p.Writer, p.Request)
		if err != nil {
			return err
		}
		if current != nil {
			p.Session = &ui.Session{Session: current}
		}
	}
	switch {
	case t.IsPublic:
		return t.Handle(p.Writer, p.Request, p)
	case p.Session == nil:
		return login.Ask(p, t)
	case !isResumed && !t.TakesFiles && ui.IsUnsafe(p.Request.Method):
		p.Request.Body = http.MaxBytesReader(p.Writer, p.Request.Body, ui.MaxFormBytes)
		if err := p.Request.ParseForm(); err != nil {
			return p.Refuse(http.StatusBadRequest, "This form could not be read", "It may be too large. Go back and try again.")
		}
		p.ReadFormKey()
		if p.Request.Header.Get(ui.ReviewHeader) != "" && !t.IsOwn {
			p.StartReview(&ui.Review{IsAsked: true})
		}
	}
	if !p.Session.May(t.Needs) {
		return p.Refuse(http.StatusForbidden, "You may not do this", "Ask the person who runs this program.")
	}
	return t.Handle(p.Writer, p.Request, p)
}

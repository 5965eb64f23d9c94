// Package partnerhttp answers plain HTTP: visitors' clicks and advertisers' postbacks. It reads requests and writes
// answers; the use cases do the rest.
//
// Only the tracking service's wiring imports it.
package partnerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/shopperpage"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/robots"
)

// UseCases are what the paths call.
type UseCases struct {
	Clicks      *clicks.Service
	Attribution *attribution.Service
}

// handler serves visitors' browsers and advertisers' servers.
type handler struct {
	use       UseCases
	guesses   *guesses
	strangers *strangers
	visits    *visits
	pages     *shopperpage.Pages
	log       *slog.Logger
	doors     *doorlog.Log
}

// NewHandler serves /click, /c/{code}, /postback and /postback/{preset}. Calls above most are answered with 503 at once.
func NewHandler(use UseCases, known *robots.List, most admission.Partner, log *slog.Logger) *http.ServeMux {
	p := &handler{use: use, guesses: newGuesses(), strangers: newStrangers(most), visits: newVisits(known), pages: shopperpage.New(), log: log, doors: doorlog.New(log, time.Now)}
	visits, reports := admission.NewGate("clicks", most.Clicks), admission.NewGate("postbacks", most.Postbacks)
	return routes(p.pages, visits.Handler(http.HandlerFunc(p.click), p.pages.Busy),
		visits.Handler(http.HandlerFunc(p.shortClick), p.pages.Busy), reports.Handler(http.HandlerFunc(p.postback), refuseBusy))
}

// NewStandIn serves the same paths while the service has no storage: visitors get a page, and postbacks are refused. Both
// are told to come again.
func NewStandIn() *http.ServeMux {
	pages := shopperpage.New()
	later := http.HandlerFunc(pages.Busy)
	return routes(pages, later, later, http.HandlerFunc(refuseNotYet))
}

// routes returns a mux of all paths. Short links match any rest of the path, and /C/ too: messengers and people add
// characters around the code or write it in upper case.
func routes(pages *shopperpage.Pages, click, shortClick, postback http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	for _, path := range trackinglink.ClickPaths {
		mux.Handle("GET "+path, click) // GET includes HEAD
		mux.Handle("GET "+path+"/{$}", click)
		mux.HandleFunc(path, pages.RefuseMethod)
		mux.HandleFunc(path+"/{$}", pages.RefuseMethod)
	}
	for _, path := range trackinglink.ShortPaths {
		mux.Handle("GET "+path+"{code...}", shortClick)
		mux.HandleFunc(path+"{code...}", pages.RefuseMethod)
	}
	for _, path := range []string{"/postback", "/postback/{preset}"} {
		mux.Handle("GET "+path, postback)
		mux.Handle("POST "+path, postback)
		mux.HandleFunc("HEAD "+path, refuseMethod) // a GET reports a sale, and a HEAD must not
		mux.HandleFunc(path, refuseMethod)
	}
	return mux
}

// httpStatus maps an error's kind to the HTTP status that partners get. Errors of ours are 503 with a Retry-After,
// since the call was not stored.
func httpStatus(err error) int {
	e := apperr.As(err)
	if e == nil {
		return http.StatusServiceUnavailable
	}
	switch e.Kind {
	case apperr.InvalidArgument:
		return http.StatusBadRequest
	case apperr.NotFound:
		return http.StatusNotFound
	case apperr.Unauthenticated:
		return http.StatusUnauthorized
	case apperr.Aborted, apperr.FailedPrecondition:
		return http.StatusConflict
	case apperr.ResourceExhausted:
		return http.StatusTooManyRequests
	default:
		return http.StatusServiceUnavailable
	}
}

// logFault logs an error of ours, but neither callers' errors nor canceled calls.
func (p *handler) logFault(ctx context.Context, where string, err error) {
	if e := apperr.As(err); (e == nil || e.Kind == apperr.Unavailable) && !errors.Is(err, context.Canceled) {
		p.log.ErrorContext(ctx, "partner call failed", slog.String("path", where), slog.Any("error", err))
	}
}

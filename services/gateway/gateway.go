// Package gateway is the single HTTP origin for frontends and partners. It serves REST for both services, the
// console, the API reference and health checks, and forwards clicks and postbacks. It depends only on the
// services' gRPC contracts, and calls them over the network or through an in-process channel.
//
// Only programs import it: the gateway's own, and the one that runs everything in one process.
package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/couponlink/couponlink/services/gateway/internal/apidoc"
	"github.com/couponlink/couponlink/services/gateway/internal/connectapi"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/gateway/internal/events"
	"github.com/couponlink/couponlink/services/gateway/internal/files"
	"github.com/couponlink/couponlink/services/gateway/internal/rest"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/clientaddr"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/doorlog"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/requestid"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// Backends are the services behind the gateway.
type Backends struct {
	// Coupon and Tracking are connections to the services. Calls carry the caller's key.
	Coupon, Tracking grpc.ClientConnInterface
	// Partner serves the paths of tracking links, /postback and /postback/{preset}.
	Partner http.Handler
}

// Options are the gateway's settings.
type Options struct {
	// AdminKey is the owner's key. API calls must carry it or an API key. The gateway checks that before it reads a
	// request, and the services check it again. The admin key also opens the console.
	AdminKey string
	// Zone is the program's time zone. It defines the days in the console, and when coupons in files start
	// and expire. nil means UTC.
	Zone *time.Location
	// SessionFile stores the secret of the console's sessions. If it is empty, sessions end with the process.
	SessionFile string
	// PublicURL is the gateway's origin as seen from outside.
	PublicURL string
	// DocsURL is the address of the documentation, which errors link to; "" for no links.
	DocsURL string
	// CORSOrigins are the other origins whose pages may call the API, such as `https://app.example.com`.
	CORSOrigins []string
	// Proxies are the proxies whose X-Forwarded headers are trusted.
	Proxies clientaddr.Proxies
	Log     *slog.Logger
}

// New returns the handler of the whole origin.
func New(backends Backends, o Options) (http.Handler, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	backends.Coupon, backends.Tracking = grpcdial.Bounded(backends.Coupon), grpcdial.Bounded(backends.Tracking)
	more := append(files.Routes(backends.Coupon, backends.Tracking, o.Zone, o.Log), events.Route(backends.Tracking, o.Log))
	calls, err := rest.New(backends.Coupon, backends.Tracking, more, o.Log)
	if err != nil {
		return nil, err
	}
	callers := authn.NewAuthenticator(o.AdminKey, authn.Remote(grpcdial.WithKey(backends.Coupon, o.AdminKey)), time.Now)
	doors := doorlog.New(o.Log, time.Now)
	api := authenticated(callers, doors, calls)
	direct, err := connectapi.New(callers, doors, rest.Faults{Log: o.Log}, connectapi.Package{Name: "couponlink.access.v1", Conn: backends.Coupon}, connectapi.Package{Name: "couponlink.coupon.v1", Conn: backends.Coupon},
		connectapi.Package{Name: "couponlink.tracking.v1", Conn: backends.Tracking}, connectapi.Package{Name: "couponlink.backup.v1", Conn: backends.Tracking})
	if err != nil {
		return nil, fmt.Errorf("the API over Connect: %w", err)
	}
	docs, err := apidoc.New()
	if err != nil {
		return nil, fmt.Errorf("the API reference: %w", err)
	}
	pages, err := console.New(console.Config{
		Coupon: backends.Coupon, Tracking: backends.Tracking, API: api, AdminKey: o.AdminKey, SessionFile: o.SessionFile,
		PublicURL: o.PublicURL, IsSecure: strings.HasPrefix(o.PublicURL, "https://"),
		Zone: o.Zone, Version: command.Version(), Now: time.Now, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", api)
	for path, handler := range direct {
		mux.Handle(path, handler)
	}
	for _, path := range trackinglink.ClickPaths {
		mux.Handle(path, backends.Partner)
		mux.Handle(path+"/{$}", backends.Partner)
	}
	for _, path := range append(trackinglink.ShortPaths[:], "/postback", "/postback/{preset}") {
		mux.Handle(path, backends.Partner)
	}
	mux.Handle(console.Root, pages)
	live := http.HandlerFunc(readiness.Live)
	for path, handler := range map[string]http.Handler{
		"/openapi.json": docs, "/docs": docs, "/docs/": docs,
		"/livez": live, "/healthz": live, "/readyz": newReadyHandler(backends, o.Log),
		strings.TrimSuffix(console.Root, "/"): pages, "/{$}": http.RedirectHandler(console.Root, http.StatusFound),
	} {
		mux.Handle("GET "+path, handler)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			rest.RefuseMethod(w, r, []string{http.MethodGet, http.MethodHead})
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		rest.WriteStatus(w, http.StatusNotFound, rest.NoRoute(r))
	})
	handler, err := compressed(rest.WithDocs(o.DocsURL, mux))
	if err != nil {
		return nil, err
	}
	return o.Proxies.Handler(withCommonHeaders(strings.HasPrefix(o.PublicURL, "https://"), withRequestID(withCORS(o.CORSOrigins, handler)))), nil
}

// withRequestID gives each request an id, unless it has one, and sends it back. Calls to the services carry it.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestid.Of(r.Header.Values(requestid.Header))
		w.Header().Set(requestid.Header, id)
		r = r.WithContext(requestid.Outgoing(r.Context(), id))
		r.Header.Set(requestid.Header, id)
		next.ServeHTTP(w, r)
	})
}

// hsts tells browsers to use https only, for a year.
const hsts = "max-age=31536000"

// withCommonHeaders keeps browsers from guessing content types and, if the public URL is https, from using http.
func withCommonHeaders(isSecure bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if isSecure {
			w.Header().Set("Strict-Transport-Security", hsts)
		}
		next.ServeHTTP(w, r)
	})
}

func authenticated(callers *authn.Authenticator, doors *doorlog.Log, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := callers.Authenticate(r.Context(), r.Header["Authorization"])
		switch {
		case apperr.Is(err, apperr.Unauthenticated):
			if len(r.Header["Authorization"]) > 0 {
				doors.Refused(r.Context(), doorlog.WrongKey, clientaddr.Of(r))
			}
			rest.WriteStatus(w, http.StatusUnauthorized, rpcstatus.Unauthenticated())
			return
		case err != nil:
			rest.WriteStatus(w, http.StatusServiceUnavailable, rpcstatus.KeyNotChecked())
			return
		}
		if refusal := rest.Admit(w, callers, p); refusal != nil {
			rest.WriteStatus(w, http.StatusTooManyRequests, refusal)
			return
		}
		next.ServeHTTP(w, r)
	})
}

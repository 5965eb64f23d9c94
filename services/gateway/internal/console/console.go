package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/assets"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/access"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// Root is where the console is mounted.
const Root = "/console/"

// contentSecurityPolicy lets pages use the console's own files and nothing else: no inline script, no
// inline style, no frame around it.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxFormBytes bounds a form without files.
const maxFormBytes = 1 << 20

// Config is what the console runs by.
type Config struct {
	// Coupon and Tracking are connections to the services, without a key: the console adds it.
	Coupon, Tracking grpc.ClientConnInterface
	// API is the REST form of the services, which wants the key: exports are streamed by it.
	API http.Handler
	// AdminKey opens the console and goes with every call.
	AdminKey string
	// SessionFile keeps the secret that sessions hang on, so that they outlive a restart; gateways
	// that share it share their sessions. Empty: in memory.
	SessionFile string
	// PublicURL is the address of the HTTP origin as the outside sees it; empty: not known.
	PublicURL string
	// Zone is the program's time zone; nil means UTC.
	Zone *time.Location
	// Version is the gateway's.
	Version string
	// IsSecure says that browsers reach the console by https, also where a request does not show it.
	IsSecure bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Console is what every page has: the services, the settings, the sessions. Pages reach it through
// *page, which embeds it.
type Console struct {
	offers     couponv1.OfferServiceClient
	publishers couponv1.PublisherServiceClient
	// tracking is the connection for the pages of clicks, conversions and deliveries.
	tracking grpc.ClientConnInterface
	// coupon is the connection for the services that have no client above.
	coupon grpc.ClientConnInterface

	// api is the REST form of the services, with the key.
	api http.Handler

	publicURL string
	// publicOrigin is the scheme and host of publicURL; "" if unset.
	publicOrigin string
	zone         *time.Location
	version      string
	now          func() time.Time
	log          *slog.Logger

	access  *access.Keeper
	assets  *assets.Set
	views   *views
	paths   map[string]bool // the patterns that GET has a page for: what the menu and tabs may show
	mux     *http.ServeMux
	handler http.Handler
}

// New returns the handler of everything below Root. Besides, Root without its slash leads there.
func New(cfg Config) (*Console, error) {
	c := &Console{
		coupon: reviewedConn{grpcdial.WithKey(cfg.Coupon, cfg.AdminKey)}, tracking: reviewedConn{grpcdial.WithKey(cfg.Tracking, cfg.AdminKey)},
		api: withKey(cfg.API, cfg.AdminKey), publicURL: strings.TrimSuffix(cfg.PublicURL, "/"), zone: cfg.Zone, version: cfg.Version,
		now: cfg.Now, log: cfg.Log, paths: map[string]bool{},
	}
	if c.zone == nil {
		c.zone = time.UTC
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.offers, c.publishers = couponv1.NewOfferServiceClient(c.coupon), couponv1.NewPublisherServiceClient(c.coupon)
	var keeperErr, assetsErr, viewsErr error
	c.access, keeperErr = access.New(access.Config{
		AdminKey: cfg.AdminKey, SecretFile: cfg.SessionFile, Now: c.now,
		IsSecure: cfg.IsSecure || strings.HasPrefix(cfg.PublicURL, "https://"),
	})
	c.assets, assetsErr = assets.New(Root + "assets/")
	if err := errors.Join(keeperErr, assetsErr); err != nil {
		return nil, fmt.Errorf("making the console: %w", err)
	}
	if c.views, viewsErr = newViews(c.assets, c.zone); viewsErr != nil {
		return nil, fmt.Errorf("the console's templates: %w", viewsErr)
	}
	protection := http.NewCrossOriginProtection()
	if cfg.PublicURL != "" {
		public, err := url.Parse(cfg.PublicURL)
		if err != nil {
			return nil, fmt.Errorf("the console's public URL: %w", err)
		}
		c.publicOrigin = originOf(public)
		if err := protection.AddTrustedOrigin(c.publicOrigin); err != nil {
			return nil, fmt.Errorf("the console's public URL: %w", err)
		}
	}
	c.handler = c.routed(protection)
	return c, nil
}

// ServeHTTP serves the console.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// routed returns the mux of all routes, behind what holds for all of them.
func (c *Console) routed(protection *http.CrossOriginProtection) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+Root+"assets/", c.assets)
	mux.Handle("GET "+strings.TrimSuffix(Root, "/"), http.RedirectHandler(Root, http.StatusMovedPermanently))
	for _, route := range routes() {
		if route.method == http.MethodGet {
			c.paths[route.path] = true
		}
		mux.Handle(route.method+" "+route.pattern(), c.serve(route))
	}
	if !c.paths[""] {
		mux.Handle("GET "+Root+"{$}", http.RedirectHandler(Root+"offers", http.StatusFound))
	}
	mux.Handle(Root, c.serve(route{path: "", handle: noSuchPage}))
	c.mux = mux
	return withHeaders(c.sameOrigin(protection, mux))
}

// originOf returns an address's scheme and host.
func originOf(address *url.URL) string { return address.Scheme + "://" + address.Host }

// sameOrigin refuses forms that other sites send. Behind a proxy, browsers may name an origin that requests do
// not show: the public one, which the protection trusts. What says nothing of its origin passes; browsers that are so
// old do not send the session's cookie with it either (SameSite).
func (c *Console) sameOrigin(protection *http.CrossOriginProtection, next http.Handler) http.Handler {
	protection.SetDenyHandler(c.serve(route{isPublic: true, handle: func(_ http.ResponseWriter, _ *http.Request, p *page) error {
		return p.refuse(http.StatusForbidden, "This form came from another site", "Open the page here and send it again.")
	}}))
	return protection.Handler(next)
}

// withHeaders sets what every answer of the console has.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

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
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/bearer"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// Root is where the console is mounted.
const Root = ui.Root

// contentSecurityPolicy lets pages use the console's own files and nothing else: no inline script, no
// inline style, no frame around it.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

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

// Console serves everything below ui.Root.
type Console struct {
	kit     *ui.Kit
	handler http.Handler
}

// New returns the console. Besides what is below Root, it serves Root without its slash, which leads there.
func New(cfg Config) (*Console, error) {
	kit := &ui.Kit{
		Coupon:    ui.ReviewedConn{ClientConnInterface: ui.KeyedConn{ClientConnInterface: grpcdial.WithKey(cfg.Coupon, cfg.AdminKey)}},
		Tracking:  ui.ReviewedConn{ClientConnInterface: ui.KeyedConn{ClientConnInterface: grpcdial.WithKey(cfg.Tracking, cfg.AdminKey)}},
		API:       withKey(cfg.API, cfg.AdminKey),
		PublicURL: strings.TrimSuffix(cfg.PublicURL, "/"), Zone: cfg.Zone, Version: cfg.Version,
		Now: cfg.Now, Log: cfg.Log, Entries: menu(), Paths: map[string]bool{},
	}
	if kit.Zone == nil {
		kit.Zone = time.UTC
	}
	if kit.Now == nil {
		kit.Now = time.Now
	}
	kit.Offers, kit.Publishers = couponv1.NewOfferServiceClient(kit.Coupon), couponv1.NewPublisherServiceClient(kit.Coupon)
	protection, protectionErr := protect(kit, cfg.PublicURL)
	var keeperErr, assetsErr, viewsErr error
	kit.Access, keeperErr = access.New(access.Config{
		AdminKey: cfg.AdminKey, SecretFile: cfg.SessionFile, Now: kit.Now, Log: cfg.Log,
		IsSecure: cfg.IsSecure || strings.HasPrefix(cfg.PublicURL, "https://"),
	})
	kit.Assets, assetsErr = assets.New(ui.Root + "assets/")
	if err := errors.Join(protectionErr, keeperErr, assetsErr); err != nil {
		return nil, fmt.Errorf("making the console: %w", err)
	}
	all := subjects()
	if kit.Views, viewsErr = ui.NewViews(kit.Assets, kit.Zone, all); viewsErr != nil {
		return nil, fmt.Errorf("the console's templates: %w", viewsErr)
	}
	c := &Console{kit: kit}
	c.handler = withHeaders(c.sameOrigin(protection, c.routed(all)))
	return c, nil
}

// protect returns what refuses forms of other sites. Behind a proxy, browsers may name an origin that requests do
// not show: the public one, which it trusts.
func protect(kit *ui.Kit, publicURL string) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	if publicURL == "" {
		return protection, nil
	}
	public, err := url.Parse(publicURL)
	if err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	kit.PublicOrigin = ui.OriginOf(public)
	if err := protection.AddTrustedOrigin(kit.PublicOrigin); err != nil {
		return nil, fmt.Errorf("the public URL: %w", err)
	}
	return protection, nil
}

// ServeHTTP serves the console.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// routed returns the mux of all routes.
func (c *Console) routed(all []ui.Subject) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+ui.Root+"assets/", c.kit.Assets)
	mux.Handle("GET "+strings.TrimSuffix(ui.Root, "/"), http.RedirectHandler(ui.Root, http.StatusMovedPermanently))
	for _, subject := range all {
		for _, route := range subject.Routes {
			if route.Method == http.MethodGet {
				c.kit.Paths[route.Path] = true
			}
			mux.Handle(route.Method+" "+route.Pattern(), c.serve(route))
		}
	}
	mux.Handle(ui.Root, c.notRouted(mux))
	c.kit.Inside = mux
	return mux
}

// sameOrigin refuses forms that other sites send. What says nothing of its origin passes; browsers that are so old do
// not send the session's cookie with it either (SameSite).
func (c *Console) sameOrigin(protection *http.CrossOriginProtection, next http.Handler) http.Handler {
	protection.SetDenyHandler(c.serve(ui.Route{IsPublic: true, Handle: func(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
		return p.Refuse(http.StatusForbidden, "This form came from another site", "Open the page here and send it again.")
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

// withKey returns the API with the admin key on every request; nil if there is no API.
func withKey(api http.Handler, adminKey string) http.Handler {
	if api == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", bearer.Header(adminKey))
		api.ServeHTTP(w, r)
	})
}

package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/connlimit"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/httpserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// Config has the settings of a gateway that runs in its own process.
type Config struct {
	HTTPAddr         string `env:"COUPONLINK_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to serve HTTP on (${default})."`
	CouponGRPCAddr   string `env:"COUPONLINK_COUPON_GRPC_ADDR" name:"coupon-grpc-addr" default:"127.0.0.1:9001" placeholder:"ADDR" help:"Address of the coupon service's gRPC (${default})."`
	TrackingGRPCAddr string `env:"COUPONLINK_TRACKING_GRPC_ADDR" name:"tracking-grpc-addr" default:"127.0.0.1:9002" placeholder:"ADDR" help:"Address of the tracking service's gRPC (${default})."`
	TrackingHTTPAddr string `env:"COUPONLINK_TRACKING_HTTP_ADDR" name:"tracking-http-addr" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Address of the tracking service's HTTP, where clicks and postbacks are passed on to (${default})."`
	SessionFile      string `env:"COUPONLINK_SESSION_FILE" name:"session-file" placeholder:"FILE" help:"File that keeps the secret of the console's sessions, made if need be; gateways that share it share their sessions. Without one they end with the process."`
	settings.PublicURL
	settings.Docs
	settings.AdminKey
	settings.TimeZone
	settings.CORSOrigins
	settings.TrustedProxies
	settings.Stop
	admission.Partner
	connlimit.Bounds

	// Started, if set, is called with the actual address once the server accepts requests.
	Started func(httpAddr string) `kong:"-"`
}

// Run serves the gateway until ctx ends, then finishes running requests. The services need not be running
// yet.
func Run(ctx context.Context, cfg Config, log *slog.Logger) error {
	key, keyErr := cfg.Required()
	zone, zoneErr := cfg.Zone()
	publicURL, urlErr := cfg.PublicURL.Or(cfg.HTTPAddr)
	docs, docsErr := cfg.Docs.Or(publicURL)
	origins, originsErr := cfg.Origins()
	proxies, proxiesErr := cfg.Proxies()
	stop, stopErr := cfg.Stop.Of(false)
	if err := errors.Join(keyErr, zoneErr, urlErr, docsErr, originsErr, proxiesErr, stopErr); err != nil {
		return err
	}
	coupon, err := grpcdial.DialPatient(cfg.CouponGRPCAddr)
	if err != nil {
		return err
	}
	defer func() { _ = coupon.Close() }()
	tracking, err := grpcdial.DialPatient(cfg.TrackingGRPCAddr)
	if err != nil {
		return err
	}
	defer func() { _ = tracking.Close() }()
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	couponPulse, trackingPulse := newPulse(life, "coupon service", coupon, log), newPulse(life, "tracking service", tracking, log)
	partner, closeIdle := forward(cfg.TrackingHTTPAddr, cfg.Partner, trackingPulse, log)
	defer closeIdle()
	handler, err := New(Backends{Coupon: pulsed{coupon, couponPulse}, Tracking: pulsed{tracking, trackingPulse}, Partner: partner}, Options{
		AdminKey: key, Zone: zone, SessionFile: cfg.SessionFile, PublicURL: publicURL, DocsURL: docs, CORSOrigins: origins, Proxies: proxies, Log: log,
	})
	if err != nil {
		return fmt.Errorf("making the gateway: %w", err)
	}
	listeners, err := lifecycle.Listen(ctx, cfg.HTTPAddr)
	if err != nil {
		return err
	}
	addr := listeners[0].Addr().String()
	log.InfoContext(ctx, "serving", slog.String("http", addr))
	if cfg.Started != nil {
		cfg.Started(addr)
	}
	return lifecycle.Run(ctx, stop, lifecycle.Part{Name: "HTTP", Server: httpserve.New(handler, log), Listener: cfg.Bounds.HTTP(listeners[0])})
}

// Package couponlink runs everything in one process: both services, the gateway, and the channels between them. It is
// wiring only; the separate binaries use the same parts.
//
// Its main imports it.
package couponlink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/couponlink/internal/demo"
	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/connlimit"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/httpserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking"
)

// Config configures Run.
type Config struct {
	HTTPAddr         string `env:"COUPONLINK_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to serve HTTP on (${default})."`
	CouponGRPCAddr   string `env:"COUPONLINK_COUPON_GRPC_ADDR" name:"coupon-grpc-addr" default:"127.0.0.1:9001" placeholder:"ADDR" help:"Address to serve the coupon service's gRPC on (${default})."`
	TrackingGRPCAddr string `env:"COUPONLINK_TRACKING_GRPC_ADDR" name:"tracking-grpc-addr" default:"127.0.0.1:9002" placeholder:"ADDR" help:"Address to serve the tracking service's gRPC on (${default})."`
	Demo             bool   `env:"COUPONLINK_DEMO" help:"Add sample data at start, unless it is there already, and serve its shops under /demo-shop/, which deliveries and scans may reach."`
	settings.PublicURL
	settings.Docs
	settings.Storage
	settings.AdminKey
	settings.CORSOrigins
	settings.TrustedProxies
	settings.Stop
	settings.Backups
	settings.Audit
	tracking.Settings
	admission.Calls
	connlimit.Bounds

	// Started, if set, is called once the process accepts requests.
	Started func(Started) `kong:"-"`
	// AskTimeout is how long the tracking service waits for the coupon service's answer; 0 means a second.
	AskTimeout time.Duration `kong:"-"`
	// MongoDB are options for databases on MongoDB. Tests set them.
	MongoDB []mongodb.Option `kong:"-"`
}

// Started says where a running process can be reached.
type Started struct {
	// HTTPAddr, CouponGRPCAddr and TrackingGRPCAddr are host:port addresses with the real ports.
	HTTPAddr, CouponGRPCAddr, TrackingGRPCAddr string
	PublicURL                                  string
	AdminKey                                   settings.KnownKey
	Database                                   settings.Database
}

// Run serves everything until ctx ends. Then it finishes the requests in flight and closes the stores.
func Run(ctx context.Context, cfg Config, log *slog.Logger) (err error) {
	database, known, dataErr := cfg.data()
	key := known.Key
	zone, zoneErr := cfg.Zone()
	audits, auditErr := cfg.Audit.Entries()
	origins, originsErr := cfg.Origins()
	proxies, proxiesErr := cfg.Proxies()
	stop, stopErr := cfg.Stop.Of(true)
	if err := errors.Join(dataErr, zoneErr, auditErr, originsErr, proxiesErr, stopErr); err != nil {
		return err
	}
	listeners, err := lifecycle.Listen(ctx, cfg.HTTPAddr, cfg.CouponGRPCAddr, cfg.TrackingGRPCAddr)
	if err != nil {
		return err
	}
	defer lifecycle.CloseAll(listeners)
	started := Started{
		HTTPAddr: address(listeners[0]), CouponGRPCAddr: address(listeners[1]), TrackingGRPCAddr: address(listeners[2]),
		AdminKey: known, Database: database,
	}
	if started.PublicURL, err = cfg.PublicURL.Or(started.HTTPAddr); err != nil {
		return err
	}
	docs, docsErr := cfg.Docs.Or(started.PublicURL)
	pages := cfg.shopPages(started.PublicURL)
	allowed, err := cfg.AllowedHosts()
	if err := errors.Join(docsErr, err); err != nil {
		return err
	}

	coupons, err := lifecycle.Await(ctx, log, standIns(listeners, log), mongodb.IsAway, func(ctx context.Context) (*coupon.Service, error) {
		return coupon.New(ctx, coupon.Options{Database: database, MongoDB: cfg.MongoDB, PublicURL: started.PublicURL, Allowed: allowed, Zone: zone, AuditRetention: audits, Log: log})
	})
	if err != nil {
		return err
	}
	defer command.Close(&err, "the coupon service's store", coupons)
	couponServer := grpcserve.New(grpcserve.Config{AdminKey: key, Keys: coupons.Keys(), Readiness: coupons.Readiness(), DocsURL: docs, Most: cfg.Calls, Log: log})
	coupons.Register(couponServer)

	trackings, err := lifecycle.Await(ctx, log, standIns(listeners, log), mongodb.IsAway, func(ctx context.Context) (*tracking.Service, error) {
		return tracking.New(ctx, tracking.Options{
			Database: database, MongoDB: cfg.MongoDB, Coupon: grpcdial.WithKey(couponServer.Local(), key), AskTimeout: cfg.AskTimeout, PublicURL: started.PublicURL, Settings: cfg.Settings, Pages: pages, Log: log,
		})
	})
	if err != nil {
		return err
	}
	defer command.Close(&err, "the tracking service's store", trackings)
	stop.Work = trackings.EndWork
	trackingServer := grpcserve.New(grpcserve.Config{AdminKey: key, Keys: authn.Remote(grpcdial.WithKey(couponServer.Local(), key)), Readiness: trackings.Readiness(), DocsURL: docs, Most: cfg.Calls, Log: log})
	trackings.Register(trackingServer)
	coupons.AskTracking(grpcdial.WithKey(trackingServer.Local(), key))
	registerBackups(cfg, database, append(coupons.Sources(), trackings.Sources()...), couponServer, trackingServer)

	backends := gateway.Backends{Coupon: couponServer.Local(), Tracking: trackingServer.Local(), Partner: trackings.PartnerHandler()}
	handler, err := gateway.New(backends, gateway.Options{
		AdminKey: key, Zone: zone, SessionFile: sessionFile(cfg.DataDir), PublicURL: started.PublicURL, DocsURL: docs, CORSOrigins: origins, Proxies: proxies, Log: log,
	})
	if err != nil {
		return fmt.Errorf("making the gateway: %w", err)
	}

	// The goroutine that loads the sample data must end before the stores are closed.
	var samples sync.WaitGroup
	defer samples.Wait()
	if cfg.Demo {
		handler = withShop(handler)
		samples.Go(func() { loadDemo(ctx, started, backends, trackings.PartnerHandlerAt, log) })
	}
	cfg.tell(started)
	return lifecycle.Run(ctx, stop, cfg.parts(listeners, httpserve.New(handler, log), couponServer, trackingServer)...)
}

// parts returns the servers with their listeners: HTTP, the coupon service's gRPC and the tracking service's gRPC.
func (cfg *Config) parts(listeners []net.Listener, http, coupon, tracking lifecycle.Server) []lifecycle.Part {
	return []lifecycle.Part{
		{Name: "HTTP", Server: http, Listener: cfg.Bounds.HTTP(listeners[0])},
		{Name: "the coupon service's gRPC", Server: coupon, Listener: cfg.Bounds.GRPC(listeners[1])},
		{Name: "the tracking service's gRPC", Server: tracking, Listener: cfg.Bounds.GRPC(listeners[2])},
	}
}

// tell says that everything serves, to those who asked.
func (cfg *Config) tell(started Started) {
	if cfg.Started != nil {
		cfg.Started(started)
	}
}

// shopPages returns the path of the sample shops, or "" if they are off. It also allows deliveries to them and scans of
// them.
func (cfg *Config) shopPages(publicURL string) string {
	if !cfg.Demo {
		return ""
	}
	cfg.AllowedPrivateHosts.AllowedPrivateHosts += "," + hostOf(publicURL)
	return demo.ShopPath
}

// standIns answer on the process's listeners until the database can be used.
func standIns(listeners []net.Listener, log *slog.Logger) []lifecycle.Part {
	return []lifecycle.Part{
		{Name: "HTTP", Server: httpserve.StandIn(originStandIn(), log), Listener: listeners[0]},
		{Name: "the coupon service's gRPC", Server: grpcserve.StandIn(), Listener: listeners[1]},
		{Name: "the tracking service's gRPC", Server: grpcserve.StandIn(), Listener: listeners[2]},
	}
}

// originStandIn answers callers in the form that each expects, until the database can be used.
func originStandIn() *http.ServeMux {
	mux := tracking.PartnerStandIn()
	gateway.StandIn(mux)
	return mux
}

// registerBackups adds the backup service to servers.
func registerBackups(cfg Config, database settings.Database, sources []*sqlitedb.Source, servers ...*grpcserve.Server) {
	job := backup.Job{Sources: sources, FilesFrom: cfg.DataDir, Files: smallFiles(), Version: command.Version()}
	service := backup.NewServer(job, cfg.Folder(database), Databases())
	for _, server := range servers {
		service.Register(server)
	}
}

// smallFiles are the files in the data directory that a backup includes besides the databases.
func smallFiles() []string { return []string{settings.KeyFile, sessionsName} }

// data returns the database and the admin key. It makes a key only once the database's directory can be used: a key
// made beside an unfinished restore would take the place of the restored one.
func (cfg *Config) data() (database settings.Database, key settings.KnownKey, err error) {
	if database, err = databaseOf(cfg.Storage); err != nil {
		return database, key, err
	}
	key, err = cfg.OrGenerated(cfg.DataDir)
	return database, key, err
}

// databaseOf returns the database that the settings name. It returns an error if the directory has only one service's
// file.
func databaseOf(storage settings.Storage) (settings.Database, error) {
	database, err := storage.Database()
	if err == nil && database.SQLiteDir != "" {
		err = sqlitedb.Together(database.SQLiteDir, coupon.DatabaseFile, tracking.DatabaseFile)
	}
	return database, err
}

// sessionsName is the name of the file with the secret that signs the console's sessions.
const sessionsName = "console-sessions"

// sessionFile returns the path of that file; "" means that the secret stays in memory.
func sessionFile(dataDir string) string {
	if dataDir == "" {
		return ""
	}
	return filepath.Join(dataDir, sessionsName)
}

// hostOf returns a public URL's host, with its port if it has one.
func hostOf(publicURL string) string {
	_, host, _ := strings.Cut(publicURL, "://")
	return host
}

// withShop adds the sample shops to the gateway's handler.
func withShop(handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.Handle(demo.ShopPath, demo.Shop())
	return mux
}

func address(l net.Listener) string { return l.Addr().String() }

// loadDemo adds the sample data as a client would. If that fails, the process keeps serving.
func loadDemo(ctx context.Context, started Started, backends gateway.Backends, partner func(time.Time) http.Handler, log *slog.Logger) {
	withKey := func(conn grpc.ClientConnInterface) grpc.ClientConnInterface {
		return grpcdial.WithKey(grpcdial.Bounded(conn), started.AdminKey.Key)
	}
	began := time.Now()
	err := demo.Load(ctx, demo.Target{
		Coupon: withKey(backends.Coupon), Tracking: withKey(backends.Tracking),
		Partner: partner, PublicURL: started.PublicURL,
	}, began)
	if err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "adding the sample data failed", slog.Any("error", err))
		return
	}
	log.InfoContext(ctx, "the sample data is there", slog.Duration("took", time.Since(began).Round(time.Millisecond)))
}

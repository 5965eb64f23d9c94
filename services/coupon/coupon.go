// Package coupon wires the coupon service together.
//
// Only programs import it: the service's own, and the one that runs everything in one process.
package coupon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/grpcapi"
	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/coupon/internal/trackingclient"
	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/connlimit"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// DatabaseFile is the name of the SQLite database file in the data directory.
const DatabaseFile = sqlitestore.FileName

// Service is the coupon service with its open store.
type Service struct {
	store store
	flow  *app.Service
	keys  *keys.Service
	about grpcapi.About
	ready *readiness.Probe
	log   *slog.Logger
}

// store is what the use cases ask of a store, in one.
type store interface {
	app.Store
	keys.Store
	// KeepEntries sets how long audit entries are kept; 0 for good.
	KeepEntries(ctx context.Context, retention time.Duration) error
}

// Options configure a Service.
type Options struct {
	Database settings.Database
	// MongoDB are options for a database on MongoDB.
	MongoDB []mongodb.Option
	// PublicURL is what tracking links begin with.
	PublicURL string
	// Allowed are the private hosts that publishers' postback URLs may lead to.
	Allowed outbound.Allowed
	// Zone is the program's time zone. Dates in filters are its days.
	Zone *time.Location
	// AuditRetention is how long audit entries are kept; 0 for good.
	AuditRetention time.Duration
	Log            *slog.Logger
}

// New opens the store, migrates it, and returns the service. Call Close once no more calls come. If mongodb.IsAway
// reports true for the error, try again later.
func New(ctx context.Context, o Options) (*Service, error) {
	store, err := open(ctx, o.Database, o.Log, o.MongoDB...)
	if err != nil {
		return nil, fmt.Errorf("opening the coupon service's store: %w", err)
	}
	if err := store.KeepEntries(ctx, o.AuditRetention); err != nil {
		return nil, errors.Join(fmt.Errorf("setting how long audit entries are kept: %w", err), store.Close())
	}
	return &Service{store: store, flow: app.New(store, time.Now, o.Zone, o.Allowed.CheckURL), keys: keys.New(store, time.Now, o.Zone, o.Log), about: grpcapi.About{
		Version: command.Version(), Store: o.Database.String(), PublicURL: o.PublicURL, AllowedPrivateHosts: o.Allowed.Entries(),
	}, ready: readiness.New(o.Log, readiness.Interval, o.Database.Dependencies(store.Ping)...), log: o.Log}, nil
}

func open(ctx context.Context, database settings.Database, log *slog.Logger, opts ...mongodb.Option) (store, error) {
	if database.MongoDBURI == "" {
		return sqlitestore.Open(ctx, database.SQLiteDir, sqlitedb.Exclusive(database.SQLiteExclusive), sqlitedb.WithLog(log))
	}
	return mongostore.Open(ctx, database.MongoDBURI, append([]mongodb.Option{mongodb.WithLog(log)}, opts...)...)
}

// Register registers the gRPC services on a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	grpcapi.Register(registrar, s.flow, s.keys, s.about)
}

// Keys looks up API keys, for servers that authenticate callers.
func (s *Service) Keys() authn.Lookup { return s.keys.Authenticate }

// AskTracking has validation ask the tracking service whether coupons with limits have a use left. tracking is a
// connection that carries the admin key; the service need not be there yet. Call it before the first call is served.
func (s *Service) AskTracking(tracking grpc.ClientConnInterface) {
	s.flow.AskLimits(trackingclient.New(tracking, time.Now, s.log).Reached)
}

// Readiness reports whether the service can reach its store.
func (s *Service) Readiness() *readiness.Probe { return s.ready }

// Close waits for writes under way and closes the store.
func (s *Service) Close() error { return s.store.Close() }

// Config has the settings of a coupon service that runs in its own process.
type Config struct {
	GRPCAddr         string `env:"COUPONLINK_COUPON_GRPC_ADDR" name:"coupon-grpc-addr" default:"127.0.0.1:9001" placeholder:"ADDR" help:"Address to serve gRPC on (${default})."`
	TrackingGRPCAddr string `env:"COUPONLINK_TRACKING_GRPC_ADDR" name:"tracking-grpc-addr" default:"127.0.0.1:9002" placeholder:"ADDR" help:"Address of the tracking service's gRPC, which counts the uses of coupons (${default})."`
	HTTPAddr         string `env:"COUPONLINK_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" placeholder:"ADDR" help:"The gateway's HTTP address, for tracking links where no public URL is given (${default})."`
	settings.PublicURL
	settings.Docs
	settings.Storage
	settings.AdminKey
	settings.Backups
	settings.AllowedPrivateHosts
	settings.TimeZone
	settings.Audit
	settings.Stop
	admission.Calls
	connlimit.Bounds

	// Started, if set, is called with the actual address once the server accepts calls.
	Started func(grpcAddr string) `kong:"-"`
}

// Run serves the coupon service until ctx ends, then finishes running calls and closes the store.
func Run(ctx context.Context, cfg Config, log *slog.Logger) (err error) {
	key, keyErr := cfg.Required()
	database, databaseErr := cfg.Database()
	publicURL, urlErr := cfg.PublicURL.Or(cfg.HTTPAddr)
	docs, docsErr := cfg.Docs.Or(publicURL)
	allowed, allowedErr := cfg.AllowedHosts()
	zone, zoneErr := cfg.Zone()
	audits, auditErr := cfg.Audit.Entries()
	stop, stopErr := cfg.Stop.Of(false)
	if err := errors.Join(keyErr, databaseErr, urlErr, docsErr, allowedErr, zoneErr, auditErr, stopErr); err != nil {
		return err
	}
	listeners, err := lifecycle.Listen(ctx, cfg.GRPCAddr)
	if err != nil {
		return err
	}
	defer lifecycle.CloseAll(listeners)
	tracking, err := grpcdial.Dial(cfg.TrackingGRPCAddr)
	if err != nil {
		return err
	}
	defer func() { _ = tracking.Close() }()
	standIn := lifecycle.Part{Name: "gRPC", Server: grpcserve.StandIn(), Listener: listeners[0]}
	service, err := lifecycle.Await(ctx, log, []lifecycle.Part{standIn}, mongodb.IsAway, func(ctx context.Context) (*Service, error) {
		return New(ctx, Options{Database: database, PublicURL: publicURL, Allowed: allowed, Zone: zone, AuditRetention: audits, Log: log})
	})
	if err != nil {
		return err
	}
	defer command.Close(&err, "the store", service)
	service.AskTracking(grpcdial.WithKey(tracking, key))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Keys: service.Keys(), Readiness: service.Readiness(), DocsURL: docs, Most: cfg.Calls, Log: log})
	service.Register(server)
	backup.NewServer(backup.Job{Sources: service.Sources(), Version: command.Version()}, cfg.Folder(database), Databases()).Register(server)
	addr := listeners[0].Addr().String()
	log.InfoContext(ctx, "serving", slog.String("grpc", addr), slog.String("database", database.String()))
	if cfg.Started != nil {
		cfg.Started(addr)
	}
	return lifecycle.Run(ctx, stop, lifecycle.Part{Name: "gRPC", Server: server, Listener: cfg.Bounds.GRPC(listeners[0])})
}

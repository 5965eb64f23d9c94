// Package tracking is the tracking service put together: wiring only.
//
// The service's main and the one-process form import it.
package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/couponlink/couponlink/services/internal/admission"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/authn"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/connlimit"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/httpserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/outbound"
	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/app/calls"
	"github.com/couponlink/couponlink/services/tracking/internal/app/clicks"
	"github.com/couponlink/couponlink/services/tracking/internal/app/conversions"
	"github.com/couponlink/couponlink/services/tracking/internal/app/delivery"
	"github.com/couponlink/couponlink/services/tracking/internal/app/erasure"
	"github.com/couponlink/couponlink/services/tracking/internal/app/linkscan"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reporting"
	"github.com/couponlink/couponlink/services/tracking/internal/app/reservations"
	"github.com/couponlink/couponlink/services/tracking/internal/app/review"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/robots"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/grpcapi"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/partnerhttp"
	"github.com/couponlink/couponlink/services/tracking/internal/presets"
	"github.com/couponlink/couponlink/services/tracking/internal/scan"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// DatabaseFile is the name of the service's database in its directory, with SQLite.
const DatabaseFile = sqlitestore.FileName

// closeGrace is how long Close waits for work that did not end in time.
const closeGrace = 2 * time.Second

// store is everything that the use cases need of a store.
type store interface {
	clicks.Store
	attribution.Store
	conversions.Store
	delivery.Store
	reporting.Store
	reservations.Store
	calls.Store
	linkscan.Store
	couponclient.AnswerStore
	erasure.Store

	// Ping says whether the store can be reached.
	Ping(ctx context.Context) error
	// Close waits for writes under way and releases what the store holds.
	Close() error
}

// Service is the tracking service on its store.
type Service struct {
	store store
	use   grpcapi.UseCases
	about grpcapi.About
	ready *readiness.Probe
	// robots recognizes robots by their User-Agents.
	robots *robots.List
	// most bounds the clicks and postbacks in flight.
	most admission.Partner
	log  *slog.Logger
	// endWork stops what works in the background, and work waits for it.
	endWork context.CancelFunc
	work    sync.WaitGroup
}

// Options configure a Service.
type Options struct {
	Database settings.Database
	// MongoDB are options for a database on MongoDB.
	MongoDB []mongodb.Option
	// Coupon is a connection to the coupon service that carries the admin key. The coupon service need
	// not be there yet.
	Coupon grpc.ClientConnInterface
	// AskTimeout is how long the coupon service may take to answer; 0: couponclient.DefaultAskTimeout.
	AskTimeout time.Duration
	// PublicURL is what tracking links begin with.
	PublicURL string
	// Pages is the path of shop pages at the public URL, which scans call; "" for none.
	Pages string
	Settings
	Log *slog.Logger
}

// Settings are those of the service that an operator may change.
type Settings struct {
	settings.TimeZone
	settings.Retention
	settings.ClickAddresses
	settings.AllowedPrivateHosts
	admission.Partner
}

// New opens the store, brings it up to date, and returns the service on it, which sends deliveries from
// then on. Close the service when nothing calls it any more.
func New(ctx context.Context, o Options) (*Service, error) {
	zone, zoneErr := o.Zone()
	postbacks, retentionErr := o.Retention.Postbacks()
	clicksKept, clicksErr := o.Retention.Clicks()
	allowed, allowedErr := o.AllowedHosts()
	_, addressesErr := o.Addresses()
	if err := errors.Join(zoneErr, retentionErr, clicksErr, allowedErr, addressesErr); err != nil {
		return nil, err
	}
	presets, err := presets.Load()
	if err != nil {
		return nil, err
	}
	known, err := robots.Load()
	if err != nil {
		return nil, err
	}
	store, err := open(ctx, o, postbacks, clicksKept, rollup.NewCalendar(zone))
	if err != nil {
		return nil, fmt.Errorf("opening the tracking service's store: %w", err)
	}
	coupons := couponclient.New(grpcdial.Bounded(o.Coupon), time.Now, cmp.Or(o.AskTimeout, couponclient.DefaultAskTimeout))
	if err := coupons.Recall(ctx, store); err != nil {
		o.Log.WarnContext(ctx, "some of the coupon service's latest answers are lost", slog.Any("error", err))
	}
	client := outbound.NewClient(allowed)
	sender := delivery.NewSender(delivery.SenderConfig{
		Store: store, Publishers: coupons, Client: client, Now: time.Now, Random: rand.Float64, Log: o.Log,
	})
	about := grpcapi.About{
		Version: command.Version(), Store: o.Database.String(), PublicURL: o.PublicURL, AllowedPrivateHosts: allowed.Entries(), TimeZone: zone.String(),
	}
	s := &Service{store: store, about: about, ready: readinessOf(o, store), robots: known, most: o.Partner, log: o.Log}
	s.use = useCases(o, zone, store, coupons, presets, sender, scan.New(scan.Config{Client: client, Now: time.Now}))
	scans := linkscan.NewRunner(linkscan.RunnerConfig{Store: store, Links: coupons, Scanner: s.use.Scanner, PublicURL: o.PublicURL, Now: time.Now, Log: o.Log})
	s.use.OfferScans = linkscan.New(linkscan.Config{Store: store, Offers: coupons, Now: time.Now, Wake: scans.Wake})
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	s.endWork = end
	s.work.Go(func() { _ = sender.Run(working) }) // returns nil
	s.work.Go(func() {
		s.use.Reporting.KeepCounting(working, func(err error) {
			o.Log.ErrorContext(working, "counting for the summaries failed; it is tried again", slog.Any("error", err))
		})
	})
	s.work.Go(func() {
		s.use.Attribution.KeepJudging(working, func(err error) {
			o.Log.ErrorContext(working, "judging waiting reports failed; trying again", slog.Any("error", err))
		})
	})
	s.work.Go(func() {
		coupons.Watch(working, time.After, func(isHung bool) {
			if isHung {
				o.Log.WarnContext(working, "the coupon service does not answer; serving what is in memory")
				return
			}
			o.Log.InfoContext(working, "the coupon service answers again")
		})
	})
	s.work.Go(func() {
		coupons.Keep(working, store, time.After, func(err error) {
			o.Log.ErrorContext(context.WithoutCancel(working), "storing the coupon service's answers failed; trying again", slog.Any("error", err))
		})
	})
	s.work.Go(func() {
		coupons.TellTokenUses(working, func(err error) {
			o.Log.WarnContext(working, "telling the coupon service of a postback token's use failed", slog.Any("error", err))
		})
	})
	s.work.Go(func() { scans.Run(working) })
	return s, nil
}

// useCases returns the use cases but for scans of offers.
func useCases(
	o Options, zone *time.Location, store store, coupons *couponclient.Client, presets presets.Presets, sender *delivery.Sender, follower linkscan.Follower,
) (use grpcapi.UseCases) {
	use.Calls = calls.New(store, time.Now)
	use.Clicks = clicks.New(clicks.Config{Store: store, Catalog: coupons, Now: time.Now, PublicURL: o.PublicURL, Addresses: clicks.Addresses(o.ClickAddresses.ClickAddresses)})
	use.Attribution = attribution.New(attribution.Config{
		Store: store, Catalog: coupons, CatalogSince: func(t time.Time) attribution.CouponClient { return coupons.Since(t) },
		Now: time.Now, After: time.After, Zone: zone, Presets: presets, Wake: sender.Wake,
	})
	use.Conversions = conversions.New(conversions.Config{Store: store, Now: time.Now, After: time.After, Zone: zone})
	use.Review = review.New(use.Attribution, use.Conversions, coupons)
	use.Reporting = reporting.New(reporting.Config{Store: store, Now: time.Now, After: time.After, Zone: zone})
	use.Reservations = reservations.New(reservations.Config{Store: store, Catalog: coupons, Now: time.Now, Zone: zone})
	use.Erasure = erasure.New(store, time.Now, o.Log)
	use.Deliveries = delivery.New(delivery.Config{Store: store, Publishers: coupons, Sender: sender, Now: time.Now, Zone: zone, Wake: sender.Wake})
	use.Scanner = linkscan.NewScanner(linkscan.ScannerConfig{
		Clicks: use.Clicks, Attribution: use.Attribution, Follower: follower, Now: time.Now, PublicURL: o.PublicURL, Pages: o.Pages,
	})
	return use
}

func open(ctx context.Context, o Options, postbacks, clicks time.Duration, calendar rollup.Calendar) (store, error) {
	database := o.Database
	if database.MongoDBURI == "" {
		return sqlitestore.Open(ctx, database.SQLiteDir, sqlitestore.Options{Retention: postbacks, ClickRetention: clicks, Calendar: calendar, Now: time.Now, Exclusive: database.SQLiteExclusive, Log: o.Log})
	}
	return mongostore.Open(ctx, database.MongoDBURI, mongostore.Options{Retention: postbacks, ClickRetention: clicks, Calendar: calendar, Now: time.Now},
		append([]mongodb.Option{mongodb.WithLog(o.Log)}, o.MongoDB...)...)
}

// Register adds the gRPC services to a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	grpcapi.Register(registrar, s.use, s.about)
}

// PartnerHandler serves /click, /c/, /postback and /postback/.
func (s *Service) PartnerHandler() http.Handler { return s.partnerHandler() }

func (s *Service) partnerHandler() *http.ServeMux {
	return partnerhttp.NewHandler(partnerhttp.UseCases{Clicks: s.use.Clicks, Attribution: s.use.Attribution}, s.robots, s.most, s.log)
}

// PartnerStandIn serves the paths of PartnerHandler while there is no Service, because its database is not there: shoppers
// get a page, and postbacks are refused. Both are told to come again.
func PartnerStandIn() *http.ServeMux { return partnerhttp.NewStandIn() }

// PartnerHandlerAt is PartnerHandler with the clock fixed at a time, for sample data.
func (s *Service) PartnerHandlerAt(moment time.Time) http.Handler {
	use := partnerhttp.UseCases{Clicks: s.use.Clicks.At(moment), Attribution: s.use.Attribution.At(moment)}
	return partnerhttp.NewHandler(use, s.robots, admission.Partner{}, s.log)
}

// Readiness says whether the service can do its work. It can do without the coupon service for a while.
func (s *Service) Readiness() *readiness.Probe { return s.ready }

// HTTPHandler serves what PartnerHandler does, and health: it is for the service alone.
func (s *Service) HTTPHandler() http.Handler {
	mux := s.partnerHandler()
	mux.HandleFunc("GET /livez", readiness.Live)
	mux.HandleFunc("GET /healthz", readiness.Live)
	mux.Handle("GET /readyz", s.ready)
	return mux
}

// readinessOf returns what the service depends on.
func readinessOf(o Options, store store) *readiness.Probe {
	health := healthpb.NewHealthClient(o.Coupon)
	dependencies := append(o.Database.Dependencies(store.Ping), readiness.Dependency{
		Name: "coupon service", Optional: true, Look: func(ctx context.Context) error {
			answer, err := health.Check(ctx, &healthpb.HealthCheckRequest{})
			switch {
			case err != nil:
				return apperr.New(apperr.Unavailable, "COUPON_SERVICE_AWAY", "it cannot be reached").Because(err)
			case answer.GetStatus() != healthpb.HealthCheckResponse_SERVING:
				return apperr.New(apperr.Unavailable, "COUPON_SERVICE_AWAY", "it does not serve")
			}
			return nil
		},
	})
	return readiness.New(o.Log, readiness.Interval, dependencies...)
}

// EndWork ends the streams that would not end by themselves and the work in the background, and waits for it
// until ctx ends.
func (s *Service) EndWork(ctx context.Context) {
	s.use.Conversions.StopWatches()
	s.endWork()
	ended := make(chan struct{})
	go func() {
		s.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// Close stops the background work, waits a moment for it and for writes under way, and closes the store.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	s.EndWork(ctx)
	return s.store.Close()
}

// Config configures the service when it runs alone.
type Config struct {
	GRPCAddr        string `env:"COUPONLINK_TRACKING_GRPC_ADDR" name:"tracking-grpc-addr" default:"127.0.0.1:9002" placeholder:"ADDR" help:"Address to serve gRPC on (${default})."`
	PartnerHTTPAddr string `env:"COUPONLINK_TRACKING_HTTP_ADDR" name:"tracking-http-addr" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Address to serve clicks and postbacks on; the gateway passes them on to it (${default})."`
	CouponGRPCAddr  string `env:"COUPONLINK_COUPON_GRPC_ADDR" name:"coupon-grpc-addr" default:"127.0.0.1:9001" placeholder:"ADDR" help:"Address of the coupon service's gRPC (${default})."`
	HTTPAddr        string `env:"COUPONLINK_HTTP_ADDR" name:"http-addr" default:"127.0.0.1:8080" placeholder:"ADDR" help:"The gateway's HTTP address, for tracking links where no public URL is given (${default})."`
	settings.PublicURL
	settings.Docs
	settings.Storage
	settings.AdminKey
	settings.Stop
	settings.Backups
	settings.TrustedProxies
	Settings
	admission.Calls
	connlimit.Bounds

	// Started, if set, is called with the real addresses once calls are taken.
	Started func(grpcAddr, partnerHTTPAddr string) `kong:"-"`
}

// Run serves the tracking service until ctx ends, then finishes what is under way and closes the
// store.
func Run(ctx context.Context, cfg Config, log *slog.Logger) (err error) {
	key, keyErr := cfg.Required()
	database, databaseErr := cfg.Database()
	publicURL, urlErr := cfg.PublicURL.Or(cfg.HTTPAddr)
	docs, docsErr := cfg.Docs.Or(publicURL)
	proxies, proxiesErr := cfg.Proxies()
	stop, stopErr := cfg.Stop.Of(false)
	if err := errors.Join(keyErr, databaseErr, urlErr, docsErr, proxiesErr, stopErr); err != nil {
		return err
	}
	listeners, err := lifecycle.Listen(ctx, cfg.GRPCAddr, cfg.PartnerHTTPAddr)
	if err != nil {
		return err
	}
	defer lifecycle.CloseAll(listeners)
	coupon, err := grpcdial.Dial(cfg.CouponGRPCAddr)
	if err != nil {
		return err
	}
	defer func() { _ = coupon.Close() }()
	standIns := []lifecycle.Part{
		{Name: "gRPC", Server: grpcserve.StandIn(), Listener: listeners[0]}, {Name: "HTTP", Server: httpserve.StandIn(PartnerStandIn(), log), Listener: listeners[1]},
	}
	service, err := lifecycle.Await(ctx, log, standIns, mongodb.IsAway, func(ctx context.Context) (*Service, error) {
		return New(ctx, Options{Database: database, Coupon: grpcdial.WithKey(coupon, key), PublicURL: publicURL, Settings: cfg.Settings, Log: log})
	})
	if err != nil {
		return err
	}
	defer command.Close(&err, "the store", service)
	stop.Work = service.EndWork
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Keys: authn.Remote(grpcdial.WithKey(coupon, key)), Readiness: service.Readiness(), DocsURL: docs, Most: cfg.Calls, Log: log})
	service.Register(server)
	backup.NewServer(backup.Job{Sources: service.Sources(), Version: command.Version()}, cfg.Folder(database), Databases()).Register(server)
	grpcAddr, httpAddr := listeners[0].Addr().String(), listeners[1].Addr().String()
	log.InfoContext(ctx, "serving", slog.String("grpc", grpcAddr), slog.String("http", httpAddr), slog.String("database", database.String()))
	if cfg.Started != nil {
		cfg.Started(grpcAddr, httpAddr)
	}
	return lifecycle.Run(ctx, stop,
		lifecycle.Part{Name: "gRPC", Server: server, Listener: cfg.Bounds.GRPC(listeners[0])},
		lifecycle.Part{Name: "HTTP", Server: httpserve.New(proxies.Handler(service.HTTPHandler()), log), Listener: cfg.Bounds.HTTP(listeners[1])})
}

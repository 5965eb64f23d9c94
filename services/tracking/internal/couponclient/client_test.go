package couponclient_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/deliveryurl"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/tracking/internal/couponclient"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// couponService is a coupon service of one coupon, which can be made to fail and to wait.
type couponService struct {
	couponv1.UnimplementedLookupServiceServer
	asked atomic.Int64
	code  atomic.Value // what LookupCode answers with; nil: nothing
	fails atomic.Bool
	hangs atomic.Bool   // LookupCode waits until its caller has gone
	token atomic.Value  // the offer's postback token
	hold  chan struct{} // where set, LookupOffer waits for it
}

func (s *couponService) LookupCode(ctx context.Context, _ *couponv1.LookupCodeRequest) (*couponv1.LookupCodeResponse, error) {
	s.asked.Add(1)
	if s.hangs.Load() {
		<-ctx.Done()
	}
	if s.fails.Load() {
		return nil, status.Error(codes.Unavailable, "down")
	}
	code, _ := s.code.Load().(string)
	if code == "" {
		return &couponv1.LookupCodeResponse{}, nil
	}
	return &couponv1.LookupCodeResponse{Candidates: []*couponv1.Candidate{{Coupon: &couponv1.Coupon{Code: code, Offer: "offers/10", Publisher: "publishers/22"}}}}, nil
}

func (s *couponService) LookupOffer(_ context.Context, req *couponv1.LookupOfferRequest) (*couponv1.LookupOfferResponse, error) {
	s.asked.Add(1)
	if s.hold != nil {
		<-s.hold
	}
	if req.GetOffer() != "offers/10" {
		return nil, status.Error(codes.NotFound, "no such offer")
	}
	token, _ := s.token.Load().(string)
	return &couponv1.LookupOfferResponse{Offer: &couponv1.Offer{Name: "offers/10", LandingPageUrl: "https://shop.example.com/", PostbackToken: token}}, nil
}

// clock is a time that a test moves.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func start(t *testing.T, service couponv1.LookupServiceServer) (*couponclient.Client, *clock) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	couponv1.RegisterLookupServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &clock{}
	c.nanos.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixNano())
	return couponclient.New(conn, c.now, couponclient.DefaultAskTimeout), c
}

// codeOf returns what the catalog says of the code.
func codeOf(t *testing.T, c *couponclient.Client) string {
	t.Helper()
	coupons, err := c.Coupons(t.Context(), "10", "salexyz20")
	if err != nil {
		t.Fatal(err)
	}
	if len(coupons) == 0 {
		return ""
	}
	return coupons[0].Code
}

func TestAnswersAreHeldForTwoSeconds(t *testing.T) {
	service := &couponService{}
	service.code.Store("first")
	c, clock := start(t, service)
	for range 10 {
		if got := codeOf(t, c); got != "first" {
			t.Fatalf("got %q", got)
		}
	}
	if n := service.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	service.code.Store("second")
	clock.advance(2 * time.Second)
	if got := codeOf(t, c); got != "second" {
		t.Errorf("after 2 s: got %q, want what the coupon service says now", got)
	}
}

func TestWhatIsAskedOftenIsRefreshedBeforeItIsStale(t *testing.T) {
	service := &couponService{}
	service.code.Store("first")
	c, clock := start(t, service)
	codeOf(t, c)
	service.code.Store("second")
	clock.advance(1500 * time.Millisecond)
	if got := codeOf(t, c); got != "first" {
		t.Errorf("a fresh answer waited for the coupon service: got %q", got)
	}
	deadline := time.Now().Add(5 * time.Second)
	for codeOf(t, c) != "second" {
		if time.Now().After(deadline) {
			t.Fatal("no refresh in the background")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWhatIsMissingIsAskedAgain(t *testing.T) {
	service := &couponService{}
	c, _ := start(t, service)
	if got := codeOf(t, c); got != "" {
		t.Fatalf("got %q", got)
	}
	service.code.Store("created")
	if got := codeOf(t, c); got != "created" {
		t.Errorf("a coupon created a moment ago: got %q", got)
	}
}

func TestStaleAnswersServeWhileTheCouponServiceIsDown(t *testing.T) {
	service := &couponService{}
	service.code.Store("held")
	c, clock := start(t, service)
	codeOf(t, c)
	service.fails.Store(true)
	clock.advance(time.Hour - time.Second)
	if got := codeOf(t, c); got != "held" {
		t.Errorf("got %q", got)
	}
	asked := service.asked.Load()
	if got := codeOf(t, c); got != "held" || service.asked.Load() != asked {
		t.Errorf("got %q, asked %d times more: nobody shall wait right after a failure", got, service.asked.Load()-asked)
	}
	clock.advance(2 * time.Second)
	if _, err := c.Coupons(t.Context(), "10", "SALEXYZ20"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("after an hour: got error %v, want Unavailable", err)
	}
	if _, err := c.Coupons(t.Context(), "10", "OTHER"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("never asked before: got error %v, want Unavailable", err)
	}
	service.fails.Store(false)
	service.code.Store("back")
	if got := codeOf(t, c); got != "back" {
		t.Errorf("once it is back: got %q", got)
	}
}

// TestWhatIsAskedAsOfNow checks that an earlier answer is not served, not even while the coupon service is
// down, and that a later one is.
func TestWhatIsAskedAsOfNow(t *testing.T) {
	service := &couponService{}
	service.code.Store("before")
	c, clock := start(t, service)
	codeOf(t, c)
	service.code.Store("mended")
	clock.advance(time.Millisecond)
	latest := c.Since(clock.now())
	for range 3 {
		if coupons, err := latest.Coupons(t.Context(), "10", "SALEXYZ20"); err != nil || len(coupons) != 1 || coupons[0].Code != "mended" {
			t.Errorf("got %v, %v", coupons, err)
		}
	}
	if n := service.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want once before and once since", n)
	}
	if got := codeOf(t, c); got != "mended" {
		t.Errorf("who asks afterwards gets %q from memory", got)
	}
	service.fails.Store(true)
	clock.advance(time.Millisecond)
	if _, err := c.Since(clock.now()).Coupons(t.Context(), "10", "SALEXYZ20"); !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("while it is down: %v, want Unavailable", err)
	}
	if got := codeOf(t, c); got != "mended" {
		t.Errorf("who asks otherwise gets %q", got)
	}
}

func TestOneQuestionInFlightPerKey(t *testing.T) {
	service := &couponService{hold: make(chan struct{})}
	c, _ := start(t, service)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if o, err := c.Offer(t.Context(), "10"); err != nil || o.ID != "10" {
				t.Errorf("got %+v, %v", o, err)
			}
		})
	}
	for service.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // the others join
	close(service.hold)
	wg.Wait()
	if n := service.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}

func TestUnknownOffer(t *testing.T) {
	c, _ := start(t, &couponService{})
	if _, err := c.Offer(t.Context(), "11"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := c.Offer(t.Context(), "../10"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// program is a coupon service that has every setting.
type program struct {
	couponv1.UnimplementedLookupServiceServer
}

func (program) LookupOffer(context.Context, *couponv1.LookupOfferRequest) (*couponv1.LookupOfferResponse, error) {
	return &couponv1.LookupOfferResponse{
		Offer: &couponv1.Offer{
			Name: "offers/10", LandingPageUrl: "https://shop.example.com/", PostbackAuth: couponv1.Offer_HMAC, PostbackToken: "t", PostbackSecret: "s",
			PreviousCredentialsExpireTime: timestamppb.New(expire), Revenue: percentPayout(), Etag: "e",
			OpenPostbackMaxAmount: &couponv1.Money{CurrencyCode: "EUR", Units: 500, Nanos: 1},
		},
		PreviousPostbackToken: "pt", PreviousPostbackSecret: "ps",
	}, nil
}

func (program) LookupCode(_ context.Context, req *couponv1.LookupCodeRequest) (*couponv1.LookupCodeResponse, error) {
	coupon := &couponv1.Coupon{Code: req.GetCode(), Offer: "offers/10", Publisher: "publishers/22", Etag: "c"}
	candidate := &couponv1.Candidate{Coupon: coupon, ApprovalPayout: percentPayout()}
	if req.GetCode() == "OWN" {
		coupon.UsageLimit, coupon.DailyUsageLimit = 100, 5
		candidate.DeliveryStatuses = []couponv1.DeliverySettings_Status{couponv1.DeliverySettings_APPROVED, couponv1.DeliverySettings_REJECTED}
		coupon.Settings = &couponv1.CouponSettings{
			Precedence: couponv1.Offer_CLICK_FIRST.Enum(), ClickWindow: durationpb.New(time.Hour), CouponGrace: durationpb.New(0),
			DefaultConversionStatus: couponv1.Offer_APPROVED.Enum(), FallbackUrl: "https://shop.example.com/own",
		}
	}
	return &couponv1.LookupCodeResponse{Candidates: []*couponv1.Candidate{candidate}}, nil
}

func (program) LookupStanding(context.Context, *couponv1.LookupStandingRequest) (*couponv1.LookupStandingResponse, error) {
	return &couponv1.LookupStandingResponse{
		PublisherState: couponv1.Publisher_ACTIVE, ApprovalState: couponv1.Approval_APPROVED, ApprovalPayout: percentPayout(),
		DeliveryStatuses: []couponv1.DeliverySettings_Status{couponv1.DeliverySettings_PENDING},
	}, nil
}

func (program) LookupPublisher(_ context.Context, req *couponv1.LookupPublisherRequest) (*couponv1.LookupPublisherResponse, error) {
	switch req.GetPublisher() {
	case "publishers/22":
		return &couponv1.LookupPublisherResponse{
			Publisher: &couponv1.Publisher{
				Name: "publishers/22", State: couponv1.Publisher_ACTIVE, PostbackUrl: "https://track.example.com/pb?c={pub_click_id}",
				Delivery: &couponv1.DeliverySettings{
					Method: couponv1.DeliverySettings_POST, OnlyWithClick: true, PayloadVersion: couponv1.DeliverySettings_V2,
					Statuses: []couponv1.DeliverySettings_Status{couponv1.DeliverySettings_APPROVED, couponv1.DeliverySettings_REJECTED},
				},
				DeliverySecret: "s", PreviousDeliverySecretExpireTime: timestamppb.New(expire),
			},
			PreviousDeliverySecret: "ps",
		}, nil
	case "publishers/23":
		return &couponv1.LookupPublisherResponse{Publisher: &couponv1.Publisher{
			Name: "publishers/23", State: couponv1.Publisher_ARCHIVED, Delivery: &couponv1.DeliverySettings{Method: couponv1.DeliverySettings_GET},
			DeliverySecret: "s",
		}}, nil
	case "publishers/24":
		return &couponv1.LookupPublisherResponse{Publisher: &couponv1.Publisher{Name: "publishers/24", PostbackUrl: "https://{host}/"}}, nil
	default:
		return nil, status.Error(codes.NotFound, "no such publisher")
	}
}

var expire = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

// percentPayout is 7.5 percent, up to 10 USD.
func percentPayout() *couponv1.Payout {
	return &couponv1.Payout{Kind: &couponv1.Payout_Percent{Percent: "7.5"}, Cap: &couponv1.Money{CurrencyCode: "USD", Units: 10}}
}

func TestSettingsAreRead(t *testing.T) {
	c, _ := start(t, program{})
	payout := money.Payout{Kind: money.Percent, Percent: 75_000, Cap: money.Money{Currency: "USD", Units: 10}}
	offer, err := c.Offer(t.Context(), "10")
	credentials := domain.Credentials{Token: "t", Secret: "s", PreviousToken: "pt", PreviousSecret: "ps", PreviousExpireTime: expire}
	if err != nil || offer.Auth != domain.AuthHMAC || !reflect.DeepEqual(offer.Credentials, credentials) || offer.Revenue != payout || offer.ETag != "e" ||
		offer.OpenPostbackMaxAmount != (money.Money{Currency: "EUR", Units: 500, Nanos: 1}) {
		t.Errorf("the offer is %+v, %v", offer, err)
	}
	standing, err := c.Standing(t.Context(), "10", "22")
	if err != nil || !standing.Approved || standing.Payout != payout || !slices.Equal(standing.Deliver, []domain.Status{domain.StatusPending}) {
		t.Errorf("the standing is %+v, %v", standing, err)
	}
	own, err := c.Coupons(t.Context(), "10", "OWN")
	if err != nil || len(own) != 1 || own[0].ApprovalPayout != payout {
		t.Fatalf("the coupons are %+v, %v", own, err)
	}
	s := own[0].Settings
	if s.Precedence != domain.ClickFirst || s.ClickWindow != time.Hour || s.CouponGrace == nil || *s.CouponGrace != 0 ||
		s.StartStatus != domain.StatusApproved || s.Fallback == nil {
		t.Errorf("the settings are %+v", s)
	}
	if own[0].Limits != (domain.Limits{Total: 100, Daily: 5}) || own[0].ETag != "c" ||
		!slices.Equal(own[0].Deliver, []domain.Status{domain.StatusApproved, domain.StatusRejected}) {
		t.Errorf("the coupon is %+v", own[0])
	}
	none, err := c.Coupons(t.Context(), "10", "NONE")
	if err != nil || len(none) != 1 || none[0].Settings != (domain.CouponSettings{}) || none[0].Limits.Limited() || none[0].Deliver != nil {
		t.Errorf("the settings of a coupon that has none are %+v, %v", none, err)
	}
}

func TestPublishersAreRead(t *testing.T) {
	c, _ := start(t, program{})
	p, err := c.Publisher(t.Context(), "22")
	if err != nil || p.ID != "22" || !p.Active || p.Method != domain.DeliverByPost || !p.OnlyWithClick || p.Payload != domain.PayloadV2 ||
		!slices.Equal(p.Statuses, []domain.Status{domain.StatusApproved, domain.StatusRejected}) {
		t.Errorf("the publisher is %+v, %v", p, err)
	}
	if p.PostbackURL == nil || p.PostbackURL.Expand(deliveryurl.Macros{PubClickID: "a b"}) != "https://track.example.com/pb?c=a%20b" {
		t.Errorf("the postback URL is %+v", p.PostbackURL)
	}
	if before, after := p.Secrets(expire.Add(-1)), p.Secrets(expire); !slices.Equal(before, []string{"s", "ps"}) || !slices.Equal(after, []string{"s"}) {
		t.Errorf("the secrets are %q, and after the overlap %q", before, after)
	}
	p, err = c.Publisher(t.Context(), "23")
	if err != nil || p.Active || p.PostbackURL != nil || p.Method != domain.DeliverByGet || p.OnlyWithClick || p.Payload != domain.PayloadV1 || len(p.Statuses) != 3 ||
		!slices.Equal(p.Secrets(expire.Add(-1)), []string{"s"}) {
		t.Errorf("a publisher that has no settings is %+v, %v", p, err)
	}
	if p, err = c.Publisher(t.Context(), "24"); err == nil || errors.Is(err, domain.ErrNotFound) {
		t.Errorf("a URL that nobody can have stored: got %+v, %v", p, err)
	}
	for _, id := range []string{"99", "../22", ""} {
		if _, err := c.Publisher(t.Context(), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%q: got %v, want ErrNotFound", id, err)
		}
	}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

const adminKey = "bench-admin-key-0123456789"

// target is a running couponlink, and the ceilings to compare it with.
type target struct {
	dir              string
	web, rpc         string // couponlink's addresses
	ceilingWeb, echo string
	token            string       // the token of the offer that is loaded
	transactions     atomic.Int64 // the number of postbacks sent: each is a new sale, in every round
	product, ceiling *exec.Cmd
	conn, echoConn   *grpc.ClientConn
	// uri is the URI of the MongoDB server that both use, with the prefix of this run's databases. Both are "" on
	// SQLite.
	uri, prefix string
}

// start builds and starts couponlink and the ceilings, on SQLite or on the MongoDB server of MONGODB_URI. It creates an
// offer with a coupon.
func start(ctx context.Context) (_ *target, err error) {
	dir, err := os.MkdirTemp("", "couponlink-bench")
	if err != nil {
		return nil, err
	}
	t := &target{dir: dir}
	defer func() {
		if err != nil {
			t.stop()
		}
	}()
	if server := os.Getenv(uriVariable); server != "" {
		if t.uri, t.prefix, err = benchURI(server); err != nil {
			return nil, err
		}
	}
	if err := t.startProduct(ctx); err != nil {
		return nil, err
	}
	if err := t.startCeilings(ctx); err != nil {
		return nil, err
	}
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	if t.conn, err = grpc.NewClient(t.rpc, plain); err != nil {
		return nil, err
	}
	if t.echoConn, err = grpc.NewClient(t.echo, plain); err != nil {
		return nil, err
	}
	return t, t.createCoupon(ctx)
}

// startProduct builds couponlink and starts it on free ports.
func (t *target) startProduct(ctx context.Context) error {
	binary := filepath.Join(t.dir, "couponlink")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/couponlink/couponlink/services/couponlink/cmd/couponlink") //nolint:gosec // only the path of the binary varies
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building couponlink: %w", err)
	}
	addrs, err := freeAddrs(ctx, 3)
	if err != nil {
		return err
	}
	t.web, t.rpc = addrs[0], addrs[1]
	t.product = exec.CommandContext(ctx, binary) //nolint:gosec // what was just built
	t.product.Stderr = os.Stderr
	t.product.Env = append(os.Environ(),
		"COUPONLINK_HTTP_ADDR="+addrs[0], "COUPONLINK_COUPON_GRPC_ADDR="+addrs[1], "COUPONLINK_TRACKING_GRPC_ADDR="+addrs[2],
		"COUPONLINK_DATA_DIR="+filepath.Join(t.dir, "data"), "COUPONLINK_ADMIN_KEY="+adminKey, uriVariable+"="+t.uri)
	return t.product.Start()
}

// startCeilings starts this program again as the ceilings.
func (t *target) startCeilings(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	t.ceiling = exec.CommandContext(ctx, self, "ceiling", "-dir", t.dir) //nolint:gosec // this program itself
	t.ceiling.Stderr = os.Stderr
	t.ceiling.Env = append(os.Environ(), uriVariable+"="+t.uri)
	out, err := t.ceiling.StdoutPipe()
	if err != nil {
		return err
	}
	if err := t.ceiling.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("starting the ceilings: %w", err)
	}
	_, err = fmt.Sscan(line, &t.ceilingWeb, &t.echo)
	return err
}

// createCoupon waits until couponlink serves, and creates the offer, publisher and coupon that the load uses.
func (t *target) createCoupon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(withKey(ctx), 30*time.Second)
	defer cancel()
	offer, err := couponv1.NewOfferServiceClient(t.conn).CreateOffer(ctx, &couponv1.CreateOfferRequest{
		OfferId: "10", Offer: &couponv1.Offer{DisplayName: "Shoes", LandingPageUrl: "https://shop.example.com/landing?click={click_id}&code={coupon_code}"},
	}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	t.token = offer.GetPostbackToken()
	if _, err := couponv1.NewPublisherServiceClient(t.conn).CreatePublisher(ctx, &couponv1.CreatePublisherRequest{
		PublisherId: "22", Publisher: &couponv1.Publisher{DisplayName: "Mia"},
	}); err != nil {
		return err
	}
	for _, coupon := range []*couponv1.Coupon{
		{Code: "SALEXYZ20", Publisher: "publishers/22"},
		{Code: "BASKET20", Publisher: "publishers/22", Discount: &couponv1.Discount{Percent: "20", ExcludedIds: []string{"product-0", "gift"}, MaximumDiscount: []*couponv1.Money{{CurrencyCode: "EUR", Units: 500}}}},
	} {
		if _, err := couponv1.NewCouponServiceClient(t.conn).CreateCoupon(ctx, &couponv1.CreateCouponRequest{Parent: "offers/10", Coupon: coupon}); err != nil {
			return err
		}
	}
	return nil
}

func withKey(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+adminKey)
}

// residentMiB returns couponlink's resident memory.
func (t *target) residentMiB() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.product.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
	return kib / 1024, err
}

// stop stops both and removes their data.
func (t *target) stop() {
	for _, cmd := range []*exec.Cmd{t.product, t.ceiling} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
			_ = cmd.Wait()
		}
	}
	for _, conn := range []*grpc.ClientConn{t.conn, t.echoConn} {
		if conn != nil {
			_ = conn.Close()
		}
	}
	_ = os.RemoveAll(t.dir)
	if t.uri == "" {
		return
	}
	if err := dropDatabases(context.Background(), t.uri, t.prefix); err != nil {
		fmt.Fprintf(os.Stderr, "bench: dropping the databases %s_*: %v\n", t.prefix, err)
	}
}

// freeAddrs returns n loopback addresses that are free at the moment.
func freeAddrs(ctx context.Context, n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}

package e2e

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// adminKey is the admin key of the systems under test.
const adminKey = "e2e-admin-key-0123456789"

// system is the product running in one of its forms.
type system struct {
	// base is the HTTP origin, http://127.0.0.1:PORT.
	base string
	// addrs are the addresses of HTTP and of the gRPC of coupon and tracking.
	addrs []string
	// partnerAddr is where the tracking service takes clicks and postbacks itself; "" in one process.
	partnerAddr      string
	coupon, tracking grpc.ClientConnInterface
	client           *http.Client
	key              string
}

// newSystem connects to the product at its addresses.
func newSystem(t testing.TB, httpAddr, couponAddr, trackingAddr string) *system {
	t.Helper()
	transport := &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &system{
		base: "http://" + httpAddr, key: adminKey, addrs: []string{httpAddr, couponAddr, trackingAddr},
		coupon: dial(t, couponAddr), tracking: dial(t, trackingAddr),
		client: &http.Client{
			Transport:     transport,
			Timeout:       30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func dial(t testing.TB, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// startTogether starts the product in one process, with its data in a directory, and with more environment variables.
func startTogether(t testing.TB, dataDir string, more map[string]string) (*system, *process) {
	t.Helper()
	return startAt(t, freeAddrs(t, 3), dataDir, more)
}

// startAt is startTogether at given addresses: HTTP, gRPC of coupon and of tracking.
func startAt(t testing.TB, addrs []string, dataDir string, more map[string]string) (*system, *process) {
	t.Helper()
	return startTogetherIn(t, nil, addrs, dataDir, more)
}

// startTogetherIn is startAt through another command.
func startTogetherIn(t testing.TB, wrapper, addrs []string, dataDir string, more map[string]string) (*system, *process) {
	t.Helper()
	env := map[string]string{
		"COUPONLINK_HTTP_ADDR":          addrs[0],
		"COUPONLINK_COUPON_GRPC_ADDR":   addrs[1],
		"COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
		"COUPONLINK_DATA_DIR":           dataDir,
		"COUPONLINK_ADMIN_KEY":          adminKey,
	}
	maps.Copy(env, more)
	p := startWrapped(t, wrapper, "couponlink", env)
	s := newSystem(t, addrs[0], addrs[1], addrs[2])
	awaitReady(t, s.base, p)
	return s, p
}

// startApart starts the three separate programs, each with its own data directory. It returns the processes of coupon,
// tracking and gateway.
func startApart(t testing.TB, more map[string]string) (*system, []*process) {
	t.Helper()
	addrs := freeAddrs(t, 4)
	var processes []*process
	for _, name := range []string{"coupon", "tracking", "gateway"} {
		env := map[string]string{
			"COUPONLINK_HTTP_ADDR":          addrs[0],
			"COUPONLINK_COUPON_GRPC_ADDR":   addrs[1],
			"COUPONLINK_TRACKING_GRPC_ADDR": addrs[2],
			"COUPONLINK_TRACKING_HTTP_ADDR": addrs[3],
			"COUPONLINK_ADMIN_KEY":          adminKey,
			"COUPONLINK_PUBLIC_URL":         "http://" + addrs[0],
		}
		if name != "gateway" {
			env["COUPONLINK_DATABASE_URL"] = "sqlite:" + t.TempDir()
		}
		maps.Copy(env, more)
		processes = append(processes, startProcess(t, name, env))
	}
	s := newSystem(t, addrs[0], addrs[1], addrs[2])
	s.partnerAddr = addrs[3]
	awaitReady(t, s.base, processes...)
	return s, processes
}

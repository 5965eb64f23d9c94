package e2e

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
)

// TestBoundsOfPartners sets the bounds of clicks and postbacks by the environment, and exceeds them.
func TestBoundsOfPartners(t *testing.T) {
	t.Parallel()
	s, _ := startTogether(t, t.TempDir(), map[string]string{"COUPONLINK_MAX_POSTBACKS": "1", "COUPONLINK_OPEN_POSTBACKS_PER_ADDRESS": "1"})
	p := player{system: s, transport: "rest", suite: loadSuite(t)}
	v := p.prepare(t, []step{{Use: "campaign", But: map[string]any{"offer": map[string]any{"postbackAuth": "OPEN"}}}})
	sale := step{HTTP: "GET /postback?coupon_code=${code}&test=1"}
	await := func(want int) {
		t.Helper()
		last := 0
		for start := time.Now(); time.Since(start) < startPatience; time.Sleep(5 * time.Millisecond) {
			a, err := p.http(t.Context(), sale, v)
			if err != nil {
				t.Fatal(err)
			}
			if last = a.httpStatus; last == want {
				if a.header.Get("Retry-After") == "" {
					t.Errorf("a refusal with %d has no Retry-After", want)
				}
				return
			}
		}
		t.Errorf("the last of many postbacks got %d, want %d", last, want)
	}
	crowd, disperse := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for crowd.Err() == nil {
				_, _ = p.http(crowd, sale, v) // only await's own calls are judged
			}
		})
	}
	await(http.StatusServiceUnavailable)
	disperse()
	callers.Wait()
	await(http.StatusTooManyRequests)
}

// TestBoundsOfCalls sets the bound of watches of a service by the environment, and exceeds it.
func TestBoundsOfCalls(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(addrs []string, bound map[string]string){
		"couponlink": func(addrs []string, bound map[string]string) { startAt(t, addrs, t.TempDir(), bound) },
		"tracking": func(addrs []string, bound map[string]string) {
			bound["COUPONLINK_COUPON_GRPC_ADDR"], bound["COUPONLINK_TRACKING_GRPC_ADDR"], bound["COUPONLINK_TRACKING_HTTP_ADDR"] = addrs[1], addrs[2], addrs[0]
			bound["COUPONLINK_ADMIN_KEY"], bound["COUPONLINK_DATA_DIR"] = adminKey, t.TempDir()
			awaitReady(t, "http://"+addrs[0], startProcess(t, "tracking", bound))
		},
	} {
		addrs := freeAddrs(t, 3)
		start(addrs, map[string]string{"COUPONLINK_MAX_WATCHES": "1"})
		client := newTyped(t, addrs)
		watch := func() error {
			stream, err := client.conversions.WatchConversions(t.Context(), &trackingv1.WatchConversionsRequest{})
			if err == nil {
				_, err = stream.Recv() // the first answer comes at once: it has a token only
			}
			return err
		}
		if err := watch(); err != nil {
			t.Errorf("%s: the first watch ended with %v", name, err)
		}
		if err := watch(); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: the second watch of one at most ended with %v", name, err)
		}
	}
}

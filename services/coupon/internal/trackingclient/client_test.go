package trackingclient_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/coupon/internal/trackingclient"
)

// tracking is a connection to a tracking service that answers what it is told to.
type tracking struct {
	reached, hangs atomic.Bool
	fails          atomic.Bool
	calls          atomic.Int64
	asked          atomic.Pointer[trackingv1.CheckLimitsRequest]
}

func (c *tracking) Invoke(ctx context.Context, _ string, req, resp any, _ ...grpc.CallOption) error {
	c.calls.Add(1)
	c.asked.Store(req.(*trackingv1.CheckLimitsRequest)) //nolint:forcetypeassert // the only one
	if c.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if c.fails.Load() {
		return errors.New("away")
	}
	resp.(*trackingv1.CheckLimitsResponse).Reached = c.reached.Load() //nolint:forcetypeassert // the only one
	return nil
}

func (c *tracking) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("there are no streams")
}

func limits() domain.Limits {
	return domain.Limits{Coupon: "offers/10/coupons/22.SALE", Etag: "e1", Total: 5, Daily: 2}
}

func TestReached(t *testing.T) {
	t.Parallel()
	conn := &tracking{}
	c := trackingclient.New(conn, time.Now, slog.New(slog.DiscardHandler))
	for _, want := range []bool{true, false} {
		conn.reached.Store(want)
		if got, err := c.Reached(t.Context(), limits()); got != want || err != nil {
			t.Errorf("reached: %v, %v, want %v", got, err, want)
		}
	}
	want := &trackingv1.CheckLimitsRequest{Coupon: "offers/10/coupons/22.SALE", Etag: "e1", UsageLimit: 5, DailyUsageLimit: 2}
	if got := conn.asked.Load(); !proto.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

// TestAway asks a tracking service that stops answering. Only the first question may take time.
func TestAway(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(*tracking) *atomic.Bool{
		"hangs":   func(c *tracking) *atomic.Bool { return &c.hangs },
		"refuses": func(c *tracking) *atomic.Bool { return &c.fails },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conn := &tracking{}
				c := trackingclient.New(conn, time.Now, slog.New(slog.DiscardHandler))
				broken := breaks(conn)
				broken.Store(true)
				ask := func(isAway bool, most time.Duration, calls int64) {
					t.Helper()
					began := time.Now()
					if _, err := c.Reached(t.Context(), limits()); (err != nil) != isAway {
						t.Errorf("error: %v, want one: %t", err, isAway)
					}
					took := time.Since(began)
					synctest.Wait()
					if got := conn.calls.Load(); took > most || got != calls {
						t.Errorf("it took %s and %d calls, want at most %s and %d", took, got, most, calls)
					}
				}
				ask(true, trackingclient.AskTimeout, 1)
				ask(true, 0, 1)
				time.Sleep(trackingclient.ProbeInterval)
				ask(true, 0, 2) // asked in the background
				ask(true, 0, 2)
				time.Sleep(trackingclient.ProbeInterval)
				broken.Store(false)
				ask(true, 0, 3)
				ask(false, 0, 4)
			})
		})
	}
}

// TestCallerLeaves asks for a caller that leaves. That says nothing about the tracking service.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	conn := &tracking{}
	conn.hangs.Store(true)
	c := trackingclient.New(conn, time.Now, slog.New(slog.DiscardHandler))
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Reached(left, limits()); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	conn.hangs.Store(false)
	if _, err := c.Reached(t.Context(), limits()); err != nil {
		t.Errorf("the next caller gets %v", err)
	}
}

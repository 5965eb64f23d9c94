package grpcdial_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/couponlink/couponlink/services/internal/grpcdial"
)

// noted is a connection that notes the deadline of the last call, and refuses it.
type noted struct {
	has  bool
	left time.Duration
}

var errNoted = errors.New("noted")

func (n *noted) Invoke(ctx context.Context, _ string, _, _ any, _ ...grpc.CallOption) error {
	until, has := ctx.Deadline()
	n.has, n.left = has, time.Until(until)
	return errNoted
}

func (n *noted) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, n.Invoke(ctx, method, nil, nil)
}

// TestEveryCallHasADeadline calls every method of our services without a deadline.
func TestEveryCallHasADeadline(t *testing.T) {
	t.Parallel()
	calls := methods()
	if len(calls) < 50 {
		t.Fatalf("there are only %d methods", len(calls))
	}
	for _, method := range calls {
		name := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
		for _, own := range []time.Duration{0, time.Second} {
			ctx := t.Context()
			if own > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, own)
				defer cancel()
			}
			n := &noted{}
			conn := grpcdial.Bounded(n)
			var err error
			if method.IsStreamingServer() || method.IsStreamingClient() {
				_, err = conn.NewStream(ctx, &grpc.StreamDesc{}, name)
			} else {
				err = conn.Invoke(ctx, name, nil, nil)
			}
			if !errors.Is(err, errNoted) {
				t.Errorf("%s: %v", name, err)
			}
			wanted := own > 0 || method.Name() != "WatchConversions"
			if n.has != wanted {
				t.Errorf("%s has a deadline: %t, want %t", name, n.has, wanted)
			}
			if own > 0 && n.left > own {
				t.Errorf("%s has %s, more than the caller's own %s", name, n.left, own)
			}
		}
	}
}

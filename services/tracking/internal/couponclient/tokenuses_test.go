package couponclient

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// userOf is a coupon service that is told of uses.
type userOf struct {
	couponv1.LookupServiceClient
	told atomic.Int64
	err  error
}

func (u *userOf) NotePostbackTokenUse(
	context.Context, *couponv1.NotePostbackTokenUseRequest, ...grpc.CallOption,
) (*couponv1.NotePostbackTokenUseResponse, error) {
	u.told.Add(1)
	return nil, u.err
}

// TestTokenUses checks that the use of a token is told once a minute, and that uses do not pile up while nobody tells them.
func TestTokenUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &userOf{err: errors.New("away")}
		c := &Client{client: service, uses: newTokenUses(), now: time.Now}
		for i := range 3 * mostUses {
			c.NoteTokenUse(fmt.Sprint(i))
		}
		if n := len(c.uses.waiting); n != mostUses {
			t.Errorf("%d uses wait, want %d", n, mostUses)
		}
		ctx, end := context.WithCancel(t.Context())
		var failed atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.TellTokenUses(ctx, func(error) { failed.Add(1) })
		}()
		synctest.Wait()
		if service.told.Load() != mostUses || failed.Load() != mostUses {
			t.Errorf("told %d uses, %d failed, want %d", service.told.Load(), failed.Load(), mostUses)
		}
		service.told.Store(0)
		for range 100 {
			c.NoteTokenUse("busy")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := service.told.Load(); n != 2 {
			t.Errorf("in 100 seconds told %d uses, want 2", n)
		}
		end()
		<-done
	})
}

package connectapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// stopLook is how often a stream looks whether its server is stopping.
const stopLook = 500 * time.Millisecond

// errStopping ends streams when the server stops.
var errStopping = errors.New("the server is stopping")

type controlKey struct{}

// withControl gives streams control of their response.
func withControl(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), controlKey{}, http.NewResponseController(w))))
	})
}

// live returns a context for a stream, which may live longer than its request may take to arrive, but ends when the
// server stops. Call end once the stream is done.
func live(ctx context.Context) (_ context.Context, end func()) {
	if control, ok := ctx.Value(controlKey{}).(*http.ResponseController); ok {
		_ = control.SetReadDeadline(time.Time{}) // without it the stream ends earlier, and the caller resumes it
	}
	ctx, cancel := context.WithCancelCause(ctx)
	looks := time.NewTicker(stopLook)
	go func() {
		defer looks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-looks.C:
				if readiness.IsStopping(ctx) {
					cancel(errStopping)
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// reasonOf returns why a stream ended: its error, or that the server stops.
func reasonOf(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStopping) {
		return rpcstatus.New(codes.Unavailable, "SERVICE_STOPPING", "the gateway is stopping; call again, a watch with its last resume_token", rpcstatus.Retry()).Err()
	}
	return err
}

package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/internal/grpcserve"
	"github.com/couponlink/couponlink/services/internal/httpserve"
	"github.com/couponlink/couponlink/services/internal/lifecycle"
)

var errAway = errors.New("the database is away")

func isAway(err error) bool { return errors.Is(err, errAway) }

// TestAwait opens a database that comes late. Until then, stand-ins answer callers of both protocols; then the real
// servers get the same listeners.
func TestAwait(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	web, rpc := listen(t), listen(t)
	base := "http://" + web.Addr().String()
	conn, err := grpc.NewClient(rpc.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	standIns := []lifecycle.Part{
		{Name: "HTTP", Server: httpserve.StandIn(http.NewServeMux(), logger), Listener: web},
		{Name: "gRPC", Server: grpcserve.StandIn(), Listener: rpc},
	}
	tries := 0
	got, err := lifecycle.Await(t.Context(), logger, standIns, isAway, func(context.Context) (string, error) {
		tries++
		switch tries {
		case 1:
			return "", errAway
		case 2:
			checkNotReady(t, base, conn)
			return "", errAway
		default:
			return "opened", nil
		}
	})
	if err != nil || got != "opened" {
		t.Fatalf("Await: %q, %v", got, err)
	}
	if n := strings.Count(log.String(), "the database is away"); n != 1 {
		t.Errorf("the log says %d times what is awaited, want once:\n%s", n, log.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() {
		teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		ran <- lifecycle.Run(ctx, lifecycle.Stop{Timeout: time.Minute},
			lifecycle.Part{Name: "HTTP", Server: httpserve.New(teapot, logger), Listener: web},
			lifecycle.Part{Name: "gRPC", Server: grpcserve.New(grpcserve.Config{}), Listener: rpc})
	}()
	if code, _ := get(t, base+"/readyz"); code != http.StatusTeapot {
		t.Errorf("the real server answers %d, want its own answer", code)
	}
	health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("the real server's health: %v, %v", health, err)
	}
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func checkNotReady(t *testing.T, base string, conn *grpc.ClientConn) {
	t.Helper()
	for path, want := range map[string]int{
		"/livez": http.StatusOK, "/healthz": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/v1/offers": http.StatusServiceUnavailable,
	} {
		code, header := get(t, base+path)
		if code != want || (code == http.StatusServiceUnavailable) != (header.Get("Retry-After") != "") {
			t.Errorf("%s while waiting: %d, Retry-After %q, want %d", path, code, header.Get("Retry-After"), want)
		}
	}
	health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("the health while waiting: %v, %v", health, err)
	}
	err = conn.Invoke(t.Context(), "/couponlink.coupon.v1.OfferService/GetOffer", &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckResponse{})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a call while waiting: %v, want UNAVAILABLE", err)
	}
}

func get(t *testing.T, url string) (int, http.Header) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // the URL is the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusTeapot && !json.Valid(body(t, resp)) {
		t.Errorf("%s is not answered in JSON", url)
	}
	return resp.StatusCode, resp.Header
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAwaitEnds checks an open that fails for good, and a process that is stopped.
func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	refusal := errors.New("wrong password")
	_, err := lifecycle.Await(t.Context(), slog.Default(), nil, isAway, func(context.Context) (int, error) { return 0, refusal })
	if !errors.Is(err, refusal) {
		t.Errorf("Await: %v, want open's error", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err = lifecycle.Await(ctx, slog.New(slog.DiscardHandler), nil, isAway, func(context.Context) (int, error) {
		stop()
		return 0, errAway
	})
	if err == nil {
		t.Error("Await returned no error though it was stopped")
	}
}

// TestAwaitOfALongOpening checks that callers are answered while a database is being migrated.
func TestAwaitOfALongOpening(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	web := listen(t)
	standIns := []lifecycle.Part{{Name: "HTTP", Server: httpserve.StandIn(http.NewServeMux(), logger), Listener: web}}
	got, err := lifecycle.Await(t.Context(), logger, standIns, isAway, func(context.Context) (int, error) {
		resp, err := http.Get("http://" + web.Addr().String() + "/readyz") //nolint:noctx // the test ends it
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	})
	if err != nil || got != http.StatusServiceUnavailable {
		t.Errorf("while it opens callers get %d, %v", got, err)
	}
}

package e2e

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// TestMongoDB runs all cases against one process on MongoDB: the program on the server of MONGODB_URI, or else in this
// process on the embedded engine.
//
// The engine runs every case: its lack of transactions matters only in crashes. But it is slow, and the store does not
// depend on the transport, so on the engine the cases run over gRPC only.
func TestMongoDB(t *testing.T) {
	over := transports()
	if mongotest.Engine() {
		over = []string{"grpc"}
	}
	for _, transport := range over {
		t.Run(transport, func(t *testing.T) {
			systems := startSomeOnMongoDB(t)
			playAll(t, transport, systems...)
			systems[0].race(t, transport)
		})
	}
}

// startSomeOnMongoDB starts the product on its own databases: once on a real server, several times on the embedded
// engine, which scans whole collections and slows down as they grow.
func startSomeOnMongoDB(t *testing.T) []*system {
	t.Helper()
	n := 1
	if mongotest.Engine() {
		n = 8
	}
	systems := make([]*system, n)
	for i := range systems {
		systems[i] = startOnMongoDB(t)
	}
	return systems
}

func startOnMongoDB(t *testing.T) *system {
	t.Helper()
	return startOnMongoDBAt(t, mongotest.URI(t))
}

// startOnMongoDBAt starts the product on the databases that a URI names.
func startOnMongoDBAt(t *testing.T, uri string) *system {
	t.Helper()
	if mongotest.Engine() {
		return startInside(t, uri, "127.0.0.1:0")
	}
	s, _ := startTogether(t, t.TempDir(), map[string]string{"COUPONLINK_DATABASE_URL": uri})
	return s
}

// startInside runs the product in this process. Only from inside can a store be given the embedded engine as its
// server.
func startInside(t *testing.T, uri, httpAddr string) *system {
	t.Helper()
	var log lockedBuffer
	started, ended := make(chan couponlink.Started, 1), make(chan error, 1)
	config := couponlink.Config{
		HTTPAddr: httpAddr, CouponGRPCAddr: "127.0.0.1:0", TrackingGRPCAddr: "127.0.0.1:0",
		AdminKey: settings.AdminKey{AdminKey: adminKey},
		Storage:  settings.Storage{DataDir: t.TempDir(), DatabaseURL: uri},
		MongoDB:  mongotest.Options(),
		Started:  func(s couponlink.Started) { started <- s },
		// On a busy machine the engine takes longer than the product waits.
		AskTimeout: 20 * time.Second,
	}
	// t.Context ends before the cleanups run, but the process must stop in a cleanup.
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		ended <- couponlink.Run(ctx, config, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("running on MongoDB: %v", err)
		}
		if t.Failed() {
			t.Logf("log of couponlink:\n%s", log.String())
		}
	})
	select {
	case at := <-started:
		s := newSystem(t, at.HTTPAddr, at.CouponGRPCAddr, at.TrackingGRPCAddr)
		awaitReady(t, s.base)
		return s
	case err := <-ended:
		ended <- err
		t.Fatalf("couponlink ended before it served: %v", err)
	case <-time.After(startPatience):
		t.Fatalf("couponlink does not serve after %s", startPatience)
	}
	return nil
}

package grpcserve_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

// offers answers calls that change something and calls that do not.
type offers struct {
	couponv1.UnimplementedOfferServiceServer
}

func (offers) GetOffer(context.Context, *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	time.Sleep(time.Millisecond)
	return &couponv1.Offer{}, nil
}

func (offers) CreateOffer(context.Context, *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	time.Sleep(time.Millisecond)
	return &couponv1.Offer{}, nil
}

// serveOffers serves on an address until the returned function is called.
func serveOffers(t *testing.T, addr string) (at string, stop func()) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: slog.New(slog.DiscardHandler)})
	couponv1.RegisterOfferServiceServer(server, offers{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return listener.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		server.Drain()
		server.Stop(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// TestRestartsInTurnFailNoCalls restarts each of two instances in turn, and once both, under load.
func TestRestartsInTurnFailNoCalls(t *testing.T) {
	t.Parallel()
	var addrs [2]string
	var stops [2]func()
	var state resolver.State
	for i := range addrs {
		addrs[i], stops[i] = serveOffers(t, "127.0.0.1:0")
		state.Addresses = append(state.Addresses, resolver.Address{Addr: addrs[i]})
	}
	instances := manual.NewBuilderWithScheme("restarts")
	instances.InitialState(state)
	resolver.Register(instances)
	conn, err := grpcdial.DialPatient("restarts:///offers")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := couponv1.NewOfferServiceClient(grpcdial.WithKey(conn, key))
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int64
	var load sync.WaitGroup
	for i := range 8 {
		load.Go(func() {
			for ctx.Err() == nil {
				var err error
				if i%2 == 0 {
					_, err = client.GetOffer(context.WithoutCancel(ctx), &couponv1.GetOfferRequest{})
				} else {
					_, err = client.CreateOffer(context.WithoutCancel(ctx), &couponv1.CreateOfferRequest{})
				}
				if err != nil {
					t.Errorf("a call failed: %v", err)
				}
				calls.Add(1)
			}
		})
	}
	await := func() {
		for before := calls.Load(); calls.Load() < before+100; {
			time.Sleep(time.Millisecond)
		}
	}
	for range 2 {
		for i := range addrs {
			await()
			stops[i]()
			await()
			_, stops[i] = serveOffers(t, addrs[i])
			// The other instance may stop once this one has its connection. Until then it takes all calls.
			time.Sleep(150 * time.Millisecond)
		}
	}
	for i := range addrs {
		stops[i]()
		_, stops[i] = serveOffers(t, addrs[i])
	}
	await()
	cancel()
	load.Wait()
	for _, stop := range stops {
		stop()
	}
}

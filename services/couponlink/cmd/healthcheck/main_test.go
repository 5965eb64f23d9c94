package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)

	wantServing(t, server.URL+"/readyz")
	wantError(t, server.URL+"/elsewhere", "503")
}

func TestGRPC(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	state := health.NewServer()
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, state)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	target := "grpc://" + listener.Addr().String()

	wantServing(t, target)
	state.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	wantError(t, target, "NOT_SERVING")
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}

	wantError(t, "http://"+address+"/readyz", "refused")
	wantError(t, "grpc://"+address, "refused")
}

// TestNoAnswer checks a server that accepts connections and never answers.
func TestNoAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	for _, scheme := range []string{"http", "grpc"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := check(ctx, scheme+"://"+listener.Addr().String()); err == nil {
			t.Errorf("%s: a silent server passed for a healthy one", scheme)
		}
		cancel()
	}
}

func TestTargets(t *testing.T) {
	for _, target := range []string{"", "127.0.0.1:9001", "ftp://127.0.0.1/", "grpc://", "http://"} {
		wantError(t, target, target)
	}
}

func wantServing(t *testing.T, target string) {
	t.Helper()
	if err := check(t.Context(), target); err != nil {
		t.Errorf("%s: %v, want it to serve", target, err)
	}
}

func wantError(t *testing.T, target, part string) {
	t.Helper()
	err := check(t.Context(), target)
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("%s: error %v, want one with %q", target, err, part)
	}
}

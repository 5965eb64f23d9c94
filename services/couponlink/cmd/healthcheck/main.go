// Command healthcheck checks whether a service is serving. The exit status is the result, so a container without a
// shell can run it as its health check.
//
//	healthcheck http://127.0.0.1:8080/readyz    answers 200
//	healthcheck grpc://127.0.0.1:9001           grpc.health.v1 says SERVING
//
// Nothing imports it.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// timeout bounds one check. It is below the interval at which orchestrators usually check.
const timeout = 3 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: healthcheck http://HOST:PORT/PATH | grpc://HOST:PORT")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	err := check(ctx, os.Args[1])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		os.Exit(1)
	}
}

// check returns nil if the target serves.
func check(ctx context.Context, target string) error {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" {
		return fmt.Errorf("%q is not a URL such as http://127.0.0.1:8080/readyz or grpc://127.0.0.1:9001", target)
	}
	switch parsed.Scheme {
	case "http":
		return checkHTTP(ctx, target)
	case "grpc":
		return checkGRPC(ctx, parsed.Host)
	default:
		return fmt.Errorf("%q has neither the scheme http nor grpc", target)
	}
}

func checkHTTP(ctx context.Context, target string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil) //nolint:gosec // the operator chooses the target
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", target, response.Status)
	}
	return nil
}

func checkGRPC(ctx context.Context, address string) error {
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("dialing: %w", err)
	}
	defer conn.Close()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("%s says %s", address, answer.GetStatus())
	}
	return nil
}

// Command tracking serves the tracking service: gRPC for platform services, HTTP for clicks and postbacks.
package main

import (
	"context"
	"log/slog"

	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/tracking"
)

func main() {
	var cfg tracking.Config
	command.Main("tracking", "Couponlink's tracking service: links, clicks, postbacks, conversions.", &cfg,
		func(ctx context.Context, log *slog.Logger) error { return tracking.Run(ctx, cfg, log) })
}

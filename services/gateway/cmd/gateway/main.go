// Command gateway serves the HTTP origin: REST, the API reference, click links and postbacks.
package main

import (
	"context"
	"log/slog"

	"github.com/couponlink/couponlink/services/gateway"
	"github.com/couponlink/couponlink/services/internal/command"
)

func main() {
	var cfg gateway.Config
	command.Main("gateway", "Couponlink's gateway: one HTTP origin for frontends and partners.", &cfg,
		func(ctx context.Context, log *slog.Logger) error { return gateway.Run(ctx, cfg, log) })
}

// Command couponlink serves everything in one process.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/command"
)

func main() {
	cfg := couponlink.Config{Started: couponlink.Announce(os.Stdout)}
	command.Main("couponlink", "Couponlink in one process: both services and the gateway.", &cfg,
		func(ctx context.Context, log *slog.Logger) error { return couponlink.Run(ctx, cfg, log) })
}

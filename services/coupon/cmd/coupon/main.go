// Command coupon serves the coupon service over gRPC.
package main

import (
	"context"
	"log/slog"

	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/internal/command"
)

func main() {
	var cfg coupon.Config
	command.Main("coupon", "Couponlink's coupon service: offers, publishers, approvals, coupons.", &cfg,
		func(ctx context.Context, log *slog.Logger) error { return coupon.Run(ctx, cfg, log) })
}

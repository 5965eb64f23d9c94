// Command couponlink serves everything in one process, and backs up, checks, restores and moves its databases.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/command"
)

func main() {
	name, args := "", os.Args[1:]
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "backup":
		var cfg couponlink.BackupConfig
		command.MainWith(args[1:], "couponlink backup", "Back up the data directory, also while the service runs.", &cfg,
			func(ctx context.Context, _ *slog.Logger) error { return couponlink.Backup(ctx, cfg, os.Stdout) })
	case "verify":
		var cfg couponlink.VerifyConfig
		command.MainWith(args[1:], "couponlink verify", "Check a backup or the data directory.", &cfg,
			func(ctx context.Context, _ *slog.Logger) error { return couponlink.Verify(ctx, cfg, os.Stdout) })
	case "restore":
		var cfg couponlink.RestoreConfig
		command.MainWith(args[1:], "couponlink restore", "Restore a backup into the data directory.", &cfg,
			func(ctx context.Context, _ *slog.Logger) error { return couponlink.Restore(ctx, cfg, os.Stdout) })
	case "move":
		var cfg couponlink.MoveConfig
		command.MainWith(args[1:], "couponlink move", "Move all data from one database to another, such as from SQLite to MongoDB.", &cfg,
			func(ctx context.Context, log *slog.Logger) error { return couponlink.Move(ctx, cfg, os.Stdout, log) })
	default:
		cfg := couponlink.Config{Started: couponlink.Announce(os.Stdout, isatty.IsTerminal(os.Stdout.Fd()))}
		command.Main("couponlink", "Couponlink in one process: both services and the gateway. Commands: backup DIR, verify [DIR], restore DIR, move --from URL --to URL; each has --help.", &cfg,
			func(ctx context.Context, log *slog.Logger) error { return couponlink.Run(ctx, cfg, log) })
	}
}

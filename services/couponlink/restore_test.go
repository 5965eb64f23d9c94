package couponlink_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/tracking"
)

// TestNoStartBesideAnUnfinishedRestore starts each program on a directory whose restore was interrupted. Each must
// refuse, and create nothing there: neither a database nor a key.
func TestNoStartBesideAnUnfinishedRestore(t *testing.T) {
	t.Parallel()
	key, log := settings.AdminKey{AdminKey: "the-key-of-the-tests"}, slog.New(slog.DiscardHandler)
	programs := map[string]func(ctx context.Context, data settings.Storage) error{
		"couponlink": func(ctx context.Context, data settings.Storage) error {
			return couponlink.Run(ctx, couponlink.Config{
				HTTPAddr: "127.0.0.1:0", CouponGRPCAddr: "127.0.0.1:0", TrackingGRPCAddr: "127.0.0.1:0", Storage: data,
			}, log)
		},
		"coupon": func(ctx context.Context, data settings.Storage) error {
			return coupon.Run(ctx, coupon.Config{GRPCAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:8080", Storage: data, AdminKey: key}, log)
		},
		"tracking": func(ctx context.Context, data settings.Storage) error {
			return tracking.Run(ctx, tracking.Config{
				GRPCAddr: "127.0.0.1:0", PartnerHTTPAddr: "127.0.0.1:0", CouponGRPCAddr: "127.0.0.1:1", HTTPAddr: "127.0.0.1:8080", Storage: data, AdminKey: key,
			}, log)
		},
	}
	for program, run := range programs {
		for _, left := range []string{".restored", ".restore-1"} {
			t.Run(program+left, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				copies := filepath.Join(dir, left)
				if err := errors.Join(os.Mkdir(copies, 0o700), os.WriteFile(filepath.Join(copies, "tracking.db"), []byte("x"), 0o600)); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // a program that starts must end
				defer cancel()
				err := run(ctx, settings.Storage{DataDir: dir})
				if err == nil || !strings.Contains(err.Error(), copies) || !strings.Contains(err.Error(), "couponlink restore BACKUP") || !strings.Contains(err.Error(), "COUPONLINK_DATA_DIR="+dir) {
					t.Errorf("%v, want one that names the directory and the command", err)
				}
				if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
					t.Errorf("the directory has %v (%v)", entries, err)
				}
			})
		}
	}
}

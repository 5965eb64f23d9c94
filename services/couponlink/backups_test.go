package couponlink_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/couponlink/couponlink/services/couponlink"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// TestBackupThatCannotBePut makes a service take a backup that cannot be moved to its destination. Nothing of it may be
// left in the service's own folder, which a daily attempt would fill.
func TestBackupThatCannotBePut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, _ := start(t, dir, false)
	for _, to := range []string{"", filepath.Join(dir, "coupon.db", "backup")} {
		cfg := couponlink.BackupConfig{
			Dir: to, CouponGRPCAddr: r.CouponGRPCAddr, TrackingGRPCAddr: r.TrackingGRPCAddr, Storage: settings.Storage{DataDir: dir},
		}
		if err := couponlink.Backup(t.Context(), cfg, io.Discard); err == nil {
			t.Errorf("there is a backup in %q", to)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "backups"))
	if len(left) > 0 || err != nil && !os.IsNotExist(err) {
		t.Errorf("the service's folder of backups has %v (%v)", left, err)
	}
}

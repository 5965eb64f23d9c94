package couponlink_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
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

// TestBackupOfLostDatabase checks that a directory that has lost one of its databases is not backed up: the
// backup would hold half of the data, and pass as sound.
func TestBackupOfLostDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, stop := start(t, dir, false)
	backUp := func() {
		t.Helper()
		to := filepath.Join(t.TempDir(), "backup")
		cfg := couponlink.BackupConfig{
			Dir: to, CouponGRPCAddr: r.CouponGRPCAddr, TrackingGRPCAddr: r.TrackingGRPCAddr, Storage: settings.Storage{DataDir: dir},
		}
		if err := couponlink.Backup(t.Context(), cfg, io.Discard); err == nil || !strings.Contains(err.Error(), "tracking.db is missing") {
			t.Errorf("Backup: %v", err)
		}
		if _, err := os.Lstat(to); err == nil {
			t.Error("there is a backup")
		}
	}
	stop()
	file := filepath.Join(dir, "tracking.db")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	backUp()
	if err := os.Symlink(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file + ".lock"); err != nil {
		t.Fatal(err)
	}
	backUp()
}

package backup_test

import (
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// TestBackupIsTakenOnce repeats a call, as the same caller and as another one, also after a restart.
func TestBackupIsTakenOnce(t *testing.T) {
	t.Parallel()
	const id = "0195b7a4-5c1e-7d3a-9a52-6b1f0c8e2d47"
	folder := t.TempDir()
	job := backup.Job{Sources: []*sqlitedb.Source{sqlitedb.NewSource(open(t, t.TempDir(), "a.db"), nil)}, Version: "v1"}
	server := func() *backup.Server { return backup.NewServer(job, folder, nil) }
	admin := access.With(t.Context(), access.Admin())
	first, err := server().CreateBackup(admin, &backupv1.CreateBackupRequest{RequestId: id})
	if err != nil {
		t.Fatal(err)
	}
	again, err := server().CreateBackup(admin, &backupv1.CreateBackupRequest{RequestId: id})
	if err != nil || !proto.Equal(first, again) {
		t.Errorf("the second answer is %v, %v, want %v", again, err, first)
	}
	_, err = server().CreateBackup(admin, &backupv1.CreateBackupRequest{RequestId: id, BackupId: "other"})
	if e := apperr.As(err); e == nil || e.Reason != "IDEMPOTENCY_KEY_REUSED" {
		t.Errorf("another request with the id: %v", err)
	}
	other := access.With(t.Context(), &access.Principal{Name: "keys/a", Role: access.Owner})
	if _, err := server().CreateBackup(other, &backupv1.CreateBackupRequest{RequestId: id, BackupId: "theirs"}); err != nil {
		t.Errorf("another caller with the id: %v", err)
	}
	if taken, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(taken) != 2 {
		t.Errorf("there are %v (%v), want two", taken, err)
	}
}

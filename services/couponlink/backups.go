package couponlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	"github.com/couponlink/couponlink/services/coupon"
	"github.com/couponlink/couponlink/services/internal/backup"
	"github.com/couponlink/couponlink/services/internal/command"
	"github.com/couponlink/couponlink/services/internal/grpcdial"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking"
)

// Databases returns the databases that a backup or data directory may have.
func Databases() []backup.Database { return append(coupon.Databases(), tracking.Databases()...) }

// BackupConfig configures Backup.
type BackupConfig struct {
	Dir              string `arg:"" name:"dir" help:"Directory to write the backup to. It must not exist."`
	CouponGRPCAddr   string `env:"COUPONLINK_COUPON_GRPC_ADDR" name:"coupon-grpc-addr" default:"127.0.0.1:9001" placeholder:"ADDR" help:"Address of the coupon service's gRPC, used if the service runs and the data directory has only its database (${default})."`
	TrackingGRPCAddr string `env:"COUPONLINK_TRACKING_GRPC_ADDR" name:"tracking-grpc-addr" default:"127.0.0.1:9002" placeholder:"ADDR" help:"Address of the tracking service's gRPC, used if the service runs (${default})."`
	settings.Storage
	settings.AdminKey
}

// Backup takes a backup of the data directory's databases. If a service has them open, Backup asks it to take
// the backup. The last line on out has the counts.
func Backup(ctx context.Context, cfg BackupConfig, out io.Writer) error {
	dir, err := sqliteDir(cfg.Storage)
	if err != nil {
		return err
	}
	if cfg.Dir == "" {
		return errors.New("the directory of the backup is empty: name one that does not exist")
	}
	if _, err := os.Lstat(cfg.Dir); err == nil {
		return fmt.Errorf("%s exists, and nothing is overwritten: name a directory that does not exist", cfg.Dir)
	}
	names, err := here(dir)
	if err != nil {
		return err
	}
	err = backupIdle(ctx, cfg, dir, names)
	if errors.Is(err, sqlitedb.ErrInUse) {
		err = backupRunning(ctx, cfg, dir, names)
	}
	if err != nil {
		return err
	}
	m, err := backup.ReadManifest(cfg.Dir)
	if err != nil {
		return err
	}
	return printManifest(out, "backed up", m, cfg.Dir)
}

// sqliteDir returns the directory of the databases.
func sqliteDir(storage settings.Storage) (string, error) {
	database, err := storage.Database()
	if err == nil && database.SQLiteDir == "" {
		err = errors.New("the databases are on MongoDB: use MongoDB's own tools to back them up, check and restore them")
	}
	return database.SQLiteDir, err
}

// here returns the names of the databases in a directory. It refuses one that has lost a database: a backup of the
// others would pass for a whole one.
func here(dir string) (names []string, err error) {
	for _, database := range Databases() {
		if !backup.WasThere(dir, database.File) {
			continue
		}
		path := filepath.Join(dir, database.File)
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%s is missing, and was there when a service last ran: %w", path, err)
		}
		names = append(names, database.File)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no database: set COUPONLINK_DATA_DIR to the data directory", dir)
	}
	return names, nil
}

// backupIdle takes a backup of databases that no process has open.
func backupIdle(ctx context.Context, cfg BackupConfig, dir string, names []string) (err error) {
	job := backup.Job{FilesFrom: cfg.DataDir, Files: smallFiles(), Version: command.Version()}
	for _, name := range names {
		db, err := sqlitedb.OpenIdle(ctx, filepath.Join(dir, name))
		if err != nil {
			return err
		}
		defer command.Close(&err, name, db)
		job.Sources = append(job.Sources, sqlitedb.NewSource(db, nil))
	}
	_, err = job.Take(ctx, cfg.Dir)
	return err
}

// backupRunning asks the running service to take a backup in its own folder, and moves the result. It removes a backup
// that it cannot move; otherwise each attempt would leave one behind.
func backupRunning(ctx context.Context, cfg BackupConfig, dir string, names []string) error {
	addr := cfg.TrackingGRPCAddr
	if len(names) == 1 && names[0] == coupon.DatabaseFile {
		addr = cfg.CouponGRPCAddr
	}
	key, err := cfg.OrGenerated(cfg.DataDir)
	if err != nil {
		return err
	}
	conn, err := grpcdial.Dial(addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // no call is in flight
	id := "moving-" + strings.ReplaceAll(time.Now().UTC().Format("20060102-150405.000000"), ".", "-")
	answer, err := backupv1.NewBackupServiceClient(grpcdial.WithKey(grpcdial.Bounded(conn), key.Key)).
		CreateBackup(ctx, &backupv1.CreateBackupRequest{BackupId: id})
	if err != nil {
		return fmt.Errorf("asking the service that has %s open, at %s, for a backup: %w", dir, addr, err)
	}
	taken := answer.GetDirectory()
	if err = backup.Move(taken, cfg.Dir); err != nil && filepath.Base(taken) == id {
		err = errors.Join(err, os.RemoveAll(taken))
	}
	return err
}

// VerifyConfig configures Verify.
type VerifyConfig struct {
	Dir string `arg:"" optional:"" name:"dir" help:"Directory of a backup, or a data directory, which a service may be using. Default: the data directory."`
	settings.Storage
}

// Verify checks a backup or a data directory: every page and index, the checksums and counts of a backup, and the
// figures against a recount. The last line on out has the counts.
func Verify(ctx context.Context, cfg VerifyConfig, out io.Writer) error {
	dir := cfg.Dir
	if dir == "" {
		found, err := sqliteDir(cfg.Storage)
		if err != nil {
			return err
		}
		dir = found
	}
	report, err := backup.Verify(ctx, dir, Databases())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "verified %s: %s, %d rows, %d figures, no fault\n", dir, strings.Join(report.Databases, " and "), report.Rows, report.Figures)
	return err
}

// RestoreConfig configures Restore.
type RestoreConfig struct {
	Dir string `arg:"" name:"dir" help:"Directory of the backup. Restores into the data directory, which must not have databases."`
	settings.Storage
}

// Restore verifies a backup and copies it into the data directory. The last line on out has the counts.
func Restore(ctx context.Context, cfg RestoreConfig, out io.Writer) error {
	dir, err := sqliteDir(cfg.Storage)
	if err != nil {
		return err
	}
	restored, err := backup.Restore(ctx, cfg.Dir, dir, Databases())
	if err != nil {
		return err
	}
	if restored.Resumed {
		fmt.Fprintln(out, "finished an earlier restore of this backup, which was interrupted")
	}
	if len(restored.Left) > 0 {
		fmt.Fprintf(out, "left as they were: %s\n", strings.Join(restored.Left, ", "))
	}
	return printManifest(out, "restored", restored.Manifest, dir)
}

// printManifest prints the contents of a backup.
func printManifest(out io.Writer, done string, m backup.Manifest, dir string) error {
	for _, entry := range m.Databases {
		var rows int64
		for _, n := range entry.Tables {
			rows += n
		}
		fmt.Fprintf(out, "%s: %d rows, %d bytes, schema version %d\n", entry.File, rows, entry.Bytes, entry.SchemaVersion)
	}
	_, err := fmt.Fprintf(out, "%s %s: %d databases, %d rows, %d bytes, as of %s\n", done, dir, len(m.Databases), m.Rows(), m.Bytes(), m.CreateTime.Format(time.RFC3339Nano))
	return err
}

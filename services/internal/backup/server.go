package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	backupv1 "github.com/couponlink/couponlink/gen/go/couponlink/backup/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/idempotency"
)

const namePrefix = "backups/"

// idPattern matches valid ids of backups. An id is a directory's name, so it must not lead to another
// directory.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Server implements BackupService. Callers name backups, never paths: all backups are in one folder.
type Server struct {
	backupv1.UnimplementedBackupServiceServer
	job       Job
	folder    string
	databases []Database
	// taking is held while a backup is taken. Two at once would only slow each other down.
	taking sync.Mutex
}

// NewServer returns a service that runs job for each backup and writes it into folder. If job has no sources,
// CreateBackup fails with NO_BACKUPS.
func NewServer(job Job, folder string, databases []Database) *Server {
	return &Server{job: job, folder: folder, databases: databases}
}

func (s *Server) Register(registrar grpc.ServiceRegistrar) {
	backupv1.RegisterBackupServiceServer(registrar, s)
}

// CreateBackup takes a backup and waits for its end.
func (s *Server) CreateBackup(ctx context.Context, req *backupv1.CreateBackupRequest) (*backupv1.Backup, error) {
	if len(s.job.Sources) == 0 {
		return nil, apperr.New(apperr.FailedPrecondition, "NO_BACKUPS", "the databases are not on SQLite: use the database's own tools to back them up")
	}
	id := req.GetBackupId()
	if id == "" {
		id = strings.ReplaceAll(time.Now().UTC().Format("20060102-150405.000"), ".", "-")
	}
	if !idPattern.MatchString(id) {
		return nil, apperr.Invalid("INVALID_BACKUP_ID", "backup_id", "%q must be 1 to 63 lower-case letters, digits and hyphens, a letter or digit first", id)
	}
	if !s.taking.TryLock() {
		return nil, apperr.New(apperr.Aborted, "BACKUP_UNDER_WAY", "another backup is being taken; try again when it is done")
	}
	defer s.taking.Unlock()
	if err := removePrefixed(s.folder, partial); err != nil {
		return nil, err
	}
	job := s.job
	if req.GetRequestId() != "" {
		call, err := idempotency.CallOf(ctx, req, time.Now().UTC())
		if err != nil {
			return nil, err
		}
		if earlier, m, found, err := repeated(s.folder, call); err != nil {
			return nil, err
		} else if found {
			return s.answer(earlier, m)
		}
		job.Request = requestOf(call)
	}
	m, err := job.Take(ctx, filepath.Join(s.folder, id))
	if errors.Is(err, fs.ErrExist) {
		return nil, apperr.New(apperr.AlreadyExists, "BACKUP_EXISTS", "the backup %s exists already", namePrefix+id)
	}
	if err != nil {
		return nil, err
	}
	return s.answer(id, m)
}

// answer returns the backup with an id and a manifest as the API shows it.
func (s *Server) answer(id string, m Manifest) (*backupv1.Backup, error) {
	dir, err := filepath.Abs(filepath.Join(s.folder, id))
	if err != nil {
		return nil, fmt.Errorf("finding the folder of backups: %w", err)
	}
	answer := &backupv1.Backup{Name: namePrefix + id, CreateTime: timestamppb.New(m.CreateTime), Directory: dir, Version: m.Version}
	for _, d := range m.Databases {
		answer.Databases = append(answer.Databases, &backupv1.BackupDatabase{
			File: d.File, SizeBytes: d.Bytes, Sha256: d.SHA256, SchemaVersion: d.SchemaVersion, RowCounts: d.Tables,
		})
	}
	return answer, nil
}

// removePrefixed removes what a killed process left in folder under names with a prefix. A folder that does not exist
// has nothing.
func removePrefixed(folder, prefix string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("removing what a process that was killed has left: %w", err)
	}
	return nil
}

// VerifyBackup checks a backup in the server's folder.
func (s *Server) VerifyBackup(ctx context.Context, req *backupv1.VerifyBackupRequest) (*backupv1.VerifyBackupResponse, error) {
	id, ok := strings.CutPrefix(req.GetName(), namePrefix)
	if !ok || !idPattern.MatchString(id) {
		return nil, apperr.Invalid("INVALID_NAME", "name", "%q is no backup's name such as backups/20260131-235959-123", req.GetName())
	}
	dir := filepath.Join(s.folder, id)
	if _, err := ReadManifest(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, apperr.New(apperr.NotFound, "BACKUP_NOT_FOUND", "there is no backup %s", req.GetName())
	}
	report, err := Verify(ctx, dir, s.databases)
	switch {
	case err == nil:
		return &backupv1.VerifyBackupResponse{RowCount: report.Rows, FigureCount: report.Figures}, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, apperr.New(apperr.FailedPrecondition, "BACKUP_DAMAGED", "the backup is not whole: %s", err)
	}
}

// Package backup takes, checks and restores backups of SQLite databases. A backup holds all databases of a
// process as of one moment, taken while the process serves, and a manifest that describes them.
//
// Wiring may import it; of our packages it imports apperr, readiness and sqlitedb.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/couponlink/couponlink/services/internal/readiness"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// holdTime bounds how long writers are paused, and so how long a backup may take to begin.
const holdTime = 10 * time.Second

const (
	// manifestName is the name of the file that describes a backup. It is written last.
	manifestName = "manifest.json"
	// format is the number of the manifest's format.
	format = 1
	// partial is the prefix of directories that are not complete backups yet.
	partial = ".partial-"
)

// Manifest describes a backup.
type Manifest struct {
	Format  int    `json:"format"`
	Product string `json:"product"`
	// Version is the version of the program that took the backup.
	Version string `json:"version"`
	// CreateTime is the moment that the backup shows.
	CreateTime time.Time `json:"createTime"`
	Databases  []Entry   `json:"databases"`
	// Files are small files besides the databases, such as the admin key.
	Files []Entry `json:"files,omitempty"`
	// Request is the call that asked for the backup, if it had a request id.
	Request *Request `json:"request,omitempty"`
}

// Entry is one file of a backup.
type Entry struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// SchemaVersion and Tables, the number of rows in each table, are set for databases only.
	SchemaVersion int64            `json:"schemaVersion,omitempty"`
	Tables        map[string]int64 `json:"tables,omitempty"`
}

// Rows returns the number of rows in all databases.
func (m Manifest) Rows() (n int64) {
	for _, entry := range m.Databases {
		for _, rows := range entry.Tables {
			n += rows
		}
	}
	return n
}

// Bytes returns the total length of all files.
func (m Manifest) Bytes() (n int64) {
	for _, entry := range append(m.Databases, m.Files...) {
		n += entry.Bytes
	}
	return n
}

// Job says what to back up.
type Job struct {
	Sources []*sqlitedb.Source
	// FilesFrom is a directory, and Files are the names of files in it to include, if they exist.
	FilesFrom string
	Files     []string
	Version   string
	// Request is the call that asks for the backup, if it has a request id.
	Request *Request
}

// Take writes a backup into a directory, which must not exist and appears only once the backup is complete. All
// databases are as of one moment. The backup has everything that was acknowledged before the call.
func (j Job) Take(ctx context.Context, dir string) (m Manifest, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return m, fmt.Errorf("finding the backup's directory: %w", err)
	}
	if err := mustNotExist(dir); err != nil {
		return m, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return m, fmt.Errorf("making the folder of backups: %w", err)
	}
	if err := j.checkRoom(parent); err != nil {
		return m, err
	}
	temp, err := os.MkdirTemp(parent, partial) // with mode 0700: the databases have secrets
	if err != nil {
		return m, fmt.Errorf("making the backup's directory: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	if m, err = j.write(ctx, temp); err != nil {
		return m, err
	}
	if err := os.Rename(temp, dir); err != nil {
		return m, fmt.Errorf("naming the backup: %w", err)
	}
	return m, syncDir(parent)
}

// checkRoom returns an error if folder's disk has too little room for the backup.
func (j Job) checkRoom(folder string) error {
	var size int64
	for _, source := range j.Sources {
		bytes, err := source.Size()
		if err != nil {
			return err
		}
		size += bytes
	}
	return readiness.CheckRoom(folder, size)
}

func (j Job) write(ctx context.Context, dir string) (Manifest, error) {
	m := Manifest{Format: format, Product: "couponlink", Version: j.Version, Request: j.Request}
	holding, done := context.WithTimeout(ctx, holdTime)
	snapshots, err := sqlitedb.Snapshots(holding, j.Sources...)
	done()
	if err != nil {
		return m, fmt.Errorf("fixing the moment of the backup: %w", err)
	}
	m.CreateTime = time.Now().UTC().Truncate(time.Millisecond)
	for _, s := range snapshots {
		if err == nil {
			err = s.WriteTo(ctx, filepath.Join(dir, s.File))
		}
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return m, err
	}
	for _, s := range snapshots {
		entry, err := describeDatabase(ctx, dir, s.File)
		if err != nil {
			return m, err
		}
		m.Databases = append(m.Databases, entry)
	}
	for _, name := range j.Files {
		switch err := copyFile(filepath.Join(j.FilesFrom, name), filepath.Join(dir, name)); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return m, err
		}
		entry, err := describe(dir, name)
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, entry)
	}
	return m, writeManifest(dir, m)
}

// describeDatabase returns the entry of a database file that no process has open.
func describeDatabase(ctx context.Context, dir, name string) (Entry, error) {
	entry, err := describe(dir, name)
	if err != nil {
		return entry, err
	}
	file, err := sqlitedb.OpenFile(filepath.Join(dir, name), true)
	if err != nil {
		return entry, err
	}
	defer func() { _ = file.Close() }() // it was only read
	if entry.SchemaVersion, err = file.Version(ctx); err != nil {
		return entry, err
	}
	entry.Tables, err = file.Counts(ctx)
	return entry, err
}

// describe returns the entry of a file.
func describe(dir, name string) (Entry, error) {
	file, err := os.Open(filepath.Join(dir, name)) //nolint:gosec // the operator names the directory, this program the file
	if err != nil {
		return Entry{}, fmt.Errorf("reading %s: %w", name, err)
	}
	defer func() { _ = file.Close() }() // it is only read
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil {
		return Entry{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return Entry{File: name, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func writeManifest(dir string, m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, manifestName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close(), syncDir(dir)); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

// ReadManifest returns the manifest of the backup in a directory. The error is fs.ErrNotExist if it has no
// manifest.
func ReadManifest(dir string) (m Manifest, err error) {
	path := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the directory
	if err != nil {
		return m, fmt.Errorf("reading the manifest: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if m.Product != "couponlink" || m.Format != format || len(m.Databases) == 0 {
		return m, fmt.Errorf("%s is of format %d of %q: this program knows format %d of couponlink", path, m.Format, m.Product, format)
	}
	for _, entry := range append(m.Databases, m.Files...) {
		if !filepath.IsLocal(entry.File) || filepath.Base(entry.File) != entry.File {
			return m, fmt.Errorf("%s names the file %q, which is not one of its directory", path, entry.File)
		}
	}
	return m, nil
}

func mustNotExist(dir string) error {
	switch _, err := os.Lstat(dir); {
	case err == nil:
		return fmt.Errorf("%s exists, and nothing is overwritten: %w", dir, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("looking for %s: %w", dir, err)
	}
}

// copyFile copies a file to a new one that only its owner can read, and syncs it to the disk.
func copyFile(from, to string) error {
	in, err := os.Open(from) //nolint:gosec // the operator names both directories
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	defer func() { _ = in.Close() }()                                     // it is only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copying %s to %s: %w", from, to, err)
	}
	return nil
}

// syncDir syncs a directory's entries to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing %s: %w", dir, err)
	}
	return nil
}

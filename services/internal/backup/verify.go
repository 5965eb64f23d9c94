package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// Figures recounts a database's figures. It returns how many there are, and how many differ from the recount.
type Figures func(ctx context.Context, file *sqlitedb.File) (figures, differing int64, err error)

// Database is a database that a directory may have.
type Database struct {
	File string
	// Figures is nil if the database has no figures.
	Figures Figures
	// Restored, if not nil, changes a restored file before a service opens it.
	Restored func(ctx context.Context, path string) error
}

// Report says what was checked.
type Report struct {
	// Databases are the files that were checked.
	Databases []string
	Rows      int64
	Figures   int64
}

// Verify checks a backup, or a data directory, even while a service uses it. It checks every page and index of
// each database, and the figures against a recount. It also compares a backup with its manifest, and checks the
// log of a data directory that no process has open. The error names the first fault of each database.
func Verify(ctx context.Context, dir string, databases []Database) (Report, error) {
	var report Report
	m, err := ReadManifest(dir)
	isBackup := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return report, err
	}
	if !isBackup {
		if err := sqlitedb.CheckRestored(dir); err != nil {
			return report, err
		}
	}
	var faults []error
	if isBackup {
		for _, entry := range append(m.Databases, m.Files...) {
			faults = append(faults, compare(dir, entry))
		}
	}
	for _, database := range databases {
		expected := slices.IndexFunc(m.Databases, func(e Entry) bool { return e.File == database.File })
		if !isBackup && !WasThere(dir, database.File) {
			continue
		}
		if isBackup && expected < 0 {
			// A backup of one service has one database. But a database that is there must be named.
			if WasThere(dir, database.File) {
				faults = append(faults, fmt.Errorf("%s is there, and the manifest does not name it", filepath.Join(dir, database.File)))
			}
			continue
		}
		rows, figures, err := verifyDatabase(ctx, dir, database, isBackup)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		report.Databases = append(report.Databases, database.File)
		report.Figures += figures
		for _, n := range rows {
			report.Rows += n
		}
		if isBackup && !maps.Equal(rows, m.Databases[expected].Tables) {
			faults = append(faults, fmt.Errorf("%s has the rows %v; the manifest says %v", database.File, rows, m.Databases[expected].Tables))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return report, err
	}
	if len(report.Databases) == 0 {
		return report, fmt.Errorf("%s holds neither a backup nor a database", dir)
	}
	return report, nil
}

// WasThere reports whether a directory has a database, or parts of one.
func WasThere(dir, name string) bool {
	return slices.ContainsFunc([]string{"", "-wal", ".lock"}, func(suffix string) bool {
		_, err := os.Lstat(filepath.Join(dir, name+suffix)) // a link is a trace even if its target is away
		return err == nil
	})
}

// compare compares a file with its entry.
func compare(dir string, entry Entry) error {
	found, err := describe(dir, entry.File)
	if err != nil {
		return err
	}
	if found.Bytes != entry.Bytes || found.SHA256 != entry.SHA256 {
		return fmt.Errorf("%s is damaged: it has %d bytes with the SHA-256 %s; the manifest says %d and %s",
			filepath.Join(dir, entry.File), found.Bytes, found.SHA256, entry.Bytes, entry.SHA256)
	}
	return nil
}

// verifyDatabase checks one database and returns its rows by table and the number of its figures.
func verifyDatabase(ctx context.Context, dir string, database Database, still bool) (map[string]int64, int64, error) {
	file, err := sqlitedb.OpenFile(filepath.Join(dir, database.File), still)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }() // it was only read
	if err := file.Check(ctx); err != nil {
		return nil, 0, err
	}
	rows, err := file.Counts(ctx)
	if err != nil || database.Figures == nil {
		return rows, 0, err
	}
	figures, differing, err := database.Figures(ctx, file)
	if err != nil {
		return rows, figures, fmt.Errorf("%s: %w", database.File, err)
	}
	if differing > 0 {
		return rows, figures, fmt.Errorf("%s: of %d figures %d differ from a recount; start the service and call /v1/reports/conversions:recount", database.File, figures, differing)
	}
	return rows, figures, nil
}

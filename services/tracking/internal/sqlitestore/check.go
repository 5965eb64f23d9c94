package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	selectHasFigures = `SELECT EXISTS (SELECT 1 FROM figures WHERE cube = ? AND period = ?)
		OR EXISTS (SELECT 1 FROM conversions WHERE conversion_time >= ? AND conversion_time < ?)`
	// selectLatestVersion selects the number of the newest applied migration.
	selectLatestVersion = `SELECT max(version_id) FROM goose_db_version WHERE is_applied`
)

// ErrOtherSchema is returned for a file whose schema is not this program's, so its figures cannot be recounted.
var ErrOtherSchema = errors.New("the file has another schema than this program's")

// CheckFigures recounts all figures of a file from its clicks and conversions, as of one moment, and returns how
// many there are and how many differ. Figures that are still being built do not count.
func CheckFigures(ctx context.Context, file *sqlitedb.File) (figures, differing int64, err error) {
	tx, err := file.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, 0, fmt.Errorf("recounting the figures: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	if err := checkVersion(ctx, tx); err != nil {
		return 0, 0, err
	}
	figures, differing, err = checkFigures(ctx, tx)
	if err != nil {
		return 0, 0, fmt.Errorf("recounting the figures: %w", err)
	}
	return figures, differing, nil
}

// checkVersion refuses a file with another schema.
func checkVersion(ctx context.Context, tx *sql.Tx) error {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	var newest, version int
	if _, err := fmt.Sscanf(entries[len(entries)-1].Name(), "%d_", &newest); err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if err := tx.QueryRowContext(ctx, selectLatestVersion).Scan(&version); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if version != newest {
		return fmt.Errorf("%w: it has version %d, this program %d", ErrOtherSchema, version, newest)
	}
	return nil
}

func checkFigures(ctx context.Context, tx *sql.Tx) (figures, differing int64, err error) {
	var zone string
	if err := tx.QueryRowContext(ctx, selectZone).Scan(&zone); err != nil {
		return 0, 0, err
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return 0, 0, err
	}
	at, ready, err := readCounted(ctx, tx)
	if err != nil || !ready {
		return 0, 0, err
	}
	var discounts bool // If not, no store has been opened since the file was migrated.
	if err := tx.QueryRowContext(ctx, selectDiscounts).Scan(&discounts); err != nil || !discounts {
		return 0, 0, err
	}
	calendar := rollup.NewCalendar(location)
	first, last, err := endsOf(ctx, tx, calendar)
	for month := first; month <= last && err == nil; month++ {
		var any bool
		from, to := calendar.Begin(month.First()), calendar.Begin(month.Last()+1)
		err = tx.QueryRowContext(ctx, selectHasFigures, rollup.StatusMonths, month, from.UnixMilli(), to.UnixMilli()).Scan(&any)
		if err != nil || !any {
			continue
		}
		r := recount{calendar: calendar, months: rollup.New(calendar), tx: tx, at: at}
		if err = r.count(ctx, month); err == nil {
			figures += r.found.Counted
			differing += int64(len(r.found.Differing))
		}
	}
	return figures, differing, err
}

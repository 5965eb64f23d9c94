// Package savedreports stores saved reports in the tracking service's SQLite file.
//
// Only the SQLite store imports it.
package savedreports

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	reportColumns = table.Columns[rollup.SavedReport]{
		table.Text("id", func(r *rollup.SavedReport) *string { return &r.ID }),
		table.Text("display_name", func(r *rollup.SavedReport) *string { return &r.DisplayName }),
		table.JSON("columns", func(r *rollup.SavedReport) *[]string { return sqlrow.Listed(r.Columns) },
			func(r *rollup.SavedReport, columns *[]string) { r.Columns = *columns }),
		table.Text("filter", func(r *rollup.SavedReport) *string { return &r.Filter }),
		table.Text("order_by", func(r *rollup.SavedReport) *string { return &r.OrderBy }),
		table.Text(`"range"`, func(r *rollup.SavedReport) *rollup.ReportRange { return &r.Range }),
		table.Text("start_date", func(r *rollup.SavedReport) *string { return &r.StartDate }),
		table.Text("end_date", func(r *rollup.SavedReport) *string { return &r.EndDate }),
		table.JSON("group_by", func(r *rollup.SavedReport) *[]rollup.Dimension { return sqlrow.Listed(r.GroupBy) },
			func(r *rollup.SavedReport, groupBy *[]rollup.Dimension) { r.GroupBy = *groupBy }),
		table.Text("group_order_by", func(r *rollup.SavedReport) *string { return &r.GroupOrderBy }),
		table.Time("create_time", func(r *rollup.SavedReport) *time.Time { return &r.CreateTime }),
		table.Time("update_time", func(r *rollup.SavedReport) *time.Time { return &r.UpdateTime }),
		table.Number("revision", func(r *rollup.SavedReport) *int64 { return &r.Revision }),
	}

	insertReport  = `INSERT` + reportColumns.Into("saved_reports")
	replaceReport = `REPLACE` + reportColumns.Into("saved_reports")
	selectReport  = reportColumns.From("saved_reports") + ` WHERE id = ?`
)

const (
	countReports = `SELECT count(*) FROM saved_reports`
	deleteReport = `DELETE FROM saved_reports WHERE id = ?`
)

// Store stores saved reports.
type Store struct {
	db  *sqlitedb.DB
	run sqlrow.Tasks
}

// New returns a Store on a file.
func New(db *sqlitedb.DB, run sqlrow.Tasks) *Store { return &Store{db: db, run: run} }

func (s *Store) InsertSavedReport(ctx context.Context, report rollup.SavedReport, most int) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		_, err := sqlrow.Write(ctx, tx, insertReport, reportColumns, &report)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		if err != nil {
			return err
		}
		count, err := sqlrow.One(ctx, tx, sqlrow.Number, countReports)
		if err == nil && count > int64(most) {
			return domain.ErrLimitReached // undoes the insert
		}
		return err
	})
}

func (s *Store) UpdateSavedReport(
	ctx context.Context, id string, change func(rollup.SavedReport) (rollup.SavedReport, error),
) (stored rollup.SavedReport, err error) {
	err = s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		current, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		next, err := change(current)
		if err != nil {
			return err
		}
		_, err = sqlrow.Write(ctx, tx, replaceReport, reportColumns, &next)
		stored = next
		return err
	})
	if err != nil {
		return rollup.SavedReport{}, err
	}
	return stored, nil
}

// read reads a report.
func read(ctx context.Context, t *sqlrow.Tx, id string) (rollup.SavedReport, error) {
	report, err := sqlrow.One(ctx, t, reportColumns.Read, selectReport, id)
	if errors.Is(err, sql.ErrNoRows) {
		return report, domain.ErrNotFound
	}
	return report, err
}

func (s *Store) DeleteSavedReport(ctx context.Context, id string, check func(rollup.SavedReport) error) error {
	return s.run(ctx, func(ctx context.Context, tx *sqlrow.Tx) error {
		current, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := check(current); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, deleteReport, id)
		return err
	})
}

func (s *Store) SavedReport(ctx context.Context, id string) (rollup.SavedReport, error) {
	report, err := reportColumns.Read(s.db.Read().QueryRowContext(ctx, selectReport, id))
	return report, sqlrow.ReadFailure("reading a saved report", err)
}

func (s *Store) SavedReports(ctx context.Context, q listing.Query) ([]rollup.SavedReport, error) {
	query, args := sqlrow.PageOf(reportColumns, "saved_reports", q)
	reports, err := sqlrow.Report(ctx, s.db, reportColumns.Read, query, args...)
	return reports, sqlrow.ReadFailure("listing saved reports", err)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{reportsToMove().In(s.db, s.run)}
}

func reportsToMove() sqlrow.MovedTable[rollup.SavedReport] {
	return sqlrow.MovedTable[rollup.SavedReport]{
		Name:  "saved_reports",
		Query: sqlrow.AfterKey("saved_reports", reportColumns, reportColumns.Only("id")),
		Args:  func(key []string) []any { return sqlrow.Texts(key, 1) },
		Scan:  reportColumns.Read,
		Key:   func(r *rollup.SavedReport) []string { return []string{r.ID} },
		Put:   sqlrow.ReplaceIn("saved_reports", reportColumns),
	}
}

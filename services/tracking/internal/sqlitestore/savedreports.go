package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

var (
	reportColumns = table.Columns[rollup.SavedReport]{
		table.Text("id", func(r *rollup.SavedReport) *string { return &r.ID }),
		table.Text("display_name", func(r *rollup.SavedReport) *string { return &r.DisplayName }),
		table.JSON("columns", func(r *rollup.SavedReport) *[]string { return listed(r.Columns) },
			func(r *rollup.SavedReport, columns *[]string) { r.Columns = *columns }),
		table.Text("filter", func(r *rollup.SavedReport) *string { return &r.Filter }),
		table.Text("order_by", func(r *rollup.SavedReport) *string { return &r.OrderBy }),
		table.Text(`"range"`, func(r *rollup.SavedReport) *rollup.ReportRange { return &r.Range }),
		table.Text("start_date", func(r *rollup.SavedReport) *string { return &r.StartDate }),
		table.Text("end_date", func(r *rollup.SavedReport) *string { return &r.EndDate }),
		table.JSON("group_by", func(r *rollup.SavedReport) *[]rollup.Dimension { return listed(r.GroupBy) },
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

// listed encodes a list: nil for an empty one.
func listed[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

func (s *Store) InsertSavedReport(ctx context.Context, report rollup.SavedReport, most int) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := write(ctx, tx, insertReport, reportColumns, &report)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		if err != nil {
			return err
		}
		count, err := one(ctx, tx, number, countReports)
		if err == nil && count > int64(most) {
			return domain.ErrLimitReached // undoes the insert
		}
		return err
	}})
}

func (s *Store) UpdateSavedReport(
	ctx context.Context, id string, change func(rollup.SavedReport) (rollup.SavedReport, error),
) (stored rollup.SavedReport, err error) {
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		current, err := tx.report(ctx, id)
		if err != nil {
			return err
		}
		next, err := change(current)
		if err != nil {
			return err
		}
		_, err = write(ctx, tx, replaceReport, reportColumns, &next)
		stored = next
		return err
	}})
	if err != nil {
		return rollup.SavedReport{}, err
	}
	return stored, nil
}

// report reads a report.
func (t *tx) report(ctx context.Context, id string) (rollup.SavedReport, error) {
	report, err := one(ctx, t, reportColumns.Read, selectReport, id)
	if errors.Is(err, sql.ErrNoRows) {
		return report, domain.ErrNotFound
	}
	return report, err
}

func (s *Store) DeleteSavedReport(ctx context.Context, id string, check func(rollup.SavedReport) error) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		current, err := tx.report(ctx, id)
		if err != nil {
			return err
		}
		if err := check(current); err != nil {
			return err
		}
		_, err = tx.exec(ctx, deleteReport, id)
		return err
	}})
}

func (s *Store) SavedReport(ctx context.Context, id string) (rollup.SavedReport, error) {
	report, err := reportColumns.Read(s.db.Read().QueryRowContext(ctx, selectReport, id))
	return report, readFailure("reading a saved report", err)
}

func (s *Store) SavedReports(ctx context.Context, q listing.Query) ([]rollup.SavedReport, error) {
	query, args := pageOf(reportColumns, "saved_reports", q)
	reports, err := report(ctx, s, reportColumns.Read, query, args...)
	return reports, readFailure("listing saved reports", err)
}

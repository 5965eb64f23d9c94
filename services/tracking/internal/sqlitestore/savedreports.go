package sqlitestore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

const (
	reportColumns = `id, display_name, columns, filter, order_by, "range", start_date, end_date, group_by, group_order_by, create_time, update_time, revision`
	insertReport  = `INSERT INTO saved_reports (` + reportColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	replaceReport = `REPLACE INTO saved_reports (` + reportColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	selectReport  = `SELECT ` + reportColumns + ` FROM saved_reports WHERE id = ?`
	countReports  = `SELECT count(*) FROM saved_reports`
	deleteReport  = `DELETE FROM saved_reports WHERE id = ?`
)

// reportValues returns what insertReport takes.
func reportValues(r rollup.SavedReport) ([]any, error) {
	columns, err := encodeList(r.Columns)
	if err != nil {
		return nil, err
	}
	groupBy, err := encodeList(r.GroupBy)
	return []any{
		r.ID, r.DisplayName, columns, r.Filter, r.OrderBy, string(r.Range), r.StartDate, r.EndDate, groupBy, r.GroupOrderBy,
		r.CreateTime.UnixMilli(), r.UpdateTime.UnixMilli(), r.Revision,
	}, err
}

// scanReport reads a row of reportColumns.
func scanReport(row scanner) (rollup.SavedReport, error) {
	var r rollup.SavedReport
	var columns, groupBy string
	var create, update int64
	err := row.Scan(&r.ID, &r.DisplayName, &columns, &r.Filter, &r.OrderBy, &r.Range, &r.StartDate, &r.EndDate, &groupBy, &r.GroupOrderBy,
		&create, &update, &r.Revision)
	if err != nil {
		return rollup.SavedReport{}, err
	}
	r.CreateTime, r.UpdateTime = fromMillis(create), fromMillis(update)
	return r, errors.Join(decodeJSON(columns, &r.Columns), decodeJSON(groupBy, &r.GroupBy))
}

// InsertSavedReport implements app.SavedReportStore.
func (s *Store) InsertSavedReport(ctx context.Context, report rollup.SavedReport, most int) error {
	values, err := reportValues(report)
	if err != nil {
		return err
	}
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, insertReport, values...)
		if sqlitedb.IsUnique(err) {
			return domain.ErrExists
		}
		if err != nil {
			return err
		}
		count, err := one(ctx, tx, number, countReports)
		if err == nil && count > int64(most) {
			return domain.ErrLimitReached // which undoes the insert
		}
		return err
	}})
}

// UpdateSavedReport implements app.SavedReportStore.
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
		values, err := reportValues(next)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, replaceReport, values...)
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
	report, err := one(ctx, t, scanReport, selectReport, id)
	if errors.Is(err, sql.ErrNoRows) {
		return report, domain.ErrNotFound
	}
	return report, err
}

// DeleteSavedReport implements app.SavedReportStore.
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

// SavedReport implements app.SavedReportStore.
func (s *Store) SavedReport(ctx context.Context, id string) (rollup.SavedReport, error) {
	report, err := scanReport(s.db.Read().QueryRowContext(ctx, selectReport, id))
	return report, readFailure("reading a saved report", err)
}

// SavedReports implements app.SavedReportStore.
func (s *Store) SavedReports(ctx context.Context, q listing.Query) ([]rollup.SavedReport, error) {
	where, args, orderBy := sqlquery.Build(q)
	query := "SELECT " + reportColumns + " FROM saved_reports WHERE " + where + " ORDER BY " + orderBy + " LIMIT ?"
	reports, err := report(ctx, s, scanReport, query, append(args, q.Limit)...)
	return reports, readFailure("listing saved reports", err)
}

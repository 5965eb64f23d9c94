package reporting

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/columns"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rows"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// SavedReportStore keeps reports under names.
type SavedReportStore interface {
	// InsertSavedReport stores a new report. ErrExists: its id is taken. ErrLimitReached: most reports exist
	// already. Concurrent inserts may exceed most by a few.
	InsertSavedReport(ctx context.Context, report rollup.SavedReport, most int) error
	// UpdateSavedReport atomically replaces a report by the result of change: of two concurrent updates, the
	// second sees the first's result. change may be called more than once. If it fails, its error is returned
	// unchanged and nothing is written. UpdateSavedReport returns the stored report, or ErrNotFound.
	UpdateSavedReport(ctx context.Context, id string, change func(rollup.SavedReport) (rollup.SavedReport, error)) (rollup.SavedReport, error)
	// DeleteSavedReport removes a report unless check, which gets its present state, returns an error; that
	// error is returned unchanged. Of two concurrent calls, one returns ErrNotFound.
	DeleteSavedReport(ctx context.Context, id string, check func(rollup.SavedReport) error) error
	// SavedReport returns a report by its id.
	SavedReport(ctx context.Context, id string) (rollup.SavedReport, error)
	// SavedReports returns the reports that a query selects.
	SavedReports(ctx context.Context, q listing.Query) ([]rollup.SavedReport, error)
}

// SavedReport is a report with its days and its filter as of now.
type SavedReport struct {
	rollup.SavedReport
	// CurrentStart and CurrentEnd are days such as 2026-11-01, both included; empty: no bound.
	CurrentStart, CurrentEnd string
	CurrentFilter            string
}

// SavedReportChange says what to change of a report.
type SavedReportChange struct {
	// ETag is the report's as the caller knows it; empty: whatever it is.
	ETag string
	// Fields are the API names of the fields to change; others are left out.
	Fields []string
}

// savedReportSchema says in what order reports are listed.
func savedReportSchema() *listing.Schema {
	return listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque}, "display_name",
		listing.Field{Name: "display_name", Kind: listing.Opaque},
	)
}

// savedReportValue returns the stored value of a report's field that lists are ordered by.
func savedReportValue(r rollup.SavedReport, field string) any {
	if field == "display_name" {
		return r.DisplayName
	}
	return r.ID
}

// SavedReportETag returns the revision of a report as the API shows it. It contains the time of creation, so that
// a report that was deleted and created again is not taken for the old one.
func SavedReportETag(r rollup.SavedReport) string {
	return strconv.FormatInt(r.CreateTime.UnixMilli(), 36) + "-" + strconv.FormatInt(r.Revision, 10)
}

// CreateSavedReport stores a new report under its id, or under one that is made where that is empty.
//
// Errors: InvalidArgument with the field at fault; AlreadyExists (SAVED_REPORT_EXISTS);
// ResourceExhausted (TOO_MANY_SAVED_REPORTS).
func (s *Service) CreateSavedReport(ctx context.Context, report rollup.SavedReport) (SavedReport, error) {
	chosen := report.ID != ""
	var found apperr.Findings
	if chosen && !resource.IsID(report.ID) {
		found.Add(apperr.Invalid("INVALID_ID", "saved_report_id", "%s", domain.CheckID(report.ID)))
	}
	report.Revision, report.CreateTime = 1, s.moment()
	report.UpdateTime = report.CreateTime
	report, err := s.checkReport(report)
	if found.Add(err); found.Err() != nil {
		return SavedReport{}, found.Err()
	}
	if !chosen {
		report.ID = newReportID()
	}
	switch err := s.store.InsertSavedReport(ctx, report, rollup.MaxSavedReports); {
	case errors.Is(err, domain.ErrExists) && chosen:
		return SavedReport{}, apperr.New(apperr.AlreadyExists, "SAVED_REPORT_EXISTS", "there is a saved report %q already", report.ID)
	case errors.Is(err, domain.ErrLimitReached):
		return SavedReport{}, apperr.New(apperr.ResourceExhausted, "TOO_MANY_SAVED_REPORTS", "there are %d saved reports, and no more are kept; delete some that nobody reads", rollup.MaxSavedReports)
	case err != nil:
		return SavedReport{}, fmt.Errorf("storing the saved report %s: %w", report.ID, err)
	}
	return s.asOfNow(report), nil
}

// newReportID returns an id of ten characters without look-alikes, fifty random bits: a thousand ids have a
// collision about once in two billion times.
func newReportID() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // 32 characters, so that all are equally likely
	id := make([]byte, 10)
	_, _ = rand.Read(id) // never fails
	for i, b := range id {
		id[i] = alphabet[b%byte(len(alphabet))]
	}
	return string(id)
}

// checkReport refuses a report that could not be read, and returns it trimmed.
func (s *Service) checkReport(report rollup.SavedReport) (rollup.SavedReport, error) {
	report, err := rollup.CheckSavedReport(report, columns.Names(columns.Exported(columns.Conversions())))
	var found apperr.Findings
	found.Add(err)
	now := s.moment()
	for _, asked := range []listing.Request{{Filter: report.Filter}, {OrderBy: report.OrderBy}} {
		_, err := s.conversions.Query(asked, listing.Everything(), nil, now)
		found.Add(err)
	}
	if rollup.CheckGroupBy(report.GroupBy) == nil { // an order of what cannot be grouped by cannot be judged
		_, err = summaryOrder("group_order_by", report.GroupOrderBy, report.GroupBy, listing.Everything())
		found.Add(err)
	}
	if found.Err() != nil {
		return report, found.Err()
	}
	// With its days, whose length is the same on every day, it may be too long, or one level too deep.
	if _, err := s.conversions.Query(listing.Request{Filter: report.CurrentFilter(rollup.NewCalendar(s.zone), now)}, listing.Everything(), nil, now); err != nil {
		return report, apperr.Invalid("INVALID_FILTER", "filter", "is too long, or too deeply nested, to be joined with the report's days").Because(err)
	}
	return report, nil
}

// asOfNow returns a report with its days as of now.
func (s *Service) asOfNow(report rollup.SavedReport) SavedReport {
	calendar, now := rollup.NewCalendar(s.zone), s.moment()
	from, to := report.Days(calendar.Day(now))
	current := SavedReport{SavedReport: report, CurrentFilter: report.CurrentFilter(calendar, now)}
	if from != rollup.FirstDay {
		current.CurrentStart = from.String()
	}
	if to != rollup.LastDay {
		current.CurrentEnd = to.String()
	}
	return current
}

// SavedReport returns a report by its id.
//
// Errors: NotFound (SAVED_REPORT_NOT_FOUND).
func (s *Service) SavedReport(ctx context.Context, id string) (SavedReport, error) {
	report, err := s.store.SavedReport(ctx, id)
	if err != nil {
		return SavedReport{}, noReport(id, err)
	}
	return s.asOfNow(report), nil
}

func noReport(id string, err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return apperr.New(apperr.NotFound, "SAVED_REPORT_NOT_FOUND", "there is no saved report %q", id)
	}
	return err
}

// SavedReports returns a page of the reports by their display names, and the token of the next.
//
// Errors: InvalidArgument on page_size or page_token.
func (s *Service) SavedReports(ctx context.Context, req listing.Request) ([]SavedReport, string, error) {
	q, err := s.savedReports.Query(req, rows.Of(ctx).Nothing(), nil, s.moment())
	if err != nil {
		return nil, "", err
	}
	found, err := s.store.SavedReports(ctx, q)
	if err != nil {
		return nil, "", err
	}
	reports := make([]SavedReport, len(found))
	for i, report := range found {
		reports[i] = s.asOfNow(report)
	}
	page, next := listing.Page(q, reports, func(r SavedReport, field string) any { return savedReportValue(r.SavedReport, field) })
	return page, next, nil
}

// UpdateSavedReport sets some fields of the report with report's id to their values in report.
//
// Errors: InvalidArgument with the field at fault; NotFound (SAVED_REPORT_NOT_FOUND); Aborted
// (ETAG_MISMATCH).
func (s *Service) UpdateSavedReport(ctx context.Context, report rollup.SavedReport, change SavedReportChange) (SavedReport, error) {
	var unchanged rollup.SavedReport
	updated, err := s.store.UpdateSavedReport(ctx, report.ID, func(current rollup.SavedReport) (rollup.SavedReport, error) {
		if err := matchETag(current, change.ETag); err != nil {
			return current, err
		}
		next, err := s.checkReport(merged(current, report, change.Fields))
		if err == nil && reflect.DeepEqual(next, current) {
			unchanged = current
			return current, errUnchanged
		}
		next.UpdateTime, next.Revision = s.moment(), current.Revision+1
		return next, err
	})
	if errors.Is(err, errUnchanged) {
		return s.asOfNow(unchanged), nil
	}
	if err != nil {
		return SavedReport{}, noReport(report.ID, err)
	}
	return s.asOfNow(updated), nil
}

// errUnchanged ends an update that would change nothing.
var errUnchanged = errors.New("nothing changes")

// merged returns a report with some fields taken from another.
func merged(report, from rollup.SavedReport, fields []string) rollup.SavedReport {
	for _, field := range fields {
		switch field {
		case "display_name":
			report.DisplayName = from.DisplayName
		case "columns":
			report.Columns = from.Columns
		case "filter":
			report.Filter = from.Filter
		case "order_by":
			report.OrderBy = from.OrderBy
		case "range":
			report.Range = from.Range
		case "start_date":
			report.StartDate = from.StartDate
		case "end_date":
			report.EndDate = from.EndDate
		case "group_by":
			report.GroupBy = from.GroupBy
		case "group_order_by":
			report.GroupOrderBy = from.GroupOrderBy
		}
	}
	return report
}

func matchETag(report rollup.SavedReport, etag string) error {
	if etag == "" || etag == SavedReportETag(report) {
		return nil
	}
	return apperr.New(apperr.Aborted, "ETAG_MISMATCH", "savedReports/%s has changed since it was read: its etag is %s, not %.40s", report.ID, SavedReportETag(report), etag)
}

// DeleteSavedReport removes a report. etag is the report's etag as the caller knows it; empty: any.
//
// Errors: NotFound (SAVED_REPORT_NOT_FOUND); Aborted (ETAG_MISMATCH).
func (s *Service) DeleteSavedReport(ctx context.Context, id, etag string) error {
	err := s.store.DeleteSavedReport(ctx, id, func(report rollup.SavedReport) error { return matchETag(report, etag) })
	return noReport(id, err)
}

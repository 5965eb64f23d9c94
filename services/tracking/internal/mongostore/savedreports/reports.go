// Package savedreports stores saved reports in the tracking service's MongoDB database.
//
// Only the MongoDB store imports it.
package savedreports

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/stripes"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Collection has the saved reports.
const Collection = "saved_reports"

// reportDocument is a saved report as it is stored.
type reportDocument struct {
	ID           string             `bson:"_id"`
	DisplayName  string             `bson:"display_name"`
	Columns      []string           `bson:"columns,omitempty"`
	Filter       string             `bson:"filter,omitempty"`
	OrderBy      string             `bson:"order_by,omitempty"`
	Range        rollup.ReportRange `bson:"range,omitempty"`
	StartDate    string             `bson:"start_date,omitempty"`
	EndDate      string             `bson:"end_date,omitempty"`
	GroupBy      []rollup.Dimension `bson:"group_by,omitempty"`
	GroupOrderBy string             `bson:"group_order_by,omitempty"`
	CreateTime   time.Time          `bson:"create_time"`
	UpdateTime   time.Time          `bson:"update_time"`
	Revision     int64              `bson:"revision"`
}

func encodeReport(r rollup.SavedReport) *reportDocument {
	return &reportDocument{
		ID: r.ID, DisplayName: r.DisplayName, Columns: r.Columns, Filter: r.Filter, OrderBy: r.OrderBy, Range: r.Range,
		StartDate: r.StartDate, EndDate: r.EndDate, GroupBy: r.GroupBy, GroupOrderBy: r.GroupOrderBy,
		CreateTime: r.CreateTime, UpdateTime: r.UpdateTime, Revision: r.Revision,
	}
}

func (d *reportDocument) decode() rollup.SavedReport {
	return rollup.SavedReport{
		ID: d.ID, DisplayName: d.DisplayName, Columns: d.Columns, Filter: d.Filter, OrderBy: d.OrderBy, Range: d.Range,
		StartDate: d.StartDate, EndDate: d.EndDate, GroupBy: d.GroupBy, GroupOrderBy: d.GroupOrderBy,
		CreateTime: d.CreateTime.UTC(), UpdateTime: d.UpdateTime.UTC(), Revision: d.Revision,
	}
}

// Store stores saved reports.
type Store struct {
	db *mongodb.DB
	// updating is by the id of a report.
	updating *stripes.Stripes
}

// New returns a Store on a database.
func New(db *mongodb.DB) *Store { return &Store{db: db, updating: stripes.New()} }

// InsertSavedReport stores a new report. It counts before it inserts, so that several at one moment may
// all find the last place.
func (s *Store) InsertSavedReport(ctx context.Context, report rollup.SavedReport, most int) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		_, err := s.SavedReport(ctx, report.ID)
		if err == nil {
			return domain.ErrExists
		}
		if !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		count, err := s.db.Collection(Collection).CountDocuments(ctx, bson.D{})
		if err != nil {
			return mongodoc.Failure("counting the saved reports", err)
		}
		if count >= int64(most) {
			return domain.ErrLimitReached
		}
		_, err = s.db.Collection(Collection).InsertOne(ctx, encodeReport(report))
		if mongodb.IsUnique(err) {
			return domain.ErrExists
		}
		return mongodoc.Failure("inserting a saved report", err)
	})
}

// UpdateSavedReport replaces a report by the result of change. The write requires that the report is unchanged
// since it was read; otherwise it is read again.
func (s *Store) UpdateSavedReport(
	ctx context.Context, id string, change func(rollup.SavedReport) (rollup.SavedReport, error),
) (stored rollup.SavedReport, err error) {
	err = s.changeReport(ctx, id, func(ctx context.Context, current rollup.SavedReport) (bool, error) {
		if stored, err = change(current); err != nil {
			return false, err
		}
		result, err := s.db.Collection(Collection).ReplaceOne(ctx, asRead(current), encodeReport(stored))
		if err != nil {
			return false, mongodoc.Failure("changing a saved report", err)
		}
		return result.MatchedCount > 0, nil
	})
	if err != nil {
		return rollup.SavedReport{}, err
	}
	return stored, nil
}

// DeleteSavedReport removes a report that check lets go, as it was when check saw it.
func (s *Store) DeleteSavedReport(ctx context.Context, id string, check func(rollup.SavedReport) error) error {
	return s.changeReport(ctx, id, func(ctx context.Context, current rollup.SavedReport) (bool, error) {
		if err := check(current); err != nil {
			return false, err
		}
		result, err := s.db.Collection(Collection).DeleteOne(ctx, asRead(current))
		if err != nil {
			return false, mongodoc.Failure("deleting a saved report", err)
		}
		return result.DeletedCount > 0, nil
	})
}

// changeReport reads a report and has it written, again while write says that it was another by then.
func (s *Store) changeReport(ctx context.Context, id string, write func(context.Context, rollup.SavedReport) (bool, error)) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		release, err := s.updating.Take(ctx, id)
		if err != nil {
			return err
		}
		defer release()
		return mongodoc.Repeated(ctx, func() error {
			current, err := s.SavedReport(ctx, id)
			if err != nil {
				return err
			}
			written, err := write(ctx, current)
			if err == nil && !written {
				return mongodoc.ErrChanged
			}
			return err
		})
	})
}

// asRead selects a report if it is still what was read, and not one that was made under its id since.
func asRead(r rollup.SavedReport) bson.D {
	return append(mongodoc.ByID(r.ID), bson.E{Key: "revision", Value: r.Revision}, bson.E{Key: "create_time", Value: r.CreateTime})
}

// SavedReport returns a report by its id, or domain.ErrNotFound.
func (s *Store) SavedReport(ctx context.Context, id string) (rollup.SavedReport, error) {
	return mongodoc.One(ctx, s.db, Collection, id, (*reportDocument).decode)
}

// SavedReports returns the reports that a query selects.
func (s *Store) SavedReports(ctx context.Context, q listing.Query) ([]rollup.SavedReport, error) {
	return mongodoc.List(ctx, s.db, Collection, q, (*reportDocument).decode)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{mongodoc.Moved(s.db, Collection, (*reportDocument).decode, func(r rollup.SavedReport) string { return r.ID }, mongodb.EachAlone(encodeReport))}
}

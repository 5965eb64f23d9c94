package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/clickage"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

var _ move.Database = (*Store)(nil)

// OpenToMove connects to the deployment that a URI names for a move. The schema is up to date; but nothing
// expires until the next start of a service, and figures stay by the days that they are by. Of a source,
// everything is counted.
func OpenToMove(ctx context.Context, uri string, role move.Role, now func() time.Time, opts ...mongodb.Option) (*Store, error) {
	ctx = mongodb.WithLimit(ctx, mongodb.MoveTimeout)
	db, err := mongodb.Open(ctx, uri, "tracking", append(opts, mongodb.ToMove(role))...)
	if err != nil {
		return nil, fmt.Errorf("opening the tracking store: %w", err)
	}
	var s *Store
	err = prepare(ctx, db, expiries{mongodb.WhileMoved, mongodb.WhileMoved, mongodb.WhileMoved, mongodb.WhileMoved, mongodb.WhileMoved})
	if err == nil {
		_, err = clickage.Prepare(ctx, db, mongodb.WhileMoved, now())
	}
	if err == nil {
		s, err = newMoving(ctx, db, now)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", mongodb.StartFailure(err)), db.Close())
	}
	if role == move.Source {
		err := s.countAll(ctx)
		if err == nil {
			err = s.addDiscounts(ctx)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("counting what is not in the figures yet: %w", err), s.Close())
		}
	}
	return s, nil
}

// newMoving returns a store whose calendar is that of the figures that are kept.
func newMoving(ctx context.Context, db *mongodb.DB, now func() time.Time) (*Store, error) {
	s := &Store{db: db, calendar: rollup.NewCalendar(time.UTC)}
	p, _, err := s.readProgress(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return nil, fmt.Errorf("figures are by the days of a zone that is not known here: %w", err)
	}
	return newStore(db, rollup.NewCalendar(zone), now), nil
}

// Tables implements move.Database. What others refer to comes before them.
func (s *Store) Tables() []move.Table {
	return mongodb.Patient(slices.Concat(
		[]move.Table{
			mongodoc.Moved(s.db, conversions, (*conversionDocument).decode, func(c domain.Conversion) string { return c.ID }, mongodb.EachAlone(encodeConversion)),
			mongodoc.Moved(s.db, clicks, (*clickDocument).decode, func(c domain.Click) string { return c.ID }, mongodb.EachAlone(encodeMovedClick)),
			mongodoc.Moved(s.db, postbacks, (*record.Postback).Decode, func(p domain.Postback) string { return p.ID }, mongodb.EachAlone(record.EncodePostback)),
		},
		s.sentDeliveries.Tables(), s.couponUses.Tables(), s.deferredReports.Tables(), s.couponAnswers.Tables(), s.savedReports.Tables(), s.offerScans.Tables(),
		[]move.Table{s.cellsToMove(), s.countedToMove()},
	)...)
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.db.SetMoveState(ctx, state)
}

// encodeMovedClick returns a click that is counted already, as those are from before there were batches. So are
// conversions without a mark.
func encodeMovedClick(c domain.Click) *clickDocument {
	d := encodeClick(c)
	d.Batch = 0
	return d
}

package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
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
	err = prepare(ctx, db, expiries{mongodb.WhileMoved, mongodb.WhileMoved, mongodb.WhileMoved, mongodb.WhileMoved})
	if err == nil {
		s, err = newMoving(ctx, db, now)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the tracking store: %w", mongodb.StartFailure(err)), db.Close())
	}
	if role == move.Source {
		if err := s.countAll(ctx); err != nil {
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
	return mongodb.Patient(
		toMove(s, conversions, (*conversionDocument).decode, func(c domain.Conversion) string { return c.ID }, eachAlone(encodeConversion)),
		toMove(s, clicks, (*clickDocument).decode, func(c domain.Click) string { return c.ID }, eachAlone(encodeMovedClick)),
		toMove(s, postbacks, (*record.Postback).Decode, func(p domain.Postback) string { return p.ID }, eachAlone(record.EncodePostback)),
		toMove(s, deliveries, (*deliveryDocument).decode, func(d domain.Delivery) string { return d.ID }, eachAlone(encodeDelivery)),
		toMove(s, couponUses, (*counter).decode, func(u domain.CouponUses) string { return encodeUses(u).ID }, eachAlone(encodeUses)),
		toMove(s, deferred, (*deferredDocument).decode, func(d domain.Deferred) string { return d.ID }, eachAlone(encodeDeferred)),
		toMove(s, answers, (*answerDocument).decode, answerID, eachAlone(encodeAnswer)),
		toMove(s, savedReports, (*reportDocument).decode, func(r rollup.SavedReport) string { return r.ID }, eachAlone(encodeReport)),
		toMove(s, offerScans, (*scanDocument).decode, func(o redirect.OfferScan) string { return o.ID }, eachAlone(encodeScan)),
		toMove(s, offerScanResults, (*resultDocument).decode, func(r redirect.OfferScanResult) string { return resultID(r.Scan, r.Coupon) }, s.encodeResults),
		s.cellsToMove(), s.countedToMove(),
	)
}

// MoveState implements move.Database.
func (s *Store) MoveState(ctx context.Context) (move.State, error) { return s.db.MoveState(ctx) }

// SetMoveState implements move.Database.
func (s *Store) SetMoveState(ctx context.Context, state move.State) error {
	return s.db.SetMoveState(ctx, state)
}

// toMove returns a collection as it is moved, in the order of its ids.
func toMove[D, T any](
	s *Store, name string, decode func(*D) T, id func(T) string, encode func(context.Context, []T) ([]any, error),
) move.Table {
	return move.TableOf(name, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		records, err := all(ctx, s.db, name, comesAfter(after), inOrder(limit), decode)
		if len(records) > 0 {
			after = id(records[len(records)-1])
		}
		return records, after, err
	}, func(ctx context.Context, records []T) error {
		documents, err := encode(ctx, records)
		if err != nil {
			return err
		}
		keyed := make([]mongodb.Keyed, len(records))
		for i, record := range records {
			keyed[i] = mongodb.Keyed{ID: id(record), Document: documents[i]}
		}
		return s.db.ReplaceAll(ctx, name, keyed)
	})
}

// eachAlone encodes records one by one.
func eachAlone[D, T any](encode func(T) D) func(context.Context, []T) ([]any, error) {
	return func(_ context.Context, records []T) ([]any, error) {
		documents := make([]any, len(records))
		for i, record := range records {
			documents[i] = encode(record)
		}
		return documents, nil
	}
}

func comesAfter(id string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: id}}}}
}

func inOrder(limit int) *options.FindOptionsBuilder {
	return options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit))
}

// encodeMovedClick returns a click that is counted already, as those are from before there were batches. So are
// conversions without a mark.
func encodeMovedClick(c domain.Click) *clickDocument {
	d := encodeClick(c)
	d.Batch = 0
	return d
}

// encodeUses returns how often a coupon was used as it is stored. It expires some hours from when it would
// have otherwise, since the zone of its day is not known here.
func encodeUses(u domain.CouponUses) *counter {
	c := &counter{ID: u.Coupon, Coupon: u.Coupon, Day: u.Day, ETag: u.ETag, Uses: u.Uses}
	if u.Day != "" {
		c.ID += "|" + u.Day
		c.BeginTime, _ = time.Parse(time.DateOnly, u.Day) // what is no day never expires
	}
	return c
}

func (c *counter) decode() domain.CouponUses {
	return domain.CouponUses{Coupon: c.Coupon, Day: c.Day, ETag: c.ETag, Uses: c.Uses}
}

// encodeScan returns a scan that nobody holds.
func encodeScan(o redirect.OfferScan) *scanDocument {
	d := &scanDocument{
		ID: o.ID, Offer: o.Offer, State: o.State, Device: o.Device, Language: o.Language, LinkCount: o.LinkCount, ScannedCount: o.ScannedCount,
		ErrorCount: o.ErrorCount, WarningCount: o.WarningCount, CreateTime: o.CreateTime, EndTime: o.EndTime, Slot: freeSlot(o.ID), FreeTime: o.CreateTime,
	}
	if o.State == redirect.ScanRunning {
		d.Slot = o.Offer
	}
	return d
}

// encodeResults returns the results of scans as they are stored. They expire with their scans, which are there.
func (s *Store) encodeResults(ctx context.Context, results []redirect.OfferScanResult) ([]any, error) {
	ids := make([]string, len(results))
	for i, r := range results {
		ids[i] = r.Scan
	}
	found, err := all(ctx, s.db, offerScans, among("_id", ids), options.Find(), (*scanDocument).decode)
	if err != nil {
		return nil, err
	}
	created := make(map[string]time.Time, len(found))
	for _, scan := range found {
		created[scan.ID] = scan.CreateTime
	}
	documents := make([]any, len(results))
	for i, r := range results {
		scan := scanDocument{ID: r.Scan, CreateTime: created[r.Scan]}
		if scan.CreateTime.IsZero() {
			scan.CreateTime = r.ScanTime
		}
		documents[i] = encodeResult(r, &scan)
	}
	return documents, nil
}

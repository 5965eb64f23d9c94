// Package offerscans stores scans of offers, and their results in the tracking service's MongoDB database.
//
// Only the MongoDB store imports it.
package offerscans

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Collection has the scans.
const Collection = "offer_scans"

// Results has the results, one for each link.
const Results = "offer_scan_results"

// scanDocument is a scan of an offer as it is stored.
type scanDocument struct {
	ID           string                  `bson:"_id"`
	Offer        string                  `bson:"offer"`
	State        redirect.OfferScanState `bson:"state"`
	Device       redirect.Device         `bson:"device"`
	Language     string                  `bson:"language"`
	LinkCount    int                     `bson:"link_count"`
	ScannedCount int                     `bson:"scanned_count"`
	ErrorCount   int                     `bson:"error_count"`
	WarningCount int                     `bson:"warning_count"`
	CreateTime   time.Time               `bson:"create_time"`
	EndTime      time.Time               `bson:"end_time,omitempty"`
	// Slot is what only one scan can have: the offer's while it runs, afterwards one that is its own.
	Slot string `bson:"slot"`
	// Holder is the name of the hold on it, until FreeTime; "" if it is free.
	Holder   string    `bson:"holder"`
	FreeTime time.Time `bson:"free_time"`
}

func (d *scanDocument) decode() redirect.OfferScan {
	s := redirect.OfferScan{
		ID: d.ID, Offer: d.Offer, State: d.State, Device: d.Device, Language: d.Language, LinkCount: d.LinkCount,
		ScannedCount: d.ScannedCount, ErrorCount: d.ErrorCount, WarningCount: d.WarningCount, CreateTime: d.CreateTime.UTC(),
	}
	if !d.EndTime.IsZero() {
		s.EndTime = d.EndTime.UTC()
	}
	return s
}

// Store stores scans of offers.
type Store struct{ db *mongodb.DB }

// New returns a Store on a database.
func New(db *mongodb.DB) *Store { return &Store{db: db} }

// InsertOfferScan stores a new scan, unless one of the offer has the slot.
func (s *Store) InsertOfferScan(ctx context.Context, scan redirect.OfferScan) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		scan.State = redirect.ScanRunning
		_, err := s.db.Collection(Collection).InsertOne(ctx, encodeScan(scan))
		if mongodb.IsUnique(err) {
			return domain.ErrExists
		}
		return mongodoc.Failure("inserting a scan", err)
	})
}

// OfferScan returns a scan by its id, or domain.ErrNotFound.
func (s *Store) OfferScan(ctx context.Context, id string) (redirect.OfferScan, error) {
	return mongodoc.One(ctx, s.db, Collection, id, (*scanDocument).decode)
}

// OfferScans returns the scans that a query selects.
func (s *Store) OfferScans(ctx context.Context, q listing.Query) ([]redirect.OfferScan, error) {
	return mongodoc.List(ctx, s.db, Collection, q, (*scanDocument).decode)
}

// EndOfferScan ends a running scan and frees its slot. It counts the results again, since the process that wrote
// the last one may have died before it counted.
func (s *Store) EndOfferScan(ctx context.Context, id string, state redirect.OfferScanState, now time.Time) (ended redirect.OfferScan, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		_, err := s.db.Collection(Collection).UpdateOne(ctx, append(mongodoc.ByID(id), running()...), mongodoc.Set(bson.D{
			{Key: "state", Value: state},
			{Key: "end_time", Value: now},
			{Key: "slot", Value: freeSlot(id)},
			{Key: "holder", Value: ""},
		}))
		if err != nil {
			return mongodoc.Failure("ending a scan", err)
		}
		if err := s.countResults(ctx, id); err != nil {
			return err
		}
		ended, err = s.OfferScan(ctx, id)
		return err
	})
	return ended, err
}

// freeSlot is the slot of a scan that has ended. No offer's id begins with a slash.
func freeSlot(id string) string { return "/" + id }

func running() bson.D { return bson.D{{Key: "state", Value: redirect.ScanRunning}} }

// held selects a running scan that is still the holder's.
func held(hold redirect.Hold) bson.D {
	return append(append(mongodoc.ByID(hold.Scan), bson.E{Key: "holder", Value: hold.Holder}), running()...)
}

// ClaimOfferScan claims the running scan that has waited longest. Of two concurrent claims one succeeds, since a
// claim is a single conditional write.
func (s *Store) ClaimOfferScan(ctx context.Context, now time.Time, hold redirect.Hold) (claimed redirect.OfferScan, err error) {
	err = mongodoc.Within(ctx, func(ctx context.Context) error {
		var found scanDocument
		err := s.db.Collection(Collection).FindOneAndUpdate(ctx,
			append(running(), bson.E{Key: "free_time", Value: bson.D{{Key: "$lte", Value: now}}}),
			mongodoc.Set(bson.D{{Key: "holder", Value: hold.Holder}, {Key: "free_time", Value: hold.Until}}),
			options.FindOneAndUpdate().SetSort(bson.D{{Key: "free_time", Value: 1}, {Key: "_id", Value: 1}}).SetReturnDocument(options.After),
		).Decode(&found)
		claimed = found.decode()
		return mongodoc.ReadFailure("claiming a scan", err)
	})
	return claimed, err
}

// KeepOfferScan makes a hold last and notes how many links there are.
func (s *Store) KeepOfferScan(ctx context.Context, hold redirect.Hold, links int) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		_, err := s.extend(ctx, hold, bson.E{Key: "link_count", Value: links})
		return err
	})
}

// extend makes a hold last, sets fields of its scan, and returns that; domain.ErrNotFound where it is the
// holder's no more.
func (s *Store) extend(ctx context.Context, hold redirect.Hold, fields ...bson.E) (*scanDocument, error) {
	var found scanDocument
	err := s.db.Collection(Collection).FindOneAndUpdate(ctx, held(hold), mongodoc.Set(append(bson.D{{Key: "free_time", Value: hold.Until}}, fields...))).Decode(&found)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, domain.ErrNotFound
	}
	return &found, mongodoc.Failure("keeping a scan", err)
}

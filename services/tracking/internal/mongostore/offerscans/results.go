package offerscans

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/redirect"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// resultDocument is what a scan found about one link. Its `_id` is made of scan and coupon, so that there
// is one.
type resultDocument struct {
	ID           string `bson:"_id"`
	Scan         string `bson:"scan"`
	Coupon       string `bson:"coupon"`
	TrackingLink string `bson:"tracking_link"`
	OK           bool   `bson:"ok"`
	// Severity is that of the worst problem; "" if no problem was found.
	Severity redirect.Severity `bson:"severity"`
	Problems []record.Problem  `bson:"problems,omitempty"`
	FinalURL string            `bson:"final_url"`
	HopCount int               `bson:"hop_count"`
	ScanTime time.Time         `bson:"scan_time"`
	// CreateTime is the scan's, with which the result expires.
	CreateTime time.Time `bson:"create_time"`
}

func resultID(scan, coupon string) string { return scan + "/" + coupon }

func encodeResult(r redirect.OfferScanResult, scan *scanDocument) *resultDocument {
	return &resultDocument{
		ID: resultID(scan.ID, r.Coupon), Scan: scan.ID, Coupon: r.Coupon, TrackingLink: r.TrackingLink, OK: r.OK(), Severity: r.Worst(),
		Problems: record.EncodeProblems(r.Problems), FinalURL: r.FinalURL, HopCount: r.HopCount, ScanTime: r.ScanTime, CreateTime: scan.CreateTime,
	}
}

func (d *resultDocument) decode() redirect.OfferScanResult {
	return redirect.OfferScanResult{
		Scan: d.Scan, OfferLink: redirect.OfferLink{Coupon: d.Coupon, TrackingLink: d.TrackingLink},
		Problems: record.DecodeProblems(d.Problems), FinalURL: d.FinalURL, HopCount: d.HopCount, ScanTime: d.ScanTime.UTC(),
	}
}

// AddOfferScanResult stores a result and recounts them all, so that a crash in between leaves nothing uncounted
// or counted twice.
func (s *Store) AddOfferScanResult(ctx context.Context, hold redirect.Hold, result redirect.OfferScanResult) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		scan, err := s.extend(ctx, hold)
		if err != nil {
			return err
		}
		d := encodeResult(result, scan)
		_, err = s.db.Collection(Results).ReplaceOne(ctx, mongodoc.ByID(d.ID), d, options.Replace().SetUpsert(true))
		if err != nil {
			return mongodoc.Failure("storing what was found about a link", err)
		}
		return s.countResults(ctx, scan.ID)
	})
}

// countResults makes a scan's counts those of its results. Results only become more: where another one
// that counts at the same time has found more, it is right.
func (s *Store) countResults(ctx context.Context, scan string) error {
	var counts [3]int64
	for i, severity := range []redirect.Severity{redirect.Grave, redirect.Doubtful, ""} {
		filter := bson.D{{Key: "scan", Value: scan}, {Key: "severity", Value: severity}}
		count, err := s.db.Collection(Results).CountDocuments(ctx, filter)
		if err != nil {
			return mongodoc.Failure("counting what a scan found", err)
		}
		counts[i] = count
	}
	all := counts[0] + counts[1] + counts[2]
	_, err := s.db.Collection(Collection).UpdateOne(ctx,
		append(mongodoc.ByID(scan), bson.E{Key: "scanned_count", Value: bson.D{{Key: "$lte", Value: all}}}),
		mongodoc.Set(bson.D{
			{Key: "scanned_count", Value: all},
			{Key: "error_count", Value: counts[0]},
			{Key: "warning_count", Value: counts[1]},
		}))
	return mongodoc.Failure("noting what a scan found", err)
}

// ScannedCoupons returns the names of the coupons that have results in a scan.
func (s *Store) ScannedCoupons(ctx context.Context, scan string) ([]string, error) {
	opts := options.Find().SetSort(bson.D{{Key: "coupon", Value: 1}}).SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "coupon", Value: 1}})
	return mongodoc.All(ctx, s.db, Results, bson.D{{Key: "scan", Value: scan}}, opts, func(d *resultDocument) string { return d.Coupon })
}

// OfferScanResults returns the results that a query selects.
func (s *Store) OfferScanResults(ctx context.Context, q listing.Query) ([]redirect.OfferScanResult, error) {
	return mongodoc.List(ctx, s.db, Results, q, (*resultDocument).decode)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{
		mongodoc.Moved(s.db, Collection, (*scanDocument).decode, func(o redirect.OfferScan) string { return o.ID }, mongodb.EachAlone(encodeScan)),
		mongodoc.Moved(s.db, Results, (*resultDocument).decode, func(r redirect.OfferScanResult) string { return resultID(r.Scan, r.Coupon) }, s.encodeResults),
	}
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
	found, err := mongodoc.All(ctx, s.db, Collection, mongodoc.Among("_id", ids), options.Find(), (*scanDocument).decode)
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

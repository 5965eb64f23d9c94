// Package couponimport brings the coupons of a CSV file to the coupon service, in batches that the
// service takes, and says what became of each row. It sees the gRPC contract only.
//
// The gateway's REST and its console import it; of ours it imports couponcsv and apperr.
package couponimport

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
)

// AnyOffer is the parent of an import whose rows name their offers.
const AnyOffer = "offers/-"

// Request asks for the import of a file.
type Request struct {
	// Parent is the offer, `offers/{offer}`, or AnyOffer.
	Parent string
	// File is the CSV; see couponcsv.Read for its forms and bounds.
	File []byte
	// Zone is the program's time zone, by whose days coupons start and expire.
	Zone *time.Location
	// ValidateOnly says that nothing is to be stored.
	ValidateOnly bool
}

// Row is what became of one row: either Coupon or Fault is set.
type Row struct {
	// Number is the row's number as a spreadsheet shows it: the header is row 1.
	Number int
	// Input is what the row says, as far as it could be read.
	Input couponcsv.Coupon
	// Coupon is the coupon as it is stored or, in a dry run, would be.
	Coupon *couponv1.Coupon
	// Fault is why it was refused; its field is a column's name.
	Fault *couponv1.BatchCreateCouponsFault
}

// Result is what became of a file.
type Result struct {
	// Rows are in the order of the file, without those that have no content.
	Rows []Row
	// Created counts the rows that are stored, or would be, and Failed the rows refused.
	Created, Failed int
}

// Run imports a file. A row that is refused keeps no other back. A dry run and an import that follows
// it give the same verdicts, as long as nothing else changes in between: both judge each row as if those
// above it were stored, and so find what is there twice. Rows are stored in batches, each wholly or not at
// all. When an import breaks off the same file can be imported again: rows that are stored already are
// refused with ALREADY_EXISTS then, and the rest is created.
//
// Errors: those of couponcsv.Read, and those of BatchCreateCoupons for a batch as a whole. With the
// latter the Result has the rows of the batches before, which are stored unless it was a dry run.
func Run(ctx context.Context, client couponv1.CouponServiceClient, req Request) (Result, error) {
	rows, err := couponcsv.Read(req.File, req.Zone, req.Parent == AnyOffer)
	if err != nil {
		return Result{}, err
	}
	run := &run{client: client, req: req, admitted: map[key]*couponv1.CreateCouponRequest{}}
	for _, row := range rows {
		creation, fault := creationOf(req.Parent, row)
		if fault != nil {
			run.waiting = append(run.waiting, Row{Number: row.Number, Input: row.Coupon, Fault: faultOf(fault)})
			continue
		}
		if !run.fits(creation) {
			if err := run.send(ctx); err != nil {
				return run.result, err
			}
		}
		run.add(Row{Number: row.Number, Input: row.Coupon}, creation)
	}
	err = run.send(ctx)
	return run.result, err
}

// creationOf returns the request for a row's coupon, or why there is none.
func creationOf(parent string, row couponcsv.Row) (*couponv1.CreateCouponRequest, *apperr.Error) {
	c := row.Coupon
	switch {
	case row.Fault != nil:
		return nil, row.Fault
	case parent == AnyOffer && c.Offer == "":
		return nil, apperr.Invalid("INVALID_OFFER", "offer", "is empty; the import is into no one offer, so that each row must name its own")
	case parent != AnyOffer && c.Offer != "" && c.Offer != parent:
		return nil, apperr.Invalid("INVALID_OFFER", "offer", "%.80q is not the offer of the import, %s", c.Offer, parent)
	}
	if parent == AnyOffer {
		parent = c.Offer
	}
	enabled := !c.Disabled
	return &couponv1.CreateCouponRequest{Parent: parent, Coupon: &couponv1.Coupon{
		Code: c.Code, Publisher: c.Publisher, StartTime: stamp(c.StartTime), ExpireTime: stamp(c.ExpireTime),
		InternalNote: c.InternalNote, Enabled: &enabled, UsageLimit: c.UsageLimit, DailyUsageLimit: c.DailyUsageLimit,
	}}, nil
}

// stamp returns a proto timestamp; nil for the zero time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// faultOf returns the fault of a row that was not sent, as the service would put it.
func faultOf(e *apperr.Error) *couponv1.BatchCreateCouponsFault {
	code := "INVALID_ARGUMENT"
	if e.Kind == apperr.FailedPrecondition {
		code = "FAILED_PRECONDITION"
	}
	fault := &couponv1.BatchCreateCouponsFault{Code: code, Reason: e.Reason, Message: e.Message}
	if len(e.Violations) > 0 {
		fault.Field = e.Violations[0].Field
	}
	return fault
}

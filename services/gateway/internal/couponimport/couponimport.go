// Package couponimport sends the coupons in a CSV file to the coupon service in batches, and returns the
// result for each row. It depends only on the service's gRPC contract.
//
// The gateway's REST API and console import it.
package couponimport

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/couponcsv"
	"github.com/couponlink/couponlink/services/internal/discount/discountproto"
)

// AnyOffer is the parent of an import whose rows each name their offer.
const AnyOffer = "offers/-"

// Request asks for the import of a file.
type Request struct {
	// Parent is the offer, `offers/{offer}`, or AnyOffer.
	Parent string
	// File is the CSV; see couponcsv.Read for its forms and bounds.
	File []byte
	// Zone is the program's time zone, which defines when a day starts and ends.
	Zone *time.Location
	// ValidateOnly means that nothing is stored.
	ValidateOnly bool
	// RequestID is a UUID under which the import can be repeated: batches that are stored give their first results again.
	// "" for none.
	RequestID string
}

// Row is the result for one row. Either Coupon or Fault is set.
type Row struct {
	// Number is the row's number as a spreadsheet shows it: the header is row 1.
	Number int
	// Input has the row's values, as far as they could be read.
	Input couponcsv.Coupon
	// Coupon is the coupon as stored or, in a dry run, as it would be.
	Coupon *couponv1.Coupon
	// Fault says why the row was refused. Its field is a column's name.
	Fault *couponv1.BatchCreateCouponsFault
}

// Result is the result of an import.
type Result struct {
	// Rows are in the order of the file, without empty ones.
	Rows []Row
	// Created counts the rows that were stored or, in a dry run, would be. Failed counts the rows that were
	// refused.
	Created, Failed int
}

// Run imports a file. A refused row does not stop the others. Each row is checked as if the rows above it
// were stored, even in a dry run, so that duplicates in the file are found and a dry run gives the same
// results as the import. Rows are stored in batches, each entirely or not at all. If an import is cut short,
// import the same file again: rows that are already stored are refused with ALREADY_EXISTS, and the rest are
// created.
//
// Errors: those of couponcsv.Read, and those of BatchCreateCoupons for a batch as a whole. With the latter,
// Result has the rows of the earlier batches, which are stored unless it is a dry run.
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

// creationOf returns the request that creates a row's coupon, or what is wrong with the row.
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
		Discount: discountproto.OfDiscount(c.Discount),
	}}, nil
}

// stamp returns a proto timestamp; nil for the zero time.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// faultOf returns the fault of a row that was not sent, in the service's form.
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

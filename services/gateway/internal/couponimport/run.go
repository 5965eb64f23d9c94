package couponimport

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/couponcode"
)

// The bounds of a batch. The service accepts 1,000 coupons, and a message of 1 MiB is stored quickly. The
// framing of each coupon takes a few bytes.
const (
	maxBatchCoupons = 1000
	maxBatchBytes   = 900 << 10
	frameBytes      = 16
)

// key identifies a coupon by offer, publisher and code or, if publisher is "", a code on an offer.
type key struct{ offer, publisher, code string }

// run is a running import.
type run struct {
	client couponv1.CouponServiceClient
	req    Request
	result Result
	// waiting has the rows since the last batch, in order. batch has the requests of those without a fault.
	waiting []Row
	batch   []*couponv1.CreateCouponRequest
	// carried has coupons that earlier batches of a dry run admitted. They are sent again so that the service
	// recognizes duplicates in this batch.
	carried []*couponv1.CreateCouponRequest
	bytes   int
	// calls counts the batches that were sent.
	calls int
	// admitted has the coupons that a dry run admitted, by both kinds of key.
	admitted map[key]*couponv1.CreateCouponRequest
}

// keysOf returns both keys of a coupon.
func keysOf(creation *couponv1.CreateCouponRequest) [2]key {
	code := couponcode.Fold(creation.GetCoupon().GetCode())
	return [2]key{{creation.GetParent(), creation.GetCoupon().GetPublisher(), code}, {creation.GetParent(), "", code}}
}

// needed returns the coupons to carry so that a coupon is checked as if all rows above it were stored: the
// same coupon, and the first with its code by any publisher, because the offer may have unique codes.
func (r *run) needed(creation *couponv1.CreateCouponRequest) []*couponv1.CreateCouponRequest {
	var needed []*couponv1.CreateCouponRequest
	for _, k := range keysOf(creation) {
		// A coupon is carried as the request that it was first sent with.
		before := r.admitted[k]
		if before == nil || slices.Contains(r.carried, before) || slices.Contains(needed, before) {
			continue
		}
		needed = append(needed, before)
	}
	return needed
}

// fits reports whether a coupon and what it needs still fit into the batch.
func (r *run) fits(creation *couponv1.CreateCouponRequest) bool {
	needed := append(r.needed(creation), creation)
	return len(r.carried)+len(r.batch)+len(needed) <= maxBatchCoupons && r.bytes+size(needed) <= maxBatchBytes
}

func size(creations []*couponv1.CreateCouponRequest) int {
	total := 0
	for _, one := range creations {
		total += proto.Size(one) + frameBytes
	}
	return total
}

// add puts a row and its coupon into the batch.
func (r *run) add(row Row, creation *couponv1.CreateCouponRequest) {
	needed := r.needed(creation)
	r.carried = append(r.carried, needed...)
	r.bytes += size(needed) + size([]*couponv1.CreateCouponRequest{creation})
	r.batch = append(r.batch, creation)
	r.waiting = append(r.waiting, row)
}

// send sends the batch, and moves the waiting rows to the result.
func (r *run) send(ctx context.Context) error {
	var results []*couponv1.BatchCreateCouponsResult
	if len(r.batch) > 0 {
		var err error
		if results, err = r.call(ctx); err != nil {
			return err
		}
	}
	next := 0
	for _, row := range r.waiting {
		if row.Fault == nil {
			row.Coupon, row.Fault = results[next].GetCoupon(), results[next].GetFault()
			if row.Fault == nil {
				r.admit(r.batch[next])
			}
			next++
		}
		if row.Fault == nil {
			r.result.Created++
		} else {
			r.result.Failed++
		}
		r.result.Rows = append(r.result.Rows, row)
	}
	r.waiting, r.batch, r.carried, r.bytes = nil, nil, nil, 0
	return nil
}

// call returns the results of the batch, without those of carried coupons.
func (r *run) call(ctx context.Context) ([]*couponv1.BatchCreateCouponsResult, error) {
	all := slices.Concat(r.carried, r.batch)
	answer, err := r.client.BatchCreateCoupons(ctx, &couponv1.BatchCreateCouponsRequest{
		Parent: r.req.Parent, Requests: all, ValidateOnly: r.req.ValidateOnly, RequestId: r.nextID(),
	})
	if err != nil {
		return nil, err
	}
	if len(answer.GetResults()) != len(all) {
		return nil, fmt.Errorf("the coupon service answered %d results to %d coupons", len(answer.GetResults()), len(all))
	}
	return answer.GetResults()[len(r.carried):], nil
}

// nextID returns the request id of the next batch, "" if the import has none. It follows from the import's id and the
// batch's number, so the batches of the same file get the same ids again.
func (r *run) nextID() string {
	r.calls++
	id, err := uuid.Parse(r.req.RequestID)
	if err != nil || r.req.ValidateOnly {
		return ""
	}
	return uuid.NewSHA1(id, fmt.Appendf(nil, "batch %d", r.calls)).String()
}

// admit records a coupon that a dry run would store. In an import, the service itself knows what is stored.
func (r *run) admit(creation *couponv1.CreateCouponRequest) {
	if !r.req.ValidateOnly {
		return
	}
	for _, k := range keysOf(creation) {
		if r.admitted[k] == nil {
			r.admitted[k] = creation
		}
	}
}

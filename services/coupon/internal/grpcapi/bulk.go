package grpcapi

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/rpcstatus"
)

// maxBatchSharers bounds the publishers in shared_with for each result of a batch. With more, the response
// could exceed what clients accept.
const maxBatchSharers = 10

// BatchCreateCoupons stores many coupons and returns a result for each.
func (s *couponServer) BatchCreateCoupons(
	ctx context.Context, req *couponv1.BatchCreateCouponsRequest,
) (*couponv1.BatchCreateCouponsResponse, error) {
	return once(ctx, s, req, (*couponServer).batchCreateCoupons)
}

func (s *couponServer) batchCreateCoupons(
	ctx context.Context, req *couponv1.BatchCreateCouponsRequest,
) (*couponv1.BatchCreateCouponsResponse, error) {
	if _, err := resource.ParseParent(req.GetParent()); err != nil {
		return nil, err
	}
	batch := app.Batch{Atomic: req.GetAtomic(), ValidateOnly: req.GetValidateOnly(), Rows: make([]app.BatchRow, len(req.GetRequests()))}
	for i, one := range req.GetRequests() {
		if one.GetRequestId() != "" {
			return nil, apperr.Invalid("INVALID_REQUESTS", "requests", "requests[%d] has a request_id; a batch has one for all its coupons", i)
		}
		parent, err := parentInBatch(i, one.GetParent(), req.GetParent())
		if err != nil {
			return nil, err
		}
		batch.Rows[i].Draft, batch.Rows[i].Unread = draftOf(parent, one.GetCoupon())
	}
	results, err := s.flow.CreateCoupons(ctx, batch)
	if err != nil {
		return nil, err
	}
	answer := &couponv1.BatchCreateCouponsResponse{Results: make([]*couponv1.BatchCreateCouponsResult, len(results))}
	for i, result := range results {
		if answer.Results[i], err = s.batchResult(result); err != nil {
			return nil, err
		}
		if result.Fault == nil {
			answer.CreatedCount++
		}
	}
	return answer, nil
}

// parentInBatch returns the parent of a coupon in a batch. If the batch names an offer, the coupon's parent
// must be that offer or empty.
func parentInBatch(index int, own, batch string) (string, error) {
	if batch == resource.AnyOffer {
		return own, nil
	}
	if own != "" && own != batch {
		return "", apperr.Invalid("INVALID_REQUESTS", "requests", "requests[%d] names the parent %q, not the batch's %s; with offers/- each names its own",
			index, own, batch)
	}
	return batch, nil
}

// batchResult returns the proto of the result for one coupon of a batch.
func (s *couponServer) batchResult(result app.BatchResult) (*couponv1.BatchCreateCouponsResult, error) {
	if result.Fault != nil {
		return &couponv1.BatchCreateCouponsResult{Fault: batchFault(result.Fault)}, nil
	}
	result.Shared.With = result.Shared.With[:min(len(result.Shared.With), maxBatchSharers)]
	coupon, err := s.answer(result.Shared, nil)
	return &couponv1.BatchCreateCouponsResult{Coupon: coupon}, err
}

// batchFault returns the proto of the error for one coupon of a batch.
func batchFault(fault *apperr.Error) *couponv1.BatchCreateCouponsFault {
	m := &couponv1.BatchCreateCouponsFault{
		Code:       codeName(fault.Kind),
		Reason:     fault.Reason,
		Message:    rpcstatus.Clean(fault.Message),
		Suggestion: rpcstatus.Clean(fault.Metadata["suggestion"]),
	}
	if fault.Kind == apperr.InvalidArgument {
		m.Field = fault.Violations[0].Field
	}
	return m
}

// codeName returns the name of the gRPC code for the error that refused a coupon, such as ALREADY_EXISTS.
func codeName(kind apperr.Kind) string {
	switch kind {
	case apperr.InvalidArgument:
		return "INVALID_ARGUMENT"
	case apperr.NotFound:
		return "NOT_FOUND"
	case apperr.AlreadyExists:
		return "ALREADY_EXISTS"
	case apperr.FailedPrecondition:
		return "FAILED_PRECONDITION"
	default: // no coupon is refused with another kind
		return "UNKNOWN"
	}
}

// GenerateCoupons generates codes and stores a coupon for each.
func (s *couponServer) GenerateCoupons(ctx context.Context, req *couponv1.GenerateCouponsRequest) (*couponv1.GenerateCouponsResponse, error) {
	return once(ctx, s, req, (*couponServer).generateCoupons)
}

func (s *couponServer) generateCoupons(ctx context.Context, req *couponv1.GenerateCouponsRequest) (*couponv1.GenerateCouponsResponse, error) {
	draft, unread := draftOf(req.GetParent(), req.GetCoupon())
	if req.GetCoupon() == nil {
		return nil, unread
	}
	series := domain.Series{Count: int(req.GetCount()), Prefix: req.GetPrefix(), Length: int(req.GetLength())}
	if unread != nil || req.GetValidateOnly() {
		return &couponv1.GenerateCouponsResponse{}, apperr.Join(unread, s.flow.TryCoupons(ctx, draft, series))
	}
	codes, err := s.flow.GenerateCoupons(ctx, draft, series)
	if err != nil {
		return nil, err
	}
	return &couponv1.GenerateCouponsResponse{Codes: codes}, nil
}

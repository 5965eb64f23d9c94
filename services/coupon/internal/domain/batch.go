package domain

import (
	"strconv"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// MaxBatchCoupons is the largest number of coupons in a batch.
const MaxBatchCoupons = 1000

// CheckBatch refuses a batch with no coupons or too many: INVALID_REQUESTS on `requests`.
func CheckBatch(count int) error {
	if count < 1 || count > MaxBatchCoupons {
		return invalid("requests", "the batch has %d coupons; it must have 1 to 1,000", count)
	}
	return nil
}

// BatchRefused returns the error for a batch that is refused because of one of its coupons, counted from 0:
// FAILED_PRECONDITION, BATCH_REFUSED, with the coupon's own reason and its index as metadata.
func BatchRefused(index int, fault *apperr.Error) error {
	return apperr.New(apperr.FailedPrecondition, "BATCH_REFUSED", "nothing was stored: requests[%d]: %s", index, fault.Message).
		With("index", strconv.Itoa(index)).
		With("refused_with", fault.Reason)
}

package domain

import (
	"errors"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

var (
	// ErrNotFound is returned by a Store or a CouponClient if the thing asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists is returned by a Store if something with the same key is already stored.
	ErrExists = errors.New("exists already")
	// ErrLimitReached is returned by a Store if a coupon has no use left, or the maximum number is stored.
	ErrLimitReached = errors.New("limit reached")
	// ErrNotCounted is returned by a Store that has not finished computing its figures.
	ErrNotCounted = errors.New("not counted yet")
)

// CouponServiceUnavailable is the reason of errors while the coupon service cannot be reached.
const CouponServiceUnavailable = "COUPON_SERVICE_UNAVAILABLE"

// OrNotFound replaces ErrNotFound by an error for the caller, and returns others unchanged.
func OrNotFound(err error, reason, kind, id string) error {
	if errors.Is(err, ErrNotFound) {
		return apperr.New(apperr.NotFound, reason, "there is no %s %q", kind, id)
	}
	return err
}

package domain

import (
	"errors"
)

var (
	// ErrNotFound is returned by a Store or a CouponClient where the thing asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists is returned by a Store where the place of what is to be stored is taken.
	ErrExists = errors.New("exists already")
	// ErrLimitReached is returned by a Store where a coupon has no use left, or there is no room for more.
	ErrLimitReached = errors.New("limit reached")
	// ErrNotCounted is returned by a Store whose figures are not made yet.
	ErrNotCounted = errors.New("not counted yet")
)

// CouponServiceUnavailable is the reason of an error that says that the coupon service cannot be reached.
const CouponServiceUnavailable = "COUPON_SERVICE_UNAVAILABLE"

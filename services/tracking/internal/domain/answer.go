package domain

import (
	"time"
)

// CouponAnswer is an answer of the coupon service that is kept, to have it after a restart.
type CouponAnswer struct {
	// Kind and Key say what was asked.
	Kind, Key string
	// Body is the answer as the CouponClient encodes it; nil removes it.
	Body []byte
	// Time is when it was asked for.
	Time time.Time
}

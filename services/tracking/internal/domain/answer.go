package domain

import (
	"time"
)

// CouponAnswer is an answer of the coupon service, stored so that it survives a restart.
type CouponAnswer struct {
	// Kind and Key identify the question.
	Kind, Key string
	// Body is the answer as the CouponClient encodes it; nil removes it.
	Body []byte
	// Time is when the question was asked.
	Time time.Time
}

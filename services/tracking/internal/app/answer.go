package app

import (
	"time"
)

// Answer is an answer that a CouponClient keeps, to have it after a restart.
type Answer struct {
	// Kind and Key say what was asked.
	Kind, Key string
	// Body is the answer as the CouponClient encodes it; nil removes it.
	Body []byte
	// Time is when it was asked for.
	Time time.Time
}

package app

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
)

// Plan is what a conversion's changes up to a revision come to.
type Plan struct {
	// Conversion is the id, Revision what it had when the plan was made.
	Conversion string
	Revision   int64
	Deliveries []domain.Delivery
}

// Claim asks for deliveries that are due.
type Claim struct {
	Now time.Time
	// Until is until when those claimed are left to the claimant.
	Until time.Time
	// Holder is the claim's own name: no two claims have the same.
	Holder string
	// Skip are the ids of publishers to whom nothing is to be delivered now.
	Skip []string
	// Limit is how many are claimed at most.
	Limit int
}

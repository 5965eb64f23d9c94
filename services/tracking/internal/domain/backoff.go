package domain

import (
	"math"
	"time"
)

const (
	// firstPause is how long a delivery waits after its first failure; each further pause is pauseGrowth
	// times as long, up to maxPause.
	firstPause  = time.Second
	pauseGrowth = 2.5
	maxPause    = 24 * time.Hour
	// pauseJitter is by what part a pause is shorter or longer at random, so that what failed together
	// does not come back together.
	pauseJitter = 0.2
	// deliverWithin is how long a delivery is tried, from FirstDueTime on.
	deliverWithin = 3 * 24 * time.Hour
	// maxAttempts is how many attempts are kept.
	maxAttempts = 20
)

// RetryPause returns how long a delivery waits after its n-th failure in a row, n from 1 on. random is a
// number from 0 up to but not including 1. atLeast is what the endpoint asked for; it is granted up to a
// day.
func RetryPause(n int, random float64, atLeast time.Duration) time.Duration {
	longest := float64(maxPause) / (1 + pauseJitter)
	pause := min(float64(firstPause)*math.Pow(pauseGrowth, float64(n-1)), longest)
	pause *= 1 - pauseJitter + 2*pauseJitter*random
	return max(time.Duration(pause), min(atLeast, maxPause)).Truncate(time.Millisecond)
}

// Delivered returns the delivery after a try by which it arrived, as of now.
func (d Delivery) Delivered(attempt Attempt, now time.Time) Delivery {
	d = d.tried(attempt)
	d.State, d.DueTime, d.FinishTime = DeliveryDelivered, time.Time{}, now
	return d
}

// Failed returns the delivery after a try by which it did not arrive, as of now: due again after a pause,
// or given up where that would be too late.
func (d Delivery) Failed(attempt Attempt, pause time.Duration, now time.Time) Delivery {
	next := now.Add(pause)
	if next.After(d.FirstDueTime.Add(deliverWithin)) {
		return d.GivenUp(attempt, now)
	}
	d = d.tried(attempt)
	d.State, d.DueTime = DeliveryDue, next
	return d
}

// GivenUp returns the delivery after a try after which there is no point in another, as of now.
func (d Delivery) GivenUp(attempt Attempt, now time.Time) Delivery {
	d = d.tried(attempt)
	d.State, d.DueTime, d.FinishTime = DeliveryDead, time.Time{}, now
	return d
}

// PutBack returns the delivery due at a time, as one that was taken to be tried and was not.
func (d Delivery) PutBack(due time.Time) Delivery {
	d.State, d.DueTime = DeliveryDue, due
	return d
}

// tried returns the delivery with one more attempt, of which the last are kept.
func (d Delivery) tried(attempt Attempt) Delivery {
	kept := d.Attempts[max(0, len(d.Attempts)-(maxAttempts-1)):]
	d.Attempts = append(append(make([]Attempt, 0, len(kept)+1), kept...), attempt)
	d.AttemptCount++
	return d
}

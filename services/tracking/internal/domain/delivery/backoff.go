package delivery

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
	// pauseJitter is the fraction of a pause that is added or taken away at random, so that deliveries that
	// failed together are not retried together.
	pauseJitter = 0.2
	// deliverWithin is how long a delivery is retried, from FirstDueTime on.
	deliverWithin = 3 * 24 * time.Hour
	// maxAttempts bounds the attempts kept with a delivery; the oldest go first.
	maxAttempts = 20
)

// RetryPause returns how long a delivery waits after its n-th failure in a row, counting from 1. random is
// in [0, 1). atLeast is the pause that the endpoint asked for, honored up to a day.
func RetryPause(n int, random float64, atLeast time.Duration) time.Duration {
	longest := float64(maxPause) / (1 + pauseJitter)
	pause := min(float64(firstPause)*math.Pow(pauseGrowth, float64(n-1)), longest)
	pause *= 1 - pauseJitter + 2*pauseJitter*random
	return max(time.Duration(pause), min(atLeast, maxPause)).Truncate(time.Millisecond)
}

// Delivered returns the delivery after an attempt that succeeded at now.
func (d Delivery) Delivered(attempt Attempt, now time.Time) Delivery {
	d = d.tried(attempt)
	d.State, d.DueTime, d.FinishTime = Delivered, time.Time{}, now
	return d
}

// Failed returns the delivery after an attempt that failed at now: due again after a pause, or dead if that
// would be too late.
func (d Delivery) Failed(attempt Attempt, pause time.Duration, now time.Time) Delivery {
	next := now.Add(pause)
	if next.After(d.FirstDueTime.Add(deliverWithin)) {
		return d.GivenUp(attempt, now)
	}
	d = d.tried(attempt)
	d.State, d.DueTime = Due, next
	return d
}

// GivenUp returns the delivery as dead after an attempt at now that no retry would improve.
func (d Delivery) GivenUp(attempt Attempt, now time.Time) Delivery {
	d = d.tried(attempt)
	d.State, d.DueTime, d.FinishTime = Dead, time.Time{}, now
	return d
}

// PutBack returns a claimed delivery that was not attempted, due again at the given time.
func (d Delivery) PutBack(due time.Time) Delivery {
	d.State, d.DueTime = Due, due
	return d
}

// tried returns the delivery with one more attempt. Only the last maxAttempts are kept.
func (d Delivery) tried(attempt Attempt) Delivery {
	kept := d.Attempts[max(0, len(d.Attempts)-(maxAttempts-1)):]
	d.Attempts = append(append(make([]Attempt, 0, len(kept)+1), kept...), attempt)
	d.AttemptCount++
	return d
}

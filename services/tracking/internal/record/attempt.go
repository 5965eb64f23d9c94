package record

import (
	"time"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// Attempt is an attempt of a delivery.
type Attempt struct {
	AttemptTime Millis `json:"attempt_time"          bson:"attempt_time"`
	HTTPStatus  int    `json:"http_status,omitempty" bson:"http_status,omitempty"`
	// Latency is in microseconds.
	Latency int64  `json:"latency,omitempty" bson:"latency"`
	Error   string `json:"error,omitempty"   bson:"error,omitempty"`
}

// EncodeAttempts returns the records of attempts. It is empty, not nil, for none.
func EncodeAttempts(attempts []delivery.Attempt) []Attempt {
	records := make([]Attempt, len(attempts))
	for i, a := range attempts {
		records[i] = Attempt{AttemptTime: millis(a.Time), HTTPStatus: a.HTTPStatus, Latency: a.Latency.Microseconds(), Error: a.Error}
	}
	return records
}

// DecodeAttempts is the inverse of EncodeAttempts.
func DecodeAttempts(records []Attempt) (attempts []delivery.Attempt) {
	for _, r := range records {
		attempts = append(attempts, delivery.Attempt{
			Time: r.AttemptTime.time(), HTTPStatus: r.HTTPStatus, Latency: time.Duration(r.Latency) * time.Microsecond, Error: r.Error,
		})
	}
	return attempts
}

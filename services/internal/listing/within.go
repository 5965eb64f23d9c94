package listing

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// ReadTime is how long the store may take for a page, or to add up the rows that a filter matches.
const ReadTime = 10 * time.Second

// Within runs a read for a caller that lists or adds up. It gives the read ReadTime, which includes the wait for a
// connection.
//
// Errors: read's; DeadlineExceeded (READ_TOO_SLOW).
func Within(ctx context.Context, read func(context.Context) error) error {
	return within(ctx, ReadTime, read)
}

// Read reads the rows of a page within ReadTime.
//
// Errors: those of Within.
func Read[T any](ctx context.Context, q Query, read func(context.Context, Query) ([]T, error)) (rows []T, err error) {
	err = Within(ctx, func(ctx context.Context) (err error) {
		rows, err = read(ctx, q)
		return err
	})
	return rows, err
}

func within(ctx context.Context, most time.Duration, read func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	err := read(limited)
	if err == nil || limited.Err() == nil || ctx.Err() != nil {
		return err
	}
	return apperr.New(apperr.DeadlineExceeded, "READ_TOO_SLOW",
		"reading took over %s and was given up; use a narrower filter, such as a range of times, an offer or a publisher, or export what matches", most)
}

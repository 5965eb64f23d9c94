package app

import (
	"context"
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
)

// readPage reads the rows of a page within the time that a caller's list may take.
func readPage[T any](ctx context.Context, q listing.Query, read func(context.Context, listing.Query) ([]T, error)) (rows []T, err error) {
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		rows, err = read(ctx, q)
		return err
	})
	return rows, err
}

// cells is the store's Cells within the time that a caller's sums may take.
func (s *Service) cells(ctx context.Context, spans []rollup.Span, where listing.Expr) (cells []rollup.Cell, counted time.Time, err error) {
	err = listing.Within(ctx, func(ctx context.Context) (err error) {
		cells, counted, err = s.store.Cells(ctx, spans, where)
		return err
	})
	return cells, counted, err
}

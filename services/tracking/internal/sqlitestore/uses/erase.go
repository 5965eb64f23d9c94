package uses

import (
	"context"

	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	eraseOf    = `UPDATE reservations SET transaction_id = '' WHERE conversion = ? AND transaction_id <> '' RETURNING id`
	eraseOrder = `UPDATE reservations SET transaction_id = '' WHERE id IN (SELECT id FROM reservations
		WHERE offer = ? AND transaction_id = ? LIMIT ?) RETURNING id`
)

// EraseOf erases the order id of the reservation that a conversion took, and returns its id.
func EraseOf(ctx context.Context, t *sqlrow.Tx, conversion string) ([]string, error) {
	return sqlrow.All(ctx, t, scanText, eraseOf, sqlrow.HashKey(conversion))
}

// EraseOrder erases the order id of an order's reservations, and returns their ids.
func EraseOrder(ctx context.Context, t *sqlrow.Tx, offer, transactionID string, limit int) ([]string, error) {
	return sqlrow.All(ctx, t, scanText, eraseOrder, offer, transactionID, limit)
}

func scanText(row table.Row) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

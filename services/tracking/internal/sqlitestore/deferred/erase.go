package deferred

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	eraseOf    = `DELETE FROM deferred WHERE conversion = ? RETURNING id`
	eraseWith  = `DELETE FROM deferred WHERE id IN (SELECT id FROM deferred WHERE instr(entry, ?) > 0 LIMIT ?) RETURNING id`
	eraseOrder = `DELETE FROM deferred WHERE id IN (SELECT id FROM deferred
		WHERE json_extract(entry, '$.offer') = ? AND json_extract(entry, '$.transaction_id') = ? LIMIT ?) RETURNING id`
)

// EraseOf deletes the reports of a conversion, and returns their ids.
func EraseOf(ctx context.Context, t *sqlrow.Tx, conversion string) ([]string, error) {
	return sqlrow.All(ctx, t, scanID, eraseOf, sqlrow.HashKey(conversion))
}

// EraseWith deletes reports that have a text, such as a click id, and returns their ids.
func EraseWith(ctx context.Context, t *sqlrow.Tx, text string, limit int) ([]string, error) {
	return sqlrow.All(ctx, t, scanID, eraseWith, text, limit)
}

// EraseOrder deletes the reports of an order, and returns their ids.
func EraseOrder(ctx context.Context, t *sqlrow.Tx, offer, transactionID string, limit int) ([]string, error) {
	return sqlrow.All(ctx, t, scanID, eraseOrder, offer, transactionID, limit)
}

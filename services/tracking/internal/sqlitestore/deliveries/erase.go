package deliveries

import (
	"context"

	"github.com/couponlink/couponlink/services/tracking/internal/domain/privacy"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

var (
	erasedColumns  = append(deliveryColumns.Only("payload"), attemptsColumn)
	selectOf       = wholeDelivery.From("deliveries") + ` WHERE conversion = ?`
	updateDelivery = `UPDATE deliveries SET ` + erasedColumns.Set() + ` WHERE ` + byDeliveryKey
)

// Erase erases a conversion's deliveries, and returns the ids of those that had something to erase.
func Erase(ctx context.Context, t *sqlrow.Tx, conversion string) (ids []string, err error) {
	found, err := sqlrow.All(ctx, t, scanWholeDelivery, selectOf, sqlrow.HashKey(conversion))
	for _, d := range found {
		erased := d.Erase()
		if err != nil || !privacy.Differ(d, erased) {
			continue
		}
		ids = append(ids, d.ID)
		key := keyOf(&d)
		_, err = sqlrow.Write(ctx, t, updateDelivery, erasedColumns, &erased, key.args()...)
	}
	return ids, err
}

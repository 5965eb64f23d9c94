package coupon

import (
	"context"
	"fmt"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/sqlitestore"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/settings"
)

// OpenToMove opens the service's database for a move. No service may use the database meanwhile.
func OpenToMove(ctx context.Context, database settings.Database, role move.Role) (opened move.Database, err error) {
	if database.MongoDBURI == "" {
		opened, err = sqlitestore.OpenToMove(ctx, database.SQLiteDir, role)
	} else {
		opened, err = mongostore.OpenToMove(ctx, database.MongoDBURI, role, mongodb.WithoutTransactions(database.WithoutTransactions))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the coupon service's store: %w", err)
	}
	return opened, nil
}

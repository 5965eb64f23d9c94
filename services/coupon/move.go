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

// OpenToMove opens the service's database for a move. No service may use the database meanwhile. opts apply to MongoDB
// only.
func OpenToMove(ctx context.Context, database settings.Database, role move.Role, opts ...mongodb.Option) (opened move.Database, err error) {
	if database.MongoDBURI == "" {
		opened, err = sqlitestore.OpenToMove(ctx, database.SQLiteDir, role)
	} else {
		opened, err = mongostore.OpenToMove(ctx, database.MongoDBURI, role, opts...)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the coupon service's store: %w", err)
	}
	return opened, nil
}

package tracking

import (
	"context"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/internal/settings"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore"
)

// OpenToMove opens the service's database for a move. No service may use it meanwhile. opts apply to MongoDB only.
func OpenToMove(ctx context.Context, database settings.Database, role move.Role, opts ...mongodb.Option) (opened move.Database, err error) {
	if database.MongoDBURI == "" {
		opened, err = sqlitestore.OpenToMove(ctx, database.SQLiteDir, role, time.Now)
	} else {
		opened, err = mongostore.OpenToMove(ctx, database.MongoDBURI, role, time.Now, opts...)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the tracking service's store: %w", err)
	}
	return opened, nil
}

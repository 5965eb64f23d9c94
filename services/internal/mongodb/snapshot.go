package mongodb

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// AtOneMoment runs do. All reads with do's context see the deployment as it was at the first of them, however long do
// takes. Servers keep the past for some minutes only (300 seconds unless minSnapshotHistoryWindowInSeconds says
// otherwise); after that they refuse to read, which is Unavailable. do does not write. The error is do's own, or the
// storage's as mapped by Failure.
func (db *DB) AtOneMoment(ctx context.Context, do func(context.Context) error) error {
	return Failure(db.server.InSession(ctx, db.client, options.Session().SetSnapshot(true), do))
}

// InOrder runs do. Each operation with do's context sees what earlier ones saw and wrote, even if another member became
// the primary meanwhile. The error is do's own, or the storage's as mapped by Failure.
func (db *DB) InOrder(ctx context.Context, do func(context.Context) error) error {
	// Sessions are causally consistent by default, with the majority's concerns.
	return Failure(db.server.InSession(ctx, db.client, options.Session(), do))
}

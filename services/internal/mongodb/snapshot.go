package mongodb

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// AtOneMoment runs do, which must not write. All reads with do's context see the data as it was at the first read. If do
// takes longer than the server keeps old data (minSnapshotHistoryWindowInSeconds, by default 300 seconds), reads fail
// with Unavailable. The error is do's own, or the storage's as mapped by Failure.
func (db *DB) AtOneMoment(ctx context.Context, do func(context.Context) error) error {
	return Failure(db.server.InSession(ctx, db.client, options.Session().SetSnapshot(true), do))
}

// InOrder runs do. Each operation with do's context sees what earlier ones saw and wrote, even if another member became
// the primary meanwhile. The error is do's own, or the storage's as mapped by Failure.
func (db *DB) InOrder(ctx context.Context, do func(context.Context) error) error {
	// By default, sessions are causally consistent. That needs the read and write concern majority.
	return Failure(db.server.InSession(ctx, db.client, options.Session(), do))
}

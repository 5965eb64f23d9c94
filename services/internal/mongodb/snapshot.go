package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// AtOneMoment runs do, whose reads, those that are given do's context, all see the deployment as it was
// at the first of them, however long do takes; but servers keep the past for only some minutes (300
// seconds unless minSnapshotHistoryWindowInSeconds says otherwise), and then refuse to read on, which is
// Unavailable. do does not write. The error is do's own or the storage's, as Failure maps it.
//
// The tests' engine knows no such thing: there a read sees what its own cursor does.
func (db *DB) AtOneMoment(ctx context.Context, do func(context.Context) error) error {
	if db.plain {
		return do(ctx)
	}
	session, err := db.client.StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return Failure(fmt.Errorf("starting a session: %w", err))
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	return do(mongo.NewSessionContext(ctx, session))
}

// InOrder runs do. Each operation with do's context sees what earlier ones saw and wrote, even if another member became
// the primary meanwhile. The error is do's own, or the storage's as mapped by Failure.
func (db *DB) InOrder(ctx context.Context, do func(context.Context) error) error {
	if db.plain {
		return do(ctx)
	}
	session, err := db.client.StartSession() // causally consistent, with the majority's concerns
	if err != nil {
		return Failure(fmt.Errorf("starting a session: %w", err))
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	return Failure(do(mongo.NewSessionContext(ctx, session)))
}

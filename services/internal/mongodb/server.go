package mongodb

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Server makes the calls that need a real MongoDB server. Tests run on an engine that lacks transactions and more, so
// mongotest has another implementation; see WithServer. The errors are the driver's.
type Server interface {
	// RunCommand runs a command that returns one document.
	RunCommand(ctx context.Context, on *mongo.Database, command bson.D) *mongo.SingleResult
	// CreateIndexes creates indexes. They are ready once a majority of the members has built them, so an unreachable
	// member does not delay them.
	CreateIndexes(ctx context.Context, of *mongo.Collection, indexes []mongo.IndexModel) error
	// Insert inserts documents. Each succeeds or fails alone; a mongo.BulkWriteException says which failed.
	Insert(ctx context.Context, into *mongo.Collection, documents []any) error
	// Write does writes in no particular order. Each succeeds or fails alone; a mongo.BulkWriteException says which failed.
	Write(ctx context.Context, to *mongo.Collection, writes []mongo.WriteModel) error
	// Sum adds up the documents that match a filter.
	Sum(ctx context.Context, of *Collection, filter bson.D, a Addition) ([]Sum, error)
	// InSession runs do. Operations with do's context run in a session.
	InSession(ctx context.Context, client *mongo.Client, session *options.SessionOptionsBuilder, do func(context.Context) error) error
	// InTransaction runs do. Operations with do's context run in a transaction; see DB.InTransaction.
	InTransaction(ctx context.Context, db *DB, do func(context.Context) error) error
}

// WithServer replaces the Server. Tests use it, because their engine is not MongoDB.
func WithServer(server Server) Option { return func(db *DB) { db.server = server } }

// mongoDB is the Server for MongoDB's own servers.
type mongoDB struct{}

func (mongoDB) RunCommand(ctx context.Context, on *mongo.Database, command bson.D) *mongo.SingleResult {
	return on.RunCommand(ctx, command)
}

func (mongoDB) CreateIndexes(ctx context.Context, of *mongo.Collection, indexes []mongo.IndexModel) error {
	_, err := of.Indexes().CreateMany(ctx, indexes, options.CreateIndexes().SetCommitQuorumMajority())
	return err
}

func (mongoDB) Insert(ctx context.Context, into *mongo.Collection, documents []any) error {
	_, err := into.InsertMany(ctx, documents, options.InsertMany().SetOrdered(false))
	return err
}

func (mongoDB) Write(ctx context.Context, to *mongo.Collection, writes []mongo.WriteModel) error {
	_, err := to.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	return err
}

func (mongoDB) Sum(ctx context.Context, of *Collection, filter bson.D, a Addition) ([]Sum, error) {
	return a.sum(ctx, of, filter)
}

func (mongoDB) InSession(ctx context.Context, client *mongo.Client, opts *options.SessionOptionsBuilder, do func(context.Context) error) error {
	session, err := client.StartSession(opts)
	if err != nil {
		return fmt.Errorf("starting a session: %w", err)
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	return do(mongo.NewSessionContext(ctx, session))
}

func (mongoDB) InTransaction(ctx context.Context, db *DB, do func(context.Context) error) error {
	return db.transact(ctx, do)
}

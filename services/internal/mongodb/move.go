package mongodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/move"
)

const (
	// moveID is the id of the document, in the schema's collection, with the state of a move into the database, as
	// JSON.
	moveID = "move"
	// WhileMoved is the expiry of documents during a move: they never expire. The next start of a service restores its
	// own.
	WhileMoved = math.MaxInt32 * time.Second
	// MoveTimeout bounds a call of a move. Only the move waits for it.
	MoveTimeout = 2 * time.Minute
)

// moving says whether a move opens the database, and its role in the move.
type moving struct {
	opened bool
	role   move.Role
}

// ToMove lets Open open a database for a move in a role. A source must exist. A destination may have an unfinished
// move, which Open otherwise refuses.
func ToMove(role move.Role) Option { return func(db *DB) { db.moving = moving{true, role} } }

// checkMoved refuses a source that does not exist, and a database with an unfinished move.
func (db *DB) checkMoved(ctx context.Context) error {
	if db.moving.opened && db.moving.role == move.Destination {
		return nil
	}
	if db.moving.opened {
		err := db.Collection(schemaCollection).FindOne(ctx, bson.D{{Key: "_id", Value: versionID}}).Err()
		if errors.Is(err, mongo.ErrNoDocuments) {
			return fmt.Errorf("there is no database %s of Couponlink", db.database.Name())
		}
		if err != nil {
			return Failure(fmt.Errorf("looking for the database %s: %w", db.database.Name(), err))
		}
	}
	state, err := db.MoveState(ctx)
	if err != nil {
		return err
	}
	if refusal := state.Refusal(); refusal != nil {
		return fmt.Errorf("the database %s is not ready: %w", db.database.Name(), refusal)
	}
	return nil
}

// MoveState returns the state of a move into the database; the zero State if there never was one.
func (db *DB) MoveState(ctx context.Context) (state move.State, err error) {
	var stored struct {
		State string `bson:"state"`
	}
	err = db.Collection(schemaCollection).FindOne(ctx, bson.D{{Key: "_id", Value: moveID}}).Decode(&stored)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return state, nil
	}
	if err != nil {
		return state, Failure(fmt.Errorf("reading the state of a move: %w", err))
	}
	if err := json.Unmarshal([]byte(stored.State), &state); err != nil {
		return state, fmt.Errorf("reading the state of a move: %w", err)
	}
	return state, nil
}

// SetMoveState stores the state of a move into the database.
func (db *DB) SetMoveState(ctx context.Context, state move.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("writing the state of a move: %w", err)
	}
	document := bson.D{{Key: "_id", Value: moveID}, {Key: "state", Value: string(text)}}
	_, err = db.Collection(schemaCollection).ReplaceOne(ctx, bson.D{{Key: "_id", Value: moveID}}, document, options.Replace().SetUpsert(true))
	if err != nil {
		return Failure(fmt.Errorf("storing the state of a move: %w", err))
	}
	return nil
}

// Patient returns tables whose calls to the server may each take MoveTimeout.
func Patient(tables ...move.Table) []move.Table {
	for i, t := range tables {
		tables[i].Read = func(ctx context.Context, after string, limit int) ([]any, string, error) {
			return t.Read(WithLimit(ctx, MoveTimeout), after, limit)
		}
		tables[i].Write = func(ctx context.Context, records []any) error { return t.Write(WithLimit(ctx, MoveTimeout), records) }
	}
	return tables
}

// Keyed is a document and its `_id`.
type Keyed struct {
	ID       string
	Document any
}

// ReplaceAll stores documents. Each replaces the one with its `_id`. If it returns an error, mapped by Failure, some
// documents may have been stored.
func (db *DB) ReplaceAll(ctx context.Context, collection string, documents []Keyed) error {
	models := make([]mongo.WriteModel, len(documents))
	for i, d := range documents {
		models[i] = mongo.NewReplaceOneModel().SetFilter(bson.D{{Key: "_id", Value: d.ID}}).SetReplacement(d.Document).SetUpsert(true)
	}
	if len(models) == 0 {
		return nil
	}
	if err := db.Collection(collection).Write(ctx, models); err != nil {
		return Failure(fmt.Errorf("storing in %s: %w", collection, err))
	}
	return nil
}

// Moved returns a collection as it is moved, in the order of its ids. read returns the records that a filter selects, and
// encode the documents of records.
func Moved[T any](
	db *DB, collection string, read func(context.Context, bson.D, *options.FindOptionsBuilder) ([]T, error), id func(T) string,
	encode func(context.Context, []T) ([]any, error),
) move.Table {
	return move.TableOf(collection, func(ctx context.Context, after string, limit int) ([]T, string, error) {
		filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
		records, err := read(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)))
		if len(records) > 0 {
			after = id(records[len(records)-1])
		}
		return records, after, err
	}, func(ctx context.Context, records []T) error {
		documents, err := encode(ctx, records)
		if err != nil {
			return err
		}
		keyed := make([]Keyed, len(records))
		for i, record := range records {
			keyed[i] = Keyed{ID: id(record), Document: documents[i]}
		}
		return db.ReplaceAll(ctx, collection, keyed)
	})
}

// EachAlone encodes records one by one.
func EachAlone[D, T any](encode func(T) D) func(context.Context, []T) ([]any, error) {
	return func(_ context.Context, records []T) ([]any, error) {
		documents := make([]any, len(records))
		for i, record := range records {
			documents[i] = encode(record)
		}
		return documents, nil
	}
}

// Package mongocalls keeps calls that had a request id in MongoDB.
//
// Only MongoDB stores import it.
package mongocalls

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// Collection has the calls. Its documents expire idempotency.Lifetime after the time in CreateTime.
const (
	Collection = "requests"
	CreateTime = "create_time"
)

// ErrTaken means that another call with the id was stored since it was looked for.
var ErrTaken = errors.New("a call with the same id was just stored")

type document struct {
	ID         string    `bson:"_id"`
	Hash       []byte    `bson:"hash"`
	Answer     []byte    `bson:"answer"`
	CreateTime time.Time `bson:"create_time"`
}

// Find returns what is stored of a call, or nil.
func Find(ctx context.Context, db *mongodb.DB, call idempotency.Call) (*idempotency.Record, error) {
	var d document
	err := db.Collection(Collection).FindOne(ctx, bson.D{{Key: "_id", Value: call.Key()}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, mongodb.Failure(fmt.Errorf("reading a call: %w", err))
	}
	call.Hash, call.Time = string(d.Hash), d.CreateTime
	return &idempotency.Record{Call: call, Answer: string(d.Answer)}, nil
}

// Put stores a call, in place of an earlier one with its id that has outlived its lifetime; nil if Find found none.
// Within a transaction, ErrTaken means that the transaction must start over.
func Put(ctx context.Context, db *mongodb.DB, r idempotency.Record, earlier *idempotency.Record) error {
	d := document{ID: r.Key(), Hash: []byte(r.Hash), Answer: []byte(r.Answer), CreateTime: r.Time}
	var err error
	if earlier == nil {
		_, err = db.Collection(Collection).InsertOne(ctx, d)
	} else {
		var result *mongo.UpdateResult
		result, err = db.Collection(Collection).ReplaceOne(ctx, bson.D{{Key: "_id", Value: r.Key()}, {Key: CreateTime, Value: earlier.Time}}, d)
		if err == nil && result.MatchedCount == 0 {
			return ErrTaken
		}
	}
	if mongodb.IsUnique(err) {
		return ErrTaken
	}
	if err != nil {
		return mongodb.Failure(fmt.Errorf("storing a call: %w", err))
	}
	return nil
}

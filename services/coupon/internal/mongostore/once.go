package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// requestDocument is a call that had a request id.
type requestDocument struct {
	ID     string `bson:"_id"`
	Hash   []byte `bson:"hash"`
	Answer []byte `bson:"answer"`
	// CreateTime is when the call was made. The server deletes the document after idempotency.Lifetime.
	CreateTime time.Time `bson:"create_time"`
}

// Once stores a call and what it does in one transaction. The unique `_id` lets one of concurrent calls with the same
// id commit; the others start over and find it.
func (s *Store) Once(
	ctx context.Context, call idempotency.Call, do func(context.Context, app.Store) (string, error),
) (answer string, err error) {
	for range createAttempts {
		err = s.db.InTransaction(mongodb.WithLimit(ctx, bulkTimeout), func(ctx context.Context) error {
			earlier, err := s.call(ctx, call.ID)
			if err != nil {
				return err
			}
			if earlier != nil {
				var found bool
				if answer, found, err = earlier.Replay(call); found || err != nil {
					return err
				}
			}
			bound := *s
			bound.within = true
			if answer, err = do(ctx, &bound); err != nil {
				return err
			}
			return s.remember(ctx, idempotency.Record{Call: call, Answer: answer}, earlier)
		})
		if !errors.Is(err, app.ErrExists) && !errors.Is(err, errCollision) {
			break
		}
	}
	if err == nil {
		return answer, nil
	}
	// The failure may be the effect of a concurrent call with the same id, or a commit that was not confirmed.
	if earlier, unread := s.call(ctx, call.ID); unread == nil && earlier != nil {
		if answer, found, _ := earlier.Replay(call); found {
			return answer, nil
		}
	}
	return "", err
}

// call returns the call with an id, or nil if it is not stored.
func (s *Store) call(ctx context.Context, id string) (*idempotency.Record, error) {
	var d requestDocument
	err := s.requests.FindOne(ctx, byID(id)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, mongodb.Failure(fmt.Errorf("reading a call: %w", err))
	}
	return &idempotency.Record{
		Call:   idempotency.Call{ID: d.ID, Hash: string(d.Hash), Time: d.CreateTime},
		Answer: string(d.Answer),
	}, nil
}

// remember stores a call, in place of an earlier one with its id if that has outlived its lifetime. It returns
// errCollision if another call was stored meanwhile.
func (s *Store) remember(ctx context.Context, r idempotency.Record, earlier *idempotency.Record) error {
	d := requestDocument{ID: r.ID, Hash: []byte(r.Hash), Answer: []byte(r.Answer), CreateTime: r.Time}
	var err error
	if earlier == nil {
		_, err = s.requests.InsertOne(ctx, d)
	} else {
		var result *mongo.UpdateResult
		result, err = s.requests.ReplaceOne(ctx, append(byID(r.ID), bson.E{Key: "create_time", Value: earlier.Time}), d)
		if err == nil && result.MatchedCount == 0 {
			return errCollision
		}
	}
	if mongodb.IsUnique(err) {
		return errCollision
	}
	if err != nil {
		return mongodb.Failure(fmt.Errorf("storing a call: %w", err))
	}
	return nil
}

// inTransaction runs do in a transaction: the one that the Store is bound to, if any.
func (s *Store) inTransaction(ctx context.Context, do func(context.Context) error) error {
	if s.within {
		return do(ctx)
	}
	return s.db.InTransaction(ctx, do)
}

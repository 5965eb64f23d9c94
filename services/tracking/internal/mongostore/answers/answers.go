// Package answers stores the coupon service's latest answers in the tracking service's MongoDB database.
//
// Only the MongoDB store imports it.
package answers

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/move"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/mongostore/mongodoc"
)

// Collection has the answers.
const Collection = "answers"

// answerDocument is a stored answer. Its id is the kind and the key.
type answerDocument struct {
	ID      string    `bson:"_id"`
	Kind    string    `bson:"kind"`
	Key     string    `bson:"key"`
	Body    []byte    `bson:"body"`
	AskTime time.Time `bson:"ask_time"`
}

func (d *answerDocument) decode() domain.CouponAnswer {
	return domain.CouponAnswer{Kind: d.Kind, Key: d.Key, Body: d.Body, Time: d.AskTime.UTC()}
}

func answerID(a domain.CouponAnswer) string { return a.Kind + "|" + a.Key }

func encodeAnswer(a domain.CouponAnswer) *answerDocument {
	return &answerDocument{ID: answerID(a), Kind: a.Kind, Key: a.Key, Body: a.Body, AskTime: a.Time}
}

// Store stores answers.
type Store struct{ db *mongodb.DB }

// New returns a Store on a database.
func New(db *mongodb.DB) *Store { return &Store{db: db} }

func (s *Store) KeepAnswers(ctx context.Context, kept []domain.CouponAnswer) error {
	return mongodoc.Within(ctx, func(ctx context.Context) error {
		var upserts []mongodb.Upsert
		for _, a := range kept {
			id := answerID(a)
			if a.Body == nil {
				older := append(mongodoc.ByID(id), bson.E{Key: "ask_time", Value: bson.D{{Key: "$lte", Value: a.Time}}})
				if _, err := s.db.Collection(Collection).DeleteOne(ctx, older); err != nil {
					return mongodoc.Failure("removing an answer", err)
				}
				continue
			}
			upserts = append(upserts, mongodb.Upsert{ID: id, Below: bson.E{Key: "ask_time", Value: a.Time}, Update: mongodoc.Set(bson.D{
				{Key: "kind", Value: a.Kind}, {Key: "key", Value: a.Key}, {Key: "body", Value: a.Body}, {Key: "ask_time", Value: a.Time},
			})})
		}
		return s.db.UpsertAll(ctx, Collection, upserts)
	})
}

func (s *Store) Answers(ctx context.Context, kind string, since time.Time, limit int) ([]domain.CouponAnswer, error) {
	filter := bson.D{{Key: "kind", Value: kind}, {Key: "ask_time", Value: bson.D{{Key: "$gte", Value: since}}}}
	opts := options.Find().SetSort(bson.D{{Key: "ask_time", Value: -1}}).SetLimit(int64(limit))
	return mongodoc.All(ctx, s.db, Collection, filter, opts, (*answerDocument).decode)
}

func (s *Store) PruneAnswers(ctx context.Context, kind string, before time.Time, most int) error {
	ofKind := bson.D{{Key: "kind", Value: kind}}
	opts := options.FindOne().SetSort(bson.D{{Key: "ask_time", Value: -1}}).SetSkip(int64(most))
	var excess answerDocument
	err := s.db.Collection(Collection).FindOne(ctx, ofKind, opts).Decode(&excess)
	switch {
	case err == nil && !excess.AskTime.Before(before):
		before = excess.AskTime.Add(time.Millisecond)
	case err != nil && !errors.Is(err, mongo.ErrNoDocuments):
		return mongodoc.Failure("counting answers", err)
	}
	_, err = s.db.Collection(Collection).DeleteMany(ctx, append(ofKind, bson.E{Key: "ask_time", Value: bson.D{{Key: "$lt", Value: before}}}))
	return mongodoc.Failure("removing old answers", err)
}

// Tables returns what is moved to another database.
func (s *Store) Tables() []move.Table {
	return []move.Table{mongodoc.Moved(s.db, Collection, (*answerDocument).decode, answerID, mongodb.EachAlone(encodeAnswer))}
}

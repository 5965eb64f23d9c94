package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
)

type postbackTokenDocument struct {
	ID          string     `bson:"_id"`
	Offer       string     `bson:"offer"`
	DisplayName string     `bson:"display_name"`
	Hash        string     `bson:"token_hash"`
	Prefix      string     `bson:"token_prefix"`
	CreateTime  time.Time  `bson:"create_time"`
	LastUseTime *time.Time `bson:"last_use_time"`
}

func encodePostbackToken(t domain.PostbackToken) postbackTokenDocument {
	return postbackTokenDocument{
		ID: t.ID, Offer: t.Offer, DisplayName: t.DisplayName, Hash: t.Hash, Prefix: t.Prefix, CreateTime: t.CreateTime, LastUseTime: pointer(t.LastUseTime),
	}
}

func (d postbackTokenDocument) decode() domain.PostbackToken {
	return domain.PostbackToken{
		ID: d.ID, Offer: d.Offer, DisplayName: d.DisplayName, Hash: d.Hash, Prefix: d.Prefix, CreateTime: d.CreateTime, LastUseTime: timeAt(d.LastUseTime),
	}
}

func postbackTokensOf(db *mongodb.DB) *collection[domain.PostbackToken, postbackTokenDocument] {
	return &collection[domain.PostbackToken, postbackTokenDocument]{
		stored:   db.Collection("postback_tokens"),
		encode:   encodePostbackToken,
		id:       func(t domain.PostbackToken) string { return t.ID },
		resource: func(t domain.PostbackToken) string { return t.Name() },
	} // without a revision: they are not updated as a whole
}

// InsertPostbackToken stores a new token unless its offer has most tokens. Tokens that are created at once can exceed
// the bound by their number.
func (s *Store) InsertPostbackToken(ctx context.Context, token domain.PostbackToken, most int) error {
	count, err := s.postbackTokens.stored.CountDocuments(ctx, bson.D{{Key: "offer", Value: token.Offer}})
	if err != nil {
		return s.postbackTokens.failure("counting", err)
	}
	if count >= int64(most) {
		return app.ErrTooMany
	}
	return s.postbackTokens.insert(ctx, token)
}

// PostbackToken returns a token by its id.
func (s *Store) PostbackToken(ctx context.Context, id string) (domain.PostbackToken, error) {
	return s.postbackTokens.first(ctx, byID(id))
}

// PostbackTokenByHash returns the token that has a hash.
func (s *Store) PostbackTokenByHash(ctx context.Context, hash string) (domain.PostbackToken, error) {
	return s.postbackTokens.first(ctx, bson.D{{Key: "token_hash", Value: hash}})
}

// PostbackTokens returns the tokens that a query selects.
func (s *Store) PostbackTokens(ctx context.Context, q listing.Query) ([]domain.PostbackToken, error) {
	return s.postbackTokens.list(ctx, q)
}

// DeletePostbackToken deletes a token.
func (s *Store) DeletePostbackToken(ctx context.Context, id string) error {
	token, err := s.postbackTokens.first(ctx, byID(id))
	if err != nil {
		return err
	}
	gone := change[domain.PostbackToken]{before: &token, after: &domain.PostbackToken{ID: token.ID, Offer: token.Offer}}
	return noted(ctx, s.postbackTokens, []change[domain.PostbackToken]{gone}, func(ctx context.Context) error {
		result, err := s.postbackTokens.stored.DeleteOne(ctx, byID(id))
		if err != nil {
			return s.postbackTokens.failure("deleting from", err)
		}
		if result.DeletedCount == 0 {
			return app.ErrNotFound
		}
		return nil
	})
}

// NotePostbackTokenUse stores when a token was used.
func (s *Store) NotePostbackTokenUse(ctx context.Context, hash string, at, after time.Time) error {
	unused := bson.A{
		bson.D{{Key: "last_use_time", Value: nil}},
		bson.D{{Key: "last_use_time", Value: bson.D{{Key: "$lte", Value: after}}}},
	}
	_, err := s.postbackTokens.stored.UpdateOne(ctx, bson.D{{Key: "token_hash", Value: hash}, {Key: "$or", Value: unused}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "last_use_time", Value: at}}}})
	if err != nil {
		return s.postbackTokens.failure("noting a use in", err)
	}
	return nil
}

package mongostore

import (
	"context"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/resource"
)

var _ keys.Store = (*Store)(nil)

type keyDocument struct {
	ID                string      `bson:"_id"`
	DisplayName       string      `bson:"display_name"`
	DisplayNameSearch string      `bson:"display_name_search"`
	Role              access.Role `bson:"role"`
	// Permissions is empty, never null, for roles with permissions of their own.
	Permissions []string `bson:"permissions"`
	// Publishers and Offers are empty for all. Documents from before there were limits lack them.
	Publishers        []string   `bson:"publishers"`
	Offers            []string   `bson:"offers"`
	ExpireTime        *time.Time `bson:"expire_time"`
	RequestsPerSecond int32      `bson:"requests_per_second"`
	SecretHash        string     `bson:"secret_hash"`
	SecretPrefix      string     `bson:"secret_prefix"`
	PreviousHash      string     `bson:"previous_secret_hash"`
	PreviousExpire    *time.Time `bson:"previous_secret_expire_time"`
	RevokeTime        *time.Time `bson:"revoke_time"`
	LastUseTime       *time.Time `bson:"last_use_time"`
	CreateTime        time.Time  `bson:"create_time"`
	UpdateTime        time.Time  `bson:"update_time"`
	Revision          int64      `bson:"revision"`
}

func encodeKey(k domain.Key) keyDocument {
	publishers, offers := k.LimitedTo()
	return keyDocument{
		Publishers: append([]string{}, publishers...), Offers: append([]string{}, offers...),
		ID: k.ID, DisplayName: k.DisplayName, DisplayNameSearch: listing.SearchKey(k.DisplayName), Role: k.Role,
		Permissions: append([]string{}, k.Listed()...), ExpireTime: pointer(k.ExpireTime), RequestsPerSecond: k.RequestsPerSecond,
		SecretHash: k.SecretHash, SecretPrefix: k.SecretPrefix, PreviousHash: k.PreviousSecretHash, PreviousExpire: pointer(k.PreviousSecretExpireTime),
		RevokeTime: pointer(k.RevokeTime), LastUseTime: pointer(k.LastUseTime), CreateTime: k.CreateTime, UpdateTime: k.UpdateTime, Revision: k.Revision,
	}
}

func (d keyDocument) decode() domain.Key {
	return domain.Key{
		ID: d.ID, DisplayName: d.DisplayName, Role: d.Role, Permissions: strings.Join(d.Permissions, ","),
		Publishers: strings.Join(d.Publishers, ","), Offers: strings.Join(d.Offers, ","), ExpireTime: timeAt(d.ExpireTime),
		RequestsPerSecond: d.RequestsPerSecond, SecretHash: d.SecretHash, SecretPrefix: d.SecretPrefix, PreviousSecretHash: d.PreviousHash,
		PreviousSecretExpireTime: timeAt(d.PreviousExpire), RevokeTime: timeAt(d.RevokeTime), LastUseTime: timeAt(d.LastUseTime),
		CreateTime: d.CreateTime, UpdateTime: d.UpdateTime, Revision: d.Revision,
	}
}

// pointer returns a time as it is stored: nil for the zero time.
func pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// timeAt returns the time that pointer stores.
func timeAt(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func keysOf(db *mongodb.DB) *collection[domain.Key, keyDocument] {
	return &collection[domain.Key, keyDocument]{
		stored:   db.Collection("keys"),
		encode:   encodeKey,
		id:       func(k domain.Key) string { return k.ID },
		revision: func(k *domain.Key) *int64 { return &k.Revision },
		resource: func(k domain.Key) string { return resource.Key(k.ID) },
	}
}

// InsertKey stores a new API key.
func (s *Store) InsertKey(ctx context.Context, key domain.Key) error { return s.keys.insert(ctx, key) }

// Key returns an API key by its id.
func (s *Store) Key(ctx context.Context, id string) (domain.Key, error) {
	return s.keys.first(ctx, byID(id))
}

// KeyBySecret returns the API key that has the hash of a secret.
func (s *Store) KeyBySecret(ctx context.Context, hash string) (domain.Key, error) {
	if hash == "" { // keys without a previous secret have that
		return domain.Key{}, app.ErrNotFound
	}
	either := bson.A{bson.D{{Key: "secret_hash", Value: hash}}, bson.D{{Key: "previous_secret_hash", Value: hash}}}
	return s.keys.first(ctx, bson.D{{Key: "$or", Value: either}})
}

// UpdateKey replaces an API key with the result of change.
func (s *Store) UpdateKey(ctx context.Context, id string, change func(domain.Key) (domain.Key, error)) (domain.Key, error) {
	return s.keys.update(ctx, id, change)
}

// NoteKeyUse stores when an API key was used.
func (s *Store) NoteKeyUse(ctx context.Context, id string, at time.Time) error {
	_, err := s.keys.stored.UpdateOne(ctx, byID(id), bson.D{{Key: "$max", Value: bson.D{{Key: "last_use_time", Value: at}}}})
	if err != nil {
		return s.keys.failure("noting the use in", err)
	}
	return nil
}

// Keys returns the API keys that a query selects.
func (s *Store) Keys(ctx context.Context, q listing.Query) ([]domain.Key, error) {
	return s.keys.list(ctx, q)
}

// CountKeys returns the number of API keys.
func (s *Store) CountKeys(ctx context.Context) (int64, error) {
	count, err := s.keys.stored.CountDocuments(ctx, bson.D{})
	if err != nil {
		return 0, s.keys.failure("counting", err)
	}
	return count, nil
}

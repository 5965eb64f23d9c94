package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

var _ keys.Store = (*Store)(nil)

func keysTable() *records[domain.Key] {
	return newRecords("keys", "display_name", func(k *domain.Key) string { return k.ID }, table.Of(table.Columns[domain.Key]{
		table.Text("id", func(k *domain.Key) *string { return &k.ID }),
		table.Text("display_name", func(k *domain.Key) *string { return &k.DisplayName }),
		table.Text("role", func(k *domain.Key) *access.Role { return &k.Role }),
		table.Text("permissions", func(k *domain.Key) *string { return &k.Permissions }),
		table.Text("publishers", func(k *domain.Key) *string { return &k.Publishers }),
		table.Text("offers", func(k *domain.Key) *string { return &k.Offers }),
		table.OptionalTime("expire_time", func(k *domain.Key) *time.Time { return &k.ExpireTime }),
		table.Number("requests_per_second", func(k *domain.Key) *int32 { return &k.RequestsPerSecond }),
		table.Text("secret_hash", func(k *domain.Key) *string { return &k.SecretHash }),
		table.Text("secret_prefix", func(k *domain.Key) *string { return &k.SecretPrefix }),
		table.Text("previous_secret_hash", func(k *domain.Key) *string { return &k.PreviousSecretHash }),
		table.OptionalTime("previous_secret_expire_time", func(k *domain.Key) *time.Time { return &k.PreviousSecretExpireTime }),
		table.OptionalTime("revoke_time", func(k *domain.Key) *time.Time { return &k.RevokeTime }),
		table.OptionalTime("last_use_time", func(k *domain.Key) *time.Time { return &k.LastUseTime }),
		table.Time("create_time", func(k *domain.Key) *time.Time { return &k.CreateTime }),
		table.Time("update_time", func(k *domain.Key) *time.Time { return &k.UpdateTime }),
		table.Number("revision", func(k *domain.Key) *int64 { return &k.Revision }),
	}, searchColumn("display_name", func(k *domain.Key) *string { return &k.DisplayName })),
		func(k *domain.Key) *int64 { return &k.Revision },
		func(k *domain.Key) string { return resource.Key(k.ID) })
}

// InsertKey stores a new API key.
func (s *Store) InsertKey(ctx context.Context, key domain.Key) error {
	return s.write(ctx, func(tx *sql.Tx) error { return s.keys.insert(ctx, tx, key) })
}

// Key returns an API key by its id.
func (s *Store) Key(ctx context.Context, id string) (domain.Key, error) {
	return s.keys.first(ctx, s.reader(), "id = ?", id)
}

// KeyBySecret returns the API key that has the hash of a secret.
func (s *Store) KeyBySecret(ctx context.Context, hash string) (domain.Key, error) {
	return s.keys.first(ctx, s.db.Read(), "secret_hash = ?1 OR (previous_secret_hash = ?1 AND previous_secret_hash <> '')", hash)
}

// UpdateKey replaces an API key by the result of change.
func (s *Store) UpdateKey(ctx context.Context, id string, change func(domain.Key) (domain.Key, error)) (domain.Key, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (domain.Key, error) { return s.keys.update(ctx, tx, id, change) })
}

// NoteKeyUse stores when an API key was used.
func (s *Store) NoteKeyUse(ctx context.Context, id string, at time.Time) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE keys SET last_use_time = ?1 WHERE id = ?2 AND ifnull(last_use_time, 0) < ?1", at.UnixMilli(), id)
		return sqlitedb.Failure(err)
	})
}

// Keys returns the API keys that a query selects.
func (s *Store) Keys(ctx context.Context, q listing.Query) ([]domain.Key, error) {
	return s.keys.list(ctx, s.db.Reports(), q)
}

// CountKeys returns the number of API keys.
func (s *Store) CountKeys(ctx context.Context) (count int64, err error) {
	err = s.reader().QueryRowContext(ctx, "SELECT count(*) FROM keys").Scan(&count)
	return count, sqlitedb.Failure(err)
}

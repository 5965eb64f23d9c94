package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/domain"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

func postbackTokensTable() *records[domain.PostbackToken] {
	return newRecords("postback_tokens", "", func(t *domain.PostbackToken) string { return t.ID }, table.Columns[domain.PostbackToken]{
		table.Text("id", func(t *domain.PostbackToken) *string { return &t.ID }),
		table.Text("offer", func(t *domain.PostbackToken) *string { return &t.Offer }),
		table.Text("display_name", func(t *domain.PostbackToken) *string { return &t.DisplayName }),
		table.Text("token_hash", func(t *domain.PostbackToken) *string { return &t.Hash }),
		table.Text("token_prefix", func(t *domain.PostbackToken) *string { return &t.Prefix }),
		table.Time("create_time", func(t *domain.PostbackToken) *time.Time { return &t.CreateTime }),
		table.OptionalTime("last_use_time", func(t *domain.PostbackToken) *time.Time { return &t.LastUseTime }),
	}, nil, func(t *domain.PostbackToken) string { return t.Name() }) // without a revision: they are not updated as a whole
}

// InsertPostbackToken stores a new token unless its offer has most tokens.
func (s *Store) InsertPostbackToken(ctx context.Context, token domain.PostbackToken, most int) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var count int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM postback_tokens WHERE offer = ?", token.Offer).Scan(&count); err != nil {
			return sqlitedb.Failure(err)
		}
		if count >= most {
			return app.ErrTooMany
		}
		return s.postbackTokens.insert(ctx, tx, token)
	})
}

// PostbackToken returns a token by its id.
func (s *Store) PostbackToken(ctx context.Context, id string) (domain.PostbackToken, error) {
	return s.postbackTokens.first(ctx, s.reader(), "id = ?", id)
}

// PostbackTokenByHash returns the token that has a hash.
func (s *Store) PostbackTokenByHash(ctx context.Context, hash string) (domain.PostbackToken, error) {
	return s.postbackTokens.first(ctx, s.reader(), "token_hash = ?", hash)
}

// PostbackTokens returns the tokens that a query selects.
func (s *Store) PostbackTokens(ctx context.Context, q listing.Query) ([]domain.PostbackToken, error) {
	return s.postbackTokens.list(ctx, s.reader(), q)
}

// DeletePostbackToken deletes a token.
func (s *Store) DeletePostbackToken(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		token, err := s.postbackTokens.first(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM postback_tokens WHERE id = ?", id); err != nil {
			return sqlitedb.Failure(err)
		}
		return note(ctx, tx, s.postbackTokens, &token, &domain.PostbackToken{ID: token.ID, Offer: token.Offer})
	})
}

// NotePostbackTokenUse stores when a token was used.
func (s *Store) NotePostbackTokenUse(ctx context.Context, hash string, at, after time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE postback_tokens SET last_use_time = ? WHERE token_hash = ? AND ifnull(last_use_time, 0) <= ?",
			at.UnixMilli(), hash, after.UnixMilli())
		return sqlitedb.Failure(err)
	})
}

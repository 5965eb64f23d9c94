package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

// postbackRow is a row of the table postbacks.
type postbackRow struct {
	*domain.Postback
	// made is the conversion that the postback may have made; nil if it made no conversion.
	made *domain.Conversion
}

var (
	newPostbackColumns = table.Columns[postbackRow]{
		sqlrow.TimeColumn("id", func(r *postbackRow) *string { return &r.ID }),
		table.Text("offer", func(r *postbackRow) *string { return &r.Offer }),
		sqlrow.HashColumn("conversion", func(r *postbackRow) *string { return &r.Conversion }),
		table.Text("outcome", func(r *postbackRow) *domain.PostbackOutcome { return &r.Outcome }),
		table.Text("reason", func(r *postbackRow) *string { return &r.Reason }),
		table.Text("message", func(r *postbackRow) *string { return &r.Message }),
		table.Number("http_status", func(r *postbackRow) *int { return &r.HTTPStatus }),
		table.Text("method", func(r *postbackRow) *string { return &r.Method }),
		table.Text("parameters", func(r *postbackRow) *string { return &r.Parameters }),
		table.Text("coupon_code", func(r *postbackRow) *string { return &r.CouponCode }),
		table.Text("transaction_id", func(r *postbackRow) *string { return &r.TransactionID }),
		table.Text("idempotency_key", func(r *postbackRow) *string { return &r.IdempotencyKey }),
		table.Text("ip", func(r *postbackRow) *string { return &r.IP }),
		table.Flag("authenticated", func(r *postbackRow) *bool { return &r.Authenticated }),
		table.Time("create_time", func(r *postbackRow) *time.Time { return &r.Time }),
		table.Duration("duration", time.Microsecond, func(r *postbackRow) *time.Duration { return &r.Duration }),
		table.JSON("notes", encodeNotes, func(r *postbackRow, n *storedNotes) {
			r.Warnings, r.Body, r.ContentType = n.Warnings, n.Body, n.ContentType
		}),
	}
	// replayColumns are written later.
	replayColumns = table.Columns[postbackRow]{
		table.JSON("replay", func(r *postbackRow) *record.Replay { return record.EncodeReplay(r.Replay) },
			func(r *postbackRow, replay *record.Replay) { r.Replay = replay.Decode() }),
	}
	postbackColumns   = table.Of(newPostbackColumns, replayColumns)
	insertedPostbacks = table.Of(newPostbackColumns, table.Columns[postbackRow]{
		table.Derived("coupon_code_key", func(r *postbackRow) string { return couponcode.Fold(r.CouponCode) }),
		{Name: "later", Bind: later},
	})

	insertPostback = `INSERT OR ROLLBACK` + insertedPostbacks.Into("postbacks") + onTaken
	selectPostback = postbackColumns.From("postbacks") + ` WHERE id = ?`
	setReplay      = `UPDATE postbacks SET ` + replayColumns.Set() + ` WHERE id = ?`
)

// later returns NULL for the postback that made its conversion.
func later(r *postbackRow) (driver.Value, error) {
	if r.made != nil && r.made.Postback == r.ID {
		return nil, nil
	}
	return int64(1), nil
}

// scanPostback reads a row of postbackColumns.
func scanPostback(row scanner) (domain.Postback, error) {
	var p domain.Postback
	err := postbackColumns.Scan(row, &postbackRow{Postback: &p})
	return p, err
}

// storedNotes holds the fields that few entries have, as JSON.
type storedNotes struct {
	Warnings    []string `json:"warnings,omitempty"`
	Body        string   `json:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
}

// encodeNotes returns an entry's notes; nil if there is nothing to note.
func encodeNotes(r *postbackRow) *storedNotes {
	if len(r.Warnings) == 0 && r.Body == "" && r.ContentType == "" {
		return nil
	}
	return &storedNotes{r.Warnings, r.Body, r.ContentType}
}

// writeEntry writes an entry of the journal in a task.
func writeEntry(ctx context.Context, t *sqlrow.Tx, entry *domain.Postback) error {
	_, err := sqlrow.Write(ctx, t, insertPostback, insertedPostbacks, &postbackRow{Postback: entry})
	return err
}

// InsertPostback implements attribution.Store. An entry whose id is taken is stored already.
func (s *Store) InsertPostback(ctx context.Context, postback domain.Postback) error {
	if err := s.queue.Write(ctx, &job{postback: postbackRow{Postback: &postback}}); err != nil || postback.Replay == nil {
		return err
	}
	return s.SetReplay(ctx, postback.ID, *postback.Replay)
}

func (s *Store) SetReplay(ctx context.Context, id string, replay domain.Replay) error {
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		rows, err := sqlrow.Write(ctx, tx.Tx, setReplay, replayColumns, &postbackRow{Postback: &domain.Postback{Replay: &replay}}, sqlrow.TimeKey(id))
		if err == nil && rows == 0 {
			return domain.ErrNotFound
		}
		return err
	}})
}

func (s *Store) Postback(ctx context.Context, id string) (domain.Postback, error) {
	postback, err := scanPostback(s.db.Read().QueryRowContext(ctx, selectPostback, sqlrow.TimeKey(id)))
	return postback, sqlrow.ReadFailure("reading a postback", err)
}

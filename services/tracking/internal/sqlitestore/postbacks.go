package sqlitestore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/couponlink/couponlink/services/internal/couponcode"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

const (
	postbackColumns = `id, offer, conversion, outcome, reason, message, http_status, method, parameters, coupon_code,
		transaction_id, idempotency_key, ip, authenticated, create_time, duration, notes`
	postbackValues = `(?, ?, ifnull(?, ''), ?, ifnull(?, ''), ifnull(?, ''), ?, ?, ifnull(?, ''), ifnull(?, ''),
		ifnull(?, ''), ifnull(?, ''), ifnull(?, ''), ?, ?, ?, ifnull(?, ''), ifnull(?, ''), ?)`
	insertPostback = `INSERT OR ROLLBACK INTO postbacks (` + postbackColumns + `, coupon_code_key, later) VALUES ` + postbackValues + onTaken
	selectPostback = `SELECT ` + postbackColumns + `, replay FROM postbacks WHERE id = ?`
	setReplay      = `UPDATE postbacks SET replay = ? WHERE id = ?`
)

// bindPostback binds what insertPostback takes. made is the conversion that it made; nil: none.
func bindPostback(a *arguments, p *domain.Postback, made *domain.Conversion) {
	a.add(timeKey(p.ID))
	a.add(p.Offer)
	a.key(hashKey(p.Conversion))
	a.add(string(p.Outcome))
	a.text(p.Reason)
	a.text(p.Message)
	a.add(int64(p.HTTPStatus))
	a.add(p.Method)
	a.text(p.Parameters)
	a.text(p.CouponCode)
	a.text(p.TransactionID)
	a.text(p.IdempotencyKey)
	a.text(p.IP)
	a.flag(p.Authenticated)
	a.add(p.Time.UnixMilli())
	a.add(p.Duration.Microseconds())
	a.text(encodeNotes(p))
	a.text(couponcode.Fold(p.CouponCode))
	if made != nil && made.Postback == p.ID {
		a.add(nil)
	} else {
		a.add(int64(1))
	}
}

// scanPostback reads a row of postbackColumns and replay.
func scanPostback(row scanner) (domain.Postback, error) {
	var p domain.Postback
	var createMillis, duration int64
	var notes, replay string
	err := row.Scan((*timeID)(&p.ID), &p.Offer, (*hash)(&p.Conversion), &p.Outcome, &p.Reason, &p.Message, &p.HTTPStatus, &p.Method,
		&p.Parameters, &p.CouponCode, &p.TransactionID, &p.IdempotencyKey, &p.IP, &p.Authenticated, &createMillis, &duration, &notes, &replay)
	if err != nil {
		return domain.Postback{}, err
	}
	p.Time, p.Duration = fromMillis(createMillis), time.Duration(duration)*time.Microsecond
	if err := decodeNotes(&p, notes); err != nil {
		return p, err
	}
	if replay != "" {
		var stored record.Replay
		err = decodeJSON(replay, &stored)
		p.Replay = stored.Decode()
	}
	return p, err
}

// storedNotes holds what few entries have, in JSON.
type storedNotes struct {
	Warnings    []string `json:"warnings,omitempty"`
	Body        string   `json:"body,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
}

// encodeNotes returns an entry's notes; "" if there is nothing to note.
func encodeNotes(p *domain.Postback) string {
	if len(p.Warnings) == 0 && p.Body == "" && p.ContentType == "" {
		return ""
	}
	text, err := json.Marshal(storedNotes{p.Warnings, p.Body, p.ContentType})
	if err != nil { // cannot happen: strings only
		return ""
	}
	return string(text)
}

// decodeNotes is the inverse of encodeNotes.
func decodeNotes(p *domain.Postback, text string) error {
	var s storedNotes
	err := decodeJSON(text, &s)
	p.Warnings, p.Body, p.ContentType = s.Warnings, s.Body, s.ContentType
	return err
}

// InsertPostback implements app.PostbackStore. An entry whose id is taken is stored already.
func (s *Store) InsertPostback(ctx context.Context, postback domain.Postback) error {
	if err := s.queue.Write(ctx, &job{postback: &postback}); err != nil || postback.Replay == nil {
		return err
	}
	return s.SetReplay(ctx, postback.ID, *postback.Replay)
}

// SetReplay implements app.PostbackStore.
func (s *Store) SetReplay(ctx context.Context, id string, replay domain.Replay) error {
	text, err := encodeJSON(record.EncodeReplay(&replay))
	if err != nil {
		return err
	}
	return s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		rows, err := tx.exec(ctx, setReplay, text, timeKey(id))
		if err == nil && rows == 0 {
			return domain.ErrNotFound
		}
		return err
	}})
}

// Postback implements app.PostbackStore.
func (s *Store) Postback(ctx context.Context, id string) (domain.Postback, error) {
	postback, err := scanPostback(s.db.Read().QueryRowContext(ctx, selectPostback, timeKey(id)))
	return postback, readFailure("reading a postback", err)
}

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
	"github.com/couponlink/couponlink/services/tracking/internal/app/attribution"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/sqlitestore/sqlrow"
)

const (
	findCall = `SELECT hash, answer, create_time FROM requests WHERE id = ?`
	// putCall replaces a call only if it has outlived its lifetime.
	putCall = `INSERT INTO requests (id, hash, answer, create_time) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, answer = excluded.answer, create_time = excluded.create_time`
	deleteCalls = `DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE create_time < ? ORDER BY create_time LIMIT ?)`
)

// Repeated implements attribution.Store.
func (s *Store) Repeated(ctx context.Context, call idempotency.Call) (string, bool, error) {
	return replay(scanCall(s.db.Read().QueryRowContext(ctx, findCall, call.Key())))(call)
}

// UpdateConversionOnce implements attribution.Store.
func (s *Store) UpdateConversionOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (stored domain.Conversion, err error) {
	err = s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) error {
		answer, found, err := replay(sqlrow.One(ctx, tx.Tx, scanCall, findCall, once.Call.Key()))(once.Call)
		if err != nil {
			return err
		}
		if found {
			return &attribution.Made{Answer: answer}
		}
		if stored, err = tx.change(ctx, id, change); err != nil {
			return err
		}
		if answer, err = once.Answer(stored); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, putCall, once.Call.Key(), []byte(once.Call.Hash), []byte(answer), once.Call.Time.UnixMilli())
		return err
	}})
	if err != nil {
		return domain.Conversion{}, err
	}
	return stored, nil
}

// replay returns a function that repeats a stored call, whose row was read with an error or none.
func replay(earlier idempotency.Record, err error) func(idempotency.Call) (answer string, found bool, err error) {
	return func(call idempotency.Call) (string, bool, error) {
		if errors.Is(err, sql.ErrNoRows) {
			return "", false, nil
		}
		if err != nil {
			return "", false, sqlrow.ReadFailure("reading a call", err)
		}
		earlier.Caller, earlier.ID = call.Caller, call.ID
		return earlier.Replay(call)
	}
}

func scanCall(row table.Row) (r idempotency.Record, err error) {
	var millis int64
	err = row.Scan(&r.Hash, &r.Answer, &millis)
	r.Time = time.UnixMilli(millis)
	return r, err
}

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

// Repeated implements attribution.Store and calls.Store.
func (s *Store) Repeated(ctx context.Context, call idempotency.Call) (string, bool, error) {
	return replay(scanCall(s.db.Read().QueryRowContext(ctx, findCall, call.Key())))(call)
}

// Once implements calls.Store. The task has the only writer, so another call with the same id finds this one.
func (s *Store) Once(ctx context.Context, call idempotency.Call, write func(context.Context) (string, error)) (string, error) {
	answer, _, err := s.once(ctx, call, func(ctx context.Context, tx *tx) (string, error) { return write(tx.Join(ctx)) })
	return answer, err
}

// UpdateConversionOnce implements attribution.Store.
func (s *Store) UpdateConversionOnce(
	ctx context.Context, id string, once attribution.Once, change func(domain.Conversion) (domain.Update, error),
) (domain.Conversion, error) {
	var stored domain.Conversion
	answer, found, err := s.once(ctx, once.Call, func(ctx context.Context, tx *tx) (string, error) {
		var err error
		if stored, err = tx.change(ctx, id, change); err != nil {
			return "", err
		}
		return once.Answer(stored)
	})
	switch {
	case err != nil:
		return domain.Conversion{}, err
	case found:
		return domain.Conversion{}, &attribution.Made{Answer: answer}
	}
	return stored, nil
}

// once stores a call and what it writes in one transaction. found is true if the call was stored before.
func (s *Store) once(
	ctx context.Context, call idempotency.Call, write func(context.Context, *tx) (string, error),
) (string, bool, error) {
	var answer string
	var found bool
	err := s.queue.Write(ctx, &job{task: func(ctx context.Context, tx *tx) (err error) {
		answer, found, err = replay(sqlrow.One(ctx, tx.Tx, scanCall, findCall, call.Key()))(call)
		if found || err != nil {
			return err
		}
		if answer, err = write(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, putCall, call.Key(), []byte(call.Hash), []byte(answer), call.Time.UnixMilli())
		return err
	}})
	if err != nil {
		return "", false, err
	}
	return answer, found, nil
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

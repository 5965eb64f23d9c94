package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/couponlink/couponlink/services/coupon/internal/app"
	"github.com/couponlink/couponlink/services/coupon/internal/app/keys"
	"github.com/couponlink/couponlink/services/internal/idempotency"
	"github.com/couponlink/couponlink/services/internal/sqlitedb"
)

// forgotten is how many old calls are deleted at most when a new one is stored: more than one, so that they get fewer
// after a busy day, and few, so that no call waits for them.
const forgotten = 3

const (
	findCall = "SELECT hash, answer, create_time FROM requests WHERE id = ?"
	// deleteOldCalls deletes calls that are older than the newest one by the lifetime. The clock plays no part, so a
	// clock that is wrong at one start deletes nothing.
	deleteOldCalls = `DELETE FROM requests WHERE id IN (SELECT id FROM requests
		WHERE create_time < (SELECT max(create_time) FROM requests) - ? ORDER BY create_time LIMIT ?)`
	// putCall replaces a call only if it has outlived its lifetime.
	putCall = `INSERT INTO requests (id, hash, answer, create_time) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, answer = excluded.answer, create_time = excluded.create_time`
)

// Once stores a call and what it does in one transaction. The transaction takes the write lock at its beginning, so
// another call with the same id finds this one.
func (s *Store) Once(
	ctx context.Context, call idempotency.Call, do func(context.Context, app.Store) (string, error),
) (string, error) {
	return s.once(ctx, call, func(ctx context.Context, bound *Store) (string, error) { return do(ctx, bound) })
}

// OnceForKeys implements keys.Store.
func (s *Store) OnceForKeys(
	ctx context.Context, call idempotency.Call, do func(context.Context, keys.Store) (string, error),
) (string, error) {
	return s.once(ctx, call, func(ctx context.Context, bound *Store) (string, error) { return do(ctx, bound) })
}

func (s *Store) once(ctx context.Context, call idempotency.Call, do func(context.Context, *Store) (string, error)) (string, error) {
	return inWrite(ctx, s, func(tx *sql.Tx) (string, error) {
		answer, found, err := replay(ctx, tx, call)
		if found || err != nil {
			return answer, err
		}
		bound := *s
		bound.within = tx
		if answer, err = do(ctx, &bound); err != nil {
			return "", err
		}
		return answer, remember(ctx, tx, idempotency.Record{Call: call, Answer: answer})
	})
}

// replay returns the stored answer of an earlier call with the same id.
func replay(ctx context.Context, tx *sql.Tx, call idempotency.Call) (answer string, found bool, err error) {
	earlier := idempotency.Record{Call: call}
	var millis int64
	err = tx.QueryRowContext(ctx, findCall, call.Key()).Scan(&earlier.Hash, &earlier.Answer, &millis)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, sqlitedb.Failure(fmt.Errorf("reading a call: %w", err))
	}
	earlier.Time = time.UnixMilli(millis)
	return earlier.Replay(call)
}

// remember stores a call, and deletes a few old ones.
func remember(ctx context.Context, tx *sql.Tx, r idempotency.Record) error {
	if _, err := tx.ExecContext(ctx, deleteOldCalls, idempotency.Lifetime.Milliseconds(), forgotten); err != nil {
		return sqlitedb.Failure(fmt.Errorf("deleting old calls: %w", err))
	}
	if _, err := tx.ExecContext(ctx, putCall, r.Key(), []byte(r.Hash), []byte(r.Answer), r.Time.UnixMilli()); err != nil {
		return sqlitedb.Failure(fmt.Errorf("storing a call: %w", err))
	}
	return nil
}

// reader returns what short reads use.
func (s *Store) reader() querier {
	if s.within != nil {
		return s.within
	}
	return s.db.Read()
}

// reports returns what long reads use.
func (s *Store) reports() querier {
	if s.within != nil {
		return s.within
	}
	return s.db.Reports()
}

// write runs do in a transaction, or in a part of the transaction that the Store is bound to. If do fails, what it
// wrote is undone.
func (s *Store) write(ctx context.Context, do func(*sql.Tx) error) error {
	if s.within == nil {
		return s.db.Write(ctx, do)
	}
	if _, err := s.within.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		return sqlitedb.Failure(fmt.Errorf("beginning a part of a transaction: %w", err))
	}
	err := do(s.within)
	end := "RELEASE part"
	if err != nil {
		end = "ROLLBACK TO part; RELEASE part"
	}
	if _, ended := s.within.ExecContext(ctx, end); ended != nil {
		err = errors.Join(err, fmt.Errorf("ending a part of a transaction: %w", ended))
	}
	return sqlitedb.Failure(err)
}

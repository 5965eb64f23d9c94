package mongodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

const (
	// transactionTimeout bounds a transaction with all its attempts, unless WithLimit gives more. The commit comes on
	// top.
	transactionTimeout = 10 * time.Second
	// commitTimeout bounds an attempt to commit, and commitTries the attempts. The second one uses another connection
	// and learns the result of the first.
	commitTimeout = 2 * time.Second
	commitTries   = 2
	// abortTimeout bounds the rollback of a transaction. Without a rollback, the transaction blocks others for a
	// minute; then the server rolls it back.
	abortTimeout = time.Second
	// The random pause before a transaction starts again has a bound that doubles from firstPause to lastPause. A
	// transaction that waits for another one must not sleep much longer than that one takes; otherwise a third is
	// always faster.
	firstPause = 2 * time.Millisecond
	lastPause  = 16 * time.Millisecond
)

// Labels with which a server says what can be retried.
const (
	transient     = "TransientTransactionError"
	unknownCommit = "UnknownTransactionCommitResult"
)

// InTransaction runs do in a transaction. The transaction consists of the operations with do's context. They see one
// snapshot, and their writes are committed together or, if do returns an error, not at all. If the transaction
// conflicts with another, do runs again. The error is do's own, or the storage's as mapped by Failure.
//
// A commit that has begun is finished even if the caller leaves. If no attempt is confirmed within about four seconds,
// the error is Unavailable, although the writes may be there, or appear within a minute. The caller finds out when it
// tries again.
//
// If ctx is another transaction's, do is a part of that one: it is committed with it, and runs again with it.
func (db *DB) InTransaction(ctx context.Context, do func(context.Context) error) error {
	if IsInTransaction(ctx) {
		return do(ctx)
	}
	return Failure(db.server.InTransaction(ctx, db, func(ctx context.Context) error {
		return do(context.WithValue(ctx, transactionKey{}, true))
	}))
}

// IsInTransaction reports whether operations with a context run in a transaction.
func IsInTransaction(ctx context.Context) bool { return ctx.Value(transactionKey{}) != nil }

type transactionKey struct{}

// transact implements InTransaction on a server with transactions.
func (db *DB) transact(ctx context.Context, do func(context.Context) error) error {
	limit, _ := ctx.Value(limitKey{}).(time.Duration)
	bounded, end, err := db.beginWithin(ctx, max(limit, transactionTimeout))
	if err != nil {
		return err
	}
	session, err := db.client.StartSession()
	if err != nil {
		return end(fmt.Errorf("starting a session: %w", err))
	}
	t := transaction{db: db, session: session}
	defer t.close(ctx)
	return end(t.run(bounded, do))
}

// transaction is the session of a transaction.
type transaction struct {
	db      *DB
	session *mongo.Session
	// inDoubt is set after a commit was sent, until its result is known.
	inDoubt bool
}

// run runs do in a transaction until it does not conflict with others.
func (t *transaction) run(ctx context.Context, do func(context.Context) error) error {
	for longest := firstPause; ; longest = min(2*longest, lastPause) {
		err := t.attempt(ctx, do)
		if err == nil || !hasLabel(err, transient) || t.inDoubt {
			return err
		}
		select {
		case <-time.After(rand.N(longest)): //nolint:gosec // the pauses are not secret
		case <-ctx.Done():
			return err
		}
	}
}

// attempt runs do and commits. If do fails, it rolls back.
func (t *transaction) attempt(ctx context.Context, do func(context.Context) error) error {
	err := t.session.StartTransaction(options.Transaction().
		SetReadConcern(readconcern.Snapshot()).
		SetWriteConcern(majority()).
		SetReadPreference(readpref.Primary()))
	if err != nil {
		return fmt.Errorf("starting a transaction: %w", err)
	}
	if err = do(mongo.NewSessionContext(ctx, t.session)); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		t.abort(ctx)
		return err
	}
	return t.commit(context.WithoutCancel(ctx))
}

// commit commits, and tries again if the result is unknown. Committing twice has the effect of committing once.
func (t *transaction) commit(ctx context.Context) error {
	var err error
	for range commitTries {
		err = t.commitOnce(ctx)
		if t.inDoubt = isInDoubt(err); !t.inDoubt {
			return err
		}
	}
	return apperr.New(apperr.Unavailable, "STORE_UNAVAILABLE",
		"the storage did not confirm the write in time, and may have stored it: try again to find out").Because(err)
}

func (t *transaction) commitOnce(ctx context.Context) error {
	bounded, end, err := t.db.beginWithin(ctx, t.db.commitTimeout)
	if err != nil {
		return err
	}
	return end(t.session.CommitTransaction(bounded))
}

// isInDoubt reports whether the server may have committed, or may still commit, after this error: after any but a
// server's own refusal.
func isInDoubt(err error) bool {
	if err == nil {
		return false
	}
	var refusal mongo.ServerError
	return hasLabel(err, unknownCommit) || mongo.IsTimeout(err) || mongo.IsNetworkError(err) || !errors.As(err, &refusal)
}

// abort rolls the transaction back.
func (t *transaction) abort(ctx context.Context) {
	bounded, end, err := t.db.beginWithin(context.WithoutCancel(ctx), abortTimeout)
	if err == nil {
		_ = end(t.session.AbortTransaction(bounded)) // the server does it later
	}
}

// close returns the session to the pool. It rolls back a transaction whose commit is in doubt, so that it blocks
// nobody. In a sharded cluster the rollback and the commit could reach different servers, so there the session expires.
func (t *transaction) close(ctx context.Context) {
	if t.inDoubt && t.db.sharded {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	if t.inDoubt {
		t.abort(ctx)
	}
	t.session.EndSession(ctx)
}

// hasLabel reports whether an error has a label of a server or the driver.
func hasLabel(err error, label string) bool {
	var labeled mongo.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}

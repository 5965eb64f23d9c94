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
	// transactionTimeout bounds a transaction with all its attempts, unless a WithLimit gives more. Its commit
	// comes on top.
	transactionTimeout = 10 * time.Second
	// commitTimeout bounds one try to commit and commitTries the tries: the second goes over another connection,
	// and learns what the first has done.
	commitTimeout = 2 * time.Second
	commitTries   = 2
	// abortTimeout bounds the undoing of a transaction. One that is not undone holds others up for a minute, then
	// the server undoes it.
	abortTimeout = time.Second
	// The random pause before a transaction starts over has a bound that doubles from firstPause to lastPause. One
	// that waits for another must not sleep much longer than that takes: then a third is always faster.
	firstPause = 2 * time.Millisecond
	lastPause  = 16 * time.Millisecond
)

// Labels by which a server says what may be repeated.
const (
	transient     = "TransientTransactionError"
	unknownCommit = "UnknownTransactionCommitResult"
)

// InTransaction runs do in a transaction, whose operations are those that are given do's context.
// They see one snapshot, and their writes are committed together or, when do returns an error, not
// at all. do is run again when the transaction conflicts with another. The error is do's own or
// the storage's, as Failure maps it.
//
// A commit that has begun is finished though the caller leaves. If the server confirms it on no try, after some
// four seconds, the error is Unavailable although the writes may be there, or come to be there within a minute:
// the caller's next attempt finds out.
func (db *DB) InTransaction(ctx context.Context, do func(context.Context) error) error {
	if db.plain {
		db.alone.Lock()
		defer db.alone.Unlock()
		return Failure(do(ctx))
	}
	limit, _ := ctx.Value(limitKey{}).(time.Duration)
	bounded, end, err := db.beginWithin(ctx, max(limit, transactionTimeout))
	if err != nil {
		return Failure(err)
	}
	session, err := db.client.StartSession()
	if err != nil {
		return Failure(end(fmt.Errorf("starting a session: %w", err)))
	}
	t := transaction{db: db, session: session}
	defer t.close(ctx)
	return Failure(end(t.run(bounded, do)))
}

// transaction is a session that a transaction runs in.
type transaction struct {
	db      *DB
	session *mongo.Session
	// inDoubt says that a commit was sent and nothing is known of it.
	inDoubt bool
}

// run runs do in a transaction, again while it conflicts with others.
func (t *transaction) run(ctx context.Context, do func(context.Context) error) error {
	for longest := firstPause; ; longest = min(2*longest, lastPause) {
		err := t.attempt(ctx, do)
		if err == nil || !hasLabel(err, transient) || t.inDoubt {
			return err
		}
		select {
		case <-time.After(rand.N(longest)): //nolint:gosec // the pauses are no secret
		case <-ctx.Done():
			return err
		}
	}
}

// attempt runs do and commits, or undoes what do did.
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

// commit commits, and tries again if nothing is known of it: to commit twice is to commit once.
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

// isInDoubt says whether a commit's error leaves it open whether the server has committed or will: each but a
// server's own refusal.
func isInDoubt(err error) bool {
	if err == nil {
		return false
	}
	var refusal mongo.ServerError
	return hasLabel(err, unknownCommit) || mongo.IsTimeout(err) || mongo.IsNetworkError(err) || !errors.As(err, &refusal)
}

// abort undoes the transaction under way.
func (t *transaction) abort(ctx context.Context) {
	bounded, end, err := t.db.beginWithin(context.WithoutCancel(ctx), abortTimeout)
	if err == nil {
		_ = end(t.session.AbortTransaction(bounded)) // The server does it at last.
	}
}

// close gives the session back. It undoes a transaction whose commit is in doubt, so that it holds nobody up; but
// not in a sharded cluster, where the two could meet at different servers: there the session is left to expire.
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

// hasLabel says whether an error has a label of a server's or the driver's.
func hasLabel(err error, label string) bool {
	var labeled mongo.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel(label)
}

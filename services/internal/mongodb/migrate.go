package mongodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// schemaCollection has two documents: the schema's version, and the lock.
	schemaCollection = "schema"
	versionID        = "version"
	lockID           = "lock"

	// A lock that is not renewed for lockLease is void, because its holder has died.
	lockLease = 30 * time.Second
	lockRenew = 5 * time.Second
	lockRetry = 200 * time.Millisecond

	// stepTimeout bounds each call of a step. Some change or read a whole collection.
	stepTimeout = 10 * time.Minute

	codeNamespaceExists = 48
)

// Migration is a numbered step of the schema.
type Migration struct {
	// Version is the schema's version after the step. Versions begin at 1 and have no gaps.
	Version int
	// Run changes the database. It must be repeatable: a process may die between Run and the recording of the version.
	Run func(ctx context.Context, db *DB) error
}

// Migrate runs the missing steps in order, and records each. If several processes start at once, one does the work and
// the others wait for it. Migrate refuses a database whose version is newer than the last step's.
func (db *DB) Migrate(ctx context.Context, steps []Migration) error {
	// At most starts nothing is missing, and no lock is needed to see that.
	lacking, err := db.lacking(ctx, steps)
	if err != nil || len(lacking) == 0 {
		return err
	}
	return db.locked(ctx, func(ctx context.Context) error {
		lacking, err := db.lacking(ctx, steps)
		if err != nil {
			return err
		}
		for _, step := range lacking {
			if err := db.step(ctx, step, len(steps)); err != nil {
				return err
			}
		}
		return nil
	})
}

// lacking returns the steps that the database lacks.
func (db *DB) lacking(ctx context.Context, steps []Migration) ([]Migration, error) {
	var stored struct {
		Version int `bson:"version"`
	}
	err := db.Collection(schemaCollection).FindOne(ctx, bson.D{{Key: "_id", Value: versionID}}).Decode(&stored)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return nil, Failure(fmt.Errorf("reading the schema's version: %w", err))
	}
	if stored.Version > len(steps) {
		return nil, fmt.Errorf("the database %s has schema version %d, and this program knows only up to %d: use a newer program",
			db.database.Name(), stored.Version, len(steps))
	}
	return steps[stored.Version:], nil
}

// step runs a step, unless the database is newer than newest, and records its version.
func (db *DB) step(ctx context.Context, step Migration, newest int) error {
	began := time.Now()
	db.log.InfoContext(ctx, "migrating the schema", slog.String("database", db.database.Name()), slog.Int("version", step.Version-1), slog.Int("newest", newest))
	if err := step.Run(WithLimit(ctx, stepTimeout), db); err != nil {
		return Failure(fmt.Errorf("migrating the schema to version %d: %w", step.Version, err))
	}
	_, err := db.Collection(schemaCollection).UpdateOne(ctx,
		bson.D{{Key: "_id", Value: versionID}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "version", Value: step.Version}}}},
		options.UpdateOne().SetUpsert(true))
	if err != nil {
		return Failure(fmt.Errorf("recording schema version %d: %w", step.Version, err))
	}
	db.log.InfoContext(ctx, "migrated the schema", slog.String("database", db.database.Name()), slog.Int("version", step.Version), slog.Int("newest", newest),
		slog.Duration("took", time.Since(began).Round(time.Millisecond)))
	return nil
}

// locked runs do while it holds the schema's lock. do's context ends if the lock is lost.
func (db *DB) locked(ctx context.Context, do func(context.Context) error) error {
	holder := rand.Text()
	if err := db.waitForLock(ctx, holder); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		db.keepLock(ctx, holder, cancel)
	}()
	err := do(ctx)
	if lost := context.Cause(ctx); err != nil && lost != nil {
		err = lost
	}
	cancel(nil)
	<-renewed
	// The lock expires anyway, so an error here does not fail the work.
	_, _ = db.Collection(schemaCollection).DeleteOne(context.WithoutCancel(ctx), lockOf(holder))
	return err
}

// waitForLock waits until it can take the lock.
func (db *DB) waitForLock(ctx context.Context, holder string) error {
	for {
		taken, err := db.tryLock(ctx, holder)
		if err != nil || taken {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for another process to migrate the schema: %w", ctx.Err())
		case <-time.After(lockRetry):
		}
	}
}

// tryLock takes the lock if it is free or void, in one step. If another process holds it, the filter does not match,
// and the upsert fails because it tries to insert a second document with the lock's `_id`.
func (db *DB) tryLock(ctx context.Context, holder string) (bool, error) {
	now := time.Now()
	_, err := db.Collection(schemaCollection).UpdateOne(ctx,
		bson.D{{Key: "_id", Value: lockID}, {Key: "until", Value: bson.D{{Key: "$lt", Value: now}}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "holder", Value: holder}, {Key: "until", Value: now.Add(lockLease)}}}},
		options.UpdateOne().SetUpsert(true))
	if IsUnique(err) {
		return false, nil
	}
	if err != nil {
		return false, Failure(fmt.Errorf("locking the schema: %w", err))
	}
	return true, nil
}

// keepLock renews the lock until the context ends. If the lock is lost, it calls lost.
func (db *DB) keepLock(ctx context.Context, holder string, lost context.CancelCauseFunc) {
	renew := time.NewTicker(lockRenew)
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
		}
		until := time.Now().Add(lockLease)
		result, err := db.Collection(schemaCollection).UpdateOne(ctx, lockOf(holder),
			bson.D{{Key: "$set", Value: bson.D{{Key: "until", Value: until}}}})
		if err == nil && result.MatchedCount == 0 {
			lost(errors.New("the lock on the schema was lost to another process"))
			return
		}
	}
}

func lockOf(holder string) bson.D {
	return bson.D{{Key: "_id", Value: lockID}, {Key: "holder", Value: holder}}
}

// CreateCollections creates the collections that do not exist.
func (db *DB) CreateCollections(ctx context.Context, names ...string) error {
	for _, name := range names {
		bounded, end, err := db.begin(ctx)
		if err == nil {
			err = end(db.database.CreateCollection(bounded, name))
		}
		var refusal mongo.ServerError
		if errors.As(err, &refusal) && refusal.HasErrorCode(codeNamespaceExists) {
			continue
		}
		if err != nil {
			return Failure(fmt.Errorf("creating the collection %s: %w", name, err))
		}
	}
	return nil
}

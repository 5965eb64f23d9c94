// Package mongodb connects to a MongoDB deployment the one way that the services use it: a replica
// set or a sharded cluster, everything acknowledged by a majority, transactions for what must
// change together, migrated under a lock.
//
// Only the MongoDB stores and their test support may import it; it imports none of ours but apperr and
// move.
package mongodb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

const (
	// selectionTimeout is how long an operation waits for a primary, unless the URI says otherwise
	// (serverSelectionTimeoutMS). An election takes a few seconds; the driver's 30 s are longer
	// than a caller waits.
	selectionTimeout = 10 * time.Second
	// closeTimeout bounds how long Close waits for operations under way.
	closeTimeout = 10 * time.Second
)

// DB is one service's database in a deployment.
type DB struct {
	client   *mongo.Client
	database *mongo.Database
	// plain says that the server has no transactions; alone then keeps them apart within this
	// process. Nothing undoes a plain transaction's writes.
	plain bool
	alone sync.Mutex
	// moving is set where a move opens the database.
	moving moving
}

// Option changes how Open connects.
type Option func(*DB)

// WithoutTransactions lets Open take a server that has no transactions. It is for the tests' engine
// only: what InTransaction then runs is alone in this process, but not all or nothing.
func WithoutTransactions() Option { return func(db *DB) { db.plain = true } }

// HasTransactions says whether the server has transactions: false on the tests' engine only.
func (db *DB) HasTransactions() bool { return !db.plain }

// Open connects to the deployment that a URI names and to the service's database in it. A database
// in the URI's path is a prefix, so that several installations can share a deployment:
// `mongodb://host/staging` has the databases staging_coupon and staging_tracking. The path `admin`
// is no prefix: it is only where the user is defined. As in every MongoDB URI the path is also the
// default of authSource.
//
// It refuses a standalone server, which has no transactions, and a database into which data is being
// moved. No error shows the URI, which may hold a password. What the URI says about write concern, read
// concern, read preference and retries does not count.
func Open(ctx context.Context, uri, database string, opts ...Option) (*DB, error) {
	db := &DB{}
	for _, option := range opts {
		option(db)
	}
	name, err := databaseName(uri, database)
	if err != nil {
		return nil, err
	}
	db.client, err = mongo.Connect(clientOptions(uri))
	if err != nil {
		return nil, unreadable(err)
	}
	db.database = db.client.Database(name)
	if err := db.checkServer(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.checkMoved(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// databaseName returns the service's database with the prefix that a URI, which the driver
// accepted, has for it.
func databaseName(uri, database string) (string, error) {
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/") // In user and password a slash is percent-encoded.
	path, _, _ = strings.Cut(path, "?")
	prefix, err := url.PathUnescape(path)
	if err != nil {
		return "", unreadable(err)
	}
	if prefix == "" || prefix == "admin" {
		return database, nil
	}
	return prefix + "_" + database, nil
}

// unreadable is the error for a URI that the driver refuses. The driver's own error may quote
// the URI with its password, so only its kind is told.
func unreadable(err error) error {
	hint := "it must begin with mongodb:// or mongodb+srv://, name a host, and have special characters of user and password percent-encoded"
	if strings.Contains(err.Error(), "lookup") {
		hint = "its SRV record could not be looked up"
	}
	return fmt.Errorf("the database URL is not a MongoDB URI that can be used: %s", hint)
}

func clientOptions(uri string) *options.ClientOptions {
	opts := options.Client().ApplyURI(uri).
		SetAppName("couponlink").
		SetWriteConcern(majority()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(true).
		SetRetryReads(true)
	if opts.ServerSelectionTimeout == nil {
		opts.SetServerSelectionTimeout(selectionTimeout)
	}
	return opts
}

// majority is the acknowledgement by a majority of the voting members, each with it in its journal.
func majority() *writeconcern.WriteConcern {
	journaled := true
	return &writeconcern.WriteConcern{W: "majority", Journal: &journaled}
}

// checkServer refuses a server without transactions.
func (db *DB) checkServer(ctx context.Context) error {
	var hello struct {
		SetName string `bson:"setName"`
		Msg     string `bson:"msg"`
	}
	command := bson.D{{Key: "hello", Value: 1}}
	if err := db.client.Database("admin").RunCommand(ctx, command).Decode(&hello); err != nil {
		return Failure(fmt.Errorf("asking the MongoDB server what it is: %w", err))
	}
	if hello.SetName == "" && hello.Msg != "isdbgrid" && !db.plain {
		return errors.New("the MongoDB server is standalone and has no transactions: " +
			"use a replica set (one member is enough: mongod --replSet) or a sharded cluster")
	}
	return nil
}

// Collection returns a collection of the service's database.
func (db *DB) Collection(name string) *mongo.Collection { return db.database.Collection(name) }

// InTransaction runs do in a transaction, whose operations are those that are given do's context.
// They see one snapshot, and their writes are committed together or, when do returns an error, not
// at all. do is run again when the transaction conflicts with another. The error is do's own or
// the storage's, as Failure maps it.
func (db *DB) InTransaction(ctx context.Context, do func(context.Context) error) error {
	if db.plain {
		db.alone.Lock()
		defer db.alone.Unlock()
		return Failure(do(ctx))
	}
	session, err := db.client.StartSession()
	if err != nil {
		return Failure(fmt.Errorf("starting a session: %w", err))
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	_, err = session.WithTransaction(ctx, func(ctx context.Context) (any, error) { return nil, do(ctx) },
		options.Transaction().
			SetReadConcern(readconcern.Snapshot()).
			SetWriteConcern(majority()).
			SetReadPreference(readpref.Primary()))
	return Failure(err)
}

// Ping says whether the deployment has a primary that answers; the error is as Failure maps it.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.client.Ping(ctx, readpref.Primary()); err != nil {
		return Failure(fmt.Errorf("pinging MongoDB: %w", err))
	}
	return nil
}

// Close waits for the operations under way, ten seconds at most, and disconnects.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := db.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return fmt.Errorf("disconnecting from MongoDB: %w", err)
	}
	return nil
}

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
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

const (
	// selectionTimeout is how long calls wait for a server that takes writes once there is none, unless the URI
	// says otherwise (serverSelectionTimeoutMS); then all calls fail at once until there is one. A planned
	// change of primaries takes less, an election after a crash more.
	selectionTimeout = 1500 * time.Millisecond
	// firstTimeout is how long they wait for the first.
	firstTimeout = 4 * time.Second
	// Unless the URI says otherwise (heartbeatFrequencyMS, connectTimeoutMS), the servers are asked each
	// heartbeat how they are, and one that has not answered connectTimeout later counts as lost, as does one to
	// which a connection takes that long.
	heartbeat      = time.Second
	connectTimeout = 2 * time.Second
	// closeTimeout bounds how long Close waits for operations under way.
	closeTimeout = 10 * time.Second
)

// DB is one service's database in a deployment.
type DB struct {
	client   *mongo.Client
	database *mongo.Database
	gate     *gate
	// limit bounds a call.
	limit time.Duration
	// commitTimeout bounds one try to commit.
	commitTimeout time.Duration
	// sharded says that the deployment is a sharded cluster.
	sharded bool
	// life ends when the DB is closed, which waits for the indexes that are being built.
	life     context.Context //nolint:containedctx // it is the DB's own
	end      context.CancelFunc
	building sync.WaitGroup
	log      *slog.Logger
	// plain says that the server has no transactions; alone then keeps them apart within this
	// process. Nothing undoes a plain transaction's writes.
	plain bool
	alone sync.Mutex
	// moving is set where a move opens the database.
	moving moving
}

// Option changes how Open connects.
type Option func(*DB)

// WithoutTransactions lets Open take a server that has no transactions, if on. It is for the tests' engine
// only: what InTransaction then runs is alone in this process, but not all or nothing.
func WithoutTransactions(on bool) Option { return func(db *DB) { db.plain = on } }

// WithLog has what happens in the background logged. Without it nobody is told.
func WithLog(log *slog.Logger) Option { return func(db *DB) { db.log = log } }

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
// concern, read preference and retries does not count; its times do (selectionTimeout).
//
// Each call to the deployment ends within seconds: see Collection, InTransaction and WithLimit.
func Open(ctx context.Context, uri, database string, settings ...Option) (*DB, error) {
	name, err := databaseName(uri, database)
	if err != nil {
		return nil, err
	}
	db := &DB{log: slog.New(slog.DiscardHandler), commitTimeout: commitTimeout}
	for _, option := range settings {
		option(db)
	}
	opts := clientOptions(uri)
	db.limit = *opts.Timeout
	db.gate = gateOf(opts)
	opts.SetServerMonitor(&event.ServerMonitor{TopologyDescriptionChanged: db.gate.observe})
	db.client, err = mongo.Connect(opts)
	if err != nil {
		return nil, unreadable(err)
	}
	db.database = db.client.Database(name)
	db.life, db.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := db.checkServer(ctx); err != nil {
		return nil, errors.Join(StartFailure(err), db.Close())
	}
	if err := db.checkMoved(ctx); err != nil {
		return nil, errors.Join(StartFailure(err), db.Close())
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
	if strings.Contains(err.Error(), "lookup") {
		return Failure(errLookup)
	}
	return errors.New("the database URL is not a MongoDB URI that can be used: it must begin with mongodb:// or mongodb+srv://, " +
		"name a host, and have special characters of user and password percent-encoded")
}

// errLookup is the error of a URI whose host has no address now.
var errLookup = errors.New("the SRV record of the database URL could not be looked up")

func clientOptions(uri string) *options.ClientOptions {
	opts := options.Client().ApplyURI(uri).
		SetAppName("couponlink").
		SetWriteConcern(majority()).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetRetryWrites(true).
		SetRetryReads(true)
	if opts.ConnectTimeout == nil {
		opts.SetConnectTimeout(connectTimeout)
	}
	if opts.HeartbeatInterval == nil {
		opts.SetHeartbeatInterval(heartbeat)
	}
	if opts.Timeout == nil {
		opts.SetTimeout(callTimeout)
	}
	return opts
}

// gateOf returns the gate that a client's options mean, and leaves it to the gate to end the search for a server: the
// driver counts the wait for a free connection as one, which may take longer while many are opened.
func gateOf(opts *options.ClientOptions) *gate {
	patience, first := selectionTimeout, firstTimeout
	if opts.ServerSelectionTimeout != nil {
		patience, first = *opts.ServerSelectionTimeout, *opts.ServerSelectionTimeout
	}
	opts.SetServerSelectionTimeout(max(patience, *opts.Timeout))
	return newGate(patience, first)
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
	if err := db.run(ctx, db.client.Database("admin"), command).Decode(&hello); err != nil {
		return Failure(fmt.Errorf("asking the MongoDB server what it is: %w", err))
	}
	db.sharded = hello.Msg == "isdbgrid"
	if hello.SetName == "" && !db.sharded && !db.plain {
		return errors.New("the MongoDB server is standalone and has no transactions: " +
			"use a replica set (one member is enough: mongod --replSet) or a sharded cluster")
	}
	return nil
}

// Collection returns a collection of the service's database.
func (db *DB) Collection(name string) *Collection {
	return &Collection{driver: db.database.Collection(name), db: db}
}

// run runs a command that returns one document.
func (db *DB) run(ctx context.Context, on *mongo.Database, command bson.D) *mongo.SingleResult {
	return (&Collection{db: db}).single(ctx, func(ctx context.Context) *mongo.SingleResult { return on.RunCommand(ctx, command) })
}

// pings holds one document, which Ping writes.
const pings = "pings"

// Ping says whether the deployment takes writes, by a write that is as durable as all; the error is as Failure
// maps it.
func (db *DB) Ping(ctx context.Context) error {
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "time", Value: time.Now().UTC()}}}}
	if _, err := db.Collection(pings).UpdateOne(ctx, bson.D{{Key: "_id", Value: 1}}, update, options.UpdateOne().SetUpsert(true)); err != nil {
		return Failure(fmt.Errorf("writing to MongoDB: %w", err))
	}
	return nil
}

// Close waits for the operations under way, ten seconds at most, and disconnects. Indexes that are being built in
// the background the server goes on building.
func (db *DB) Close() error {
	db.end()
	db.building.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := db.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return fmt.Errorf("disconnecting from MongoDB: %w", err)
	}
	return nil
}

// Package mongodb connects to a MongoDB deployment in the way that all services use it: a replica set or a sharded
// cluster, acknowledgement by a majority, transactions for documents that must change together, and migrations under a
// lock.
//
// Only the MongoDB stores and their test support may import it; of our packages it imports apperr and move.
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
	// selectionTimeout is how long calls wait for a server that takes writes, unless the URI says otherwise
	// (serverSelectionTimeoutMS). After that, all calls fail at once until there is such a server. A planned change of
	// primaries takes less time, an election after a crash more.
	selectionTimeout = 1500 * time.Millisecond
	// firstTimeout is how long calls wait for the first server.
	firstTimeout = 4 * time.Second
	// Unless the URI says otherwise (heartbeatFrequencyMS, connectTimeoutMS), the driver checks the servers at each
	// heartbeat. A server that does not answer, or connect, within connectTimeout counts as lost.
	heartbeat      = time.Second
	connectTimeout = 2 * time.Second
	// closeTimeout bounds how long Close waits for calls in flight.
	closeTimeout = 10 * time.Second
)

// DB is one service's database in a deployment.
type DB struct {
	client   *mongo.Client
	database *mongo.Database
	gate     *gate
	// limit bounds a call.
	limit time.Duration
	// commitTimeout bounds one attempt to commit.
	commitTimeout time.Duration
	// indexPatience bounds how long AwaitIndexes waits.
	indexPatience time.Duration
	// sharded is set for a sharded cluster.
	sharded bool
	// life ends when the DB is closed. Close then waits for the indexes that are being built.
	life     context.Context //nolint:containedctx // it is the DB's own lifetime
	end      context.CancelFunc
	building sync.WaitGroup
	log      *slog.Logger
	server   Server
	// moving is set if a move opens the database.
	moving moving
}

// Option changes how Open connects.
type Option func(*DB)

// WithLog sets the log for events in the background. Without it they are not logged.
func WithLog(log *slog.Logger) Option { return func(db *DB) { db.log = log } }

// WithIndexPatience sets how long AwaitIndexes waits at most, instead of two seconds.
func WithIndexPatience(patience time.Duration) Option {
	return func(db *DB) { db.indexPatience = patience }
}

// Open connects to a deployment, and to the service's database in it. The path in the URI is a prefix, so that several
// installations can share a deployment: with `mongodb://host/staging` the databases are staging_coupon and
// staging_tracking. The path `admin` is not a prefix but only says where the user is defined. As in every MongoDB URI,
// the path is also the default of authSource.
//
// Open refuses a standalone server, which has no transactions, and a database into which data is being moved. No error
// contains the URI, which may have a password. Options in the URI for write concern, read concern, read preference and
// retries have no effect; those for times do (selectionTimeout).
//
// Each call to the deployment ends within seconds: see Collection, InTransaction and WithLimit.
func Open(ctx context.Context, uri, database string, settings ...Option) (*DB, error) {
	name, err := databaseName(uri, database)
	if err != nil {
		return nil, err
	}
	db := &DB{log: slog.New(slog.DiscardHandler), commitTimeout: commitTimeout, server: mongoDB{}, indexPatience: indexPatience}
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

// databaseName returns the name of the service's database, with the prefix in a URI that the driver accepted.
func databaseName(uri, database string) (string, error) {
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/") // a slash in the user or password is percent-encoded
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

// unreadable returns the error for a URI that the driver refuses. The driver's own error may quote the URI with its
// password, so the error has only its kind.
func unreadable(err error) error {
	if strings.Contains(err.Error(), "lookup") {
		return Failure(errLookup)
	}
	return errors.New("the database URL is not a MongoDB URI that can be used: it must begin with mongodb:// or mongodb+srv://, " +
		"name a host, and have special characters of user and password percent-encoded")
}

// errLookup is the error for a URI whose host has no address at the moment.
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

// gateOf returns the gate for a client's options. The gate, not the driver, then ends the wait for a server: the driver
// also counts the wait for a free connection, which may take longer while many are opened.
func gateOf(opts *options.ClientOptions) *gate {
	patience, first := selectionTimeout, firstTimeout
	if opts.ServerSelectionTimeout != nil {
		patience, first = *opts.ServerSelectionTimeout, *opts.ServerSelectionTimeout
	}
	opts.SetServerSelectionTimeout(max(patience, *opts.Timeout))
	return newGate(patience, first)
}

// majority returns the write concern: acknowledged by a majority of the voting members, each with the write in its
// journal.
func majority() *writeconcern.WriteConcern {
	journaled := true
	return &writeconcern.WriteConcern{W: "majority", Journal: &journaled}
}

// checkServer returns an error if the server has no transactions.
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
	if hello.SetName == "" && !db.sharded {
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
	return (&Collection{db: db}).single(ctx, func(ctx context.Context) *mongo.SingleResult { return db.server.RunCommand(ctx, on, command) })
}

// pings has one document, which Ping writes.
const pings = "pings"

// Ping checks that the deployment takes writes. It makes one that is as durable as all others. Failure maps its error.
func (db *DB) Ping(ctx context.Context) error {
	update := bson.D{{Key: "$set", Value: bson.D{{Key: "time", Value: time.Now().UTC()}}}}
	if _, err := db.Collection(pings).UpdateOne(ctx, bson.D{{Key: "_id", Value: 1}}, update, options.UpdateOne().SetUpsert(true)); err != nil {
		return Failure(fmt.Errorf("writing to MongoDB: %w", err))
	}
	return nil
}

// Close waits at most ten seconds for calls in flight, and disconnects. The server continues to build indexes.
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

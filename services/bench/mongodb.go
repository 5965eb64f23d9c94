package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

const (
	// uriVariable is the environment variable with the URI of the MongoDB server to measure on.
	uriVariable = "MONGODB_URI"
	// dropTimeout bounds the removal of the databases.
	dropTimeout = 30 * time.Second
)

// benchURI returns the server's URI with a prefix for this run's databases, and the prefix.
func benchURI(server string) (uri, prefix string, err error) {
	prefix = "bench_" + strings.ToLower(rand.Text()[:8])
	if uri, err = mongodb.WithPrefix(server, prefix); err != nil {
		return "", "", fmt.Errorf("%s: %w", uriVariable, err)
	}
	return uri, prefix, nil
}

// prefixOf returns the prefix in a URI that benchURI returned.
func prefixOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	prefix, _, _ := strings.Cut(path, "?")
	return prefix
}

// newMongoDBCommit returns a commit to a collection: one unordered insert, with the same acknowledgement as
// couponlink's.
func newMongoDBCommit(uri string) (commit, error) {
	journaled := true
	client, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetWriteConcern(&writeconcern.WriteConcern{W: "majority", Journal: &journaled}))
	if err != nil {
		return nil, errors.New(uriVariable + " is no MongoDB URI")
	}
	clicks := client.Database(prefixOf(uri) + "_ceiling").Collection("clicks")
	return func(ctx context.Context, rows [][]any) error {
		documents := make([]any, len(rows))
		for i, row := range rows {
			documents[i] = bson.D{{Key: "at", Value: row[0]}, {Key: "campaign", Value: row[1]}, {Key: "ip", Value: row[2]}, {Key: "ua", Value: row[3]}}
		}
		_, err := clicks.InsertMany(ctx, documents, options.InsertMany().SetOrdered(false))
		return err
	}, nil
}

// dropDatabases drops the databases whose names begin with prefix.
func dropDatabases(ctx context.Context, uri, prefix string) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return errors.New(uriVariable + " is no MongoDB URI")
	}
	defer func() { err = errors.Join(err, client.Disconnect(ctx)) }()
	names, err := client.ListDatabaseNames(ctx, bson.D{})
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix+"_") {
			err = errors.Join(err, client.Database(name).Drop(ctx))
		}
	}
	return err
}

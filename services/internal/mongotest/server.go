package mongotest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/couponlink/couponlink/services/internal/mongodb"
)

// codeDuplicateKey is a server's code for a document whose `_id` or unique value is taken.
const codeDuplicateKey = 11000

// server is the mongodb.Server for the embedded engine, FerretDB 1. It replaces what the engine lacks. Exceptions names
// what it cannot replace.
type server struct {
	// alone lets one transaction run at a time in this process. The engine has no transactions, so failed ones keep
	// their writes.
	alone sync.Mutex
}

// RunCommand makes the engine report a replica set, which mongodb.Open requires. It ignores changes of an expiry, since
// CreateIndexes creates none.
func (*server) RunCommand(ctx context.Context, on *mongo.Database, command bson.D) *mongo.SingleResult {
	switch command[0].Key {
	case "hello":
		var hello bson.D
		err := on.RunCommand(ctx, command).Decode(&hello)
		return mongo.NewSingleResultFromDocument(append(hello, bson.E{Key: "setName", Value: "engine"}), err, nil)
	case "collMod":
		return mongo.NewSingleResultFromDocument(bson.D{{Key: "ok", Value: 1}}, nil, nil)
	default:
		return on.RunCommand(ctx, command)
	}
}

// CreateIndexes creates indexes of all documents, without an expiry: the engine has no other kind.
func (*server) CreateIndexes(ctx context.Context, of *mongo.Collection, indexes []mongo.IndexModel) error {
	plain := make([]mongo.IndexModel, len(indexes))
	for i, index := range indexes {
		plain[i].Keys = index.Keys
		if index.Options == nil {
			continue
		}
		var args options.IndexOptions
		for _, set := range index.Options.List() {
			if err := set(&args); err != nil {
				return err
			}
		}
		if args.Unique != nil {
			plain[i].Options = options.Index().SetUnique(*args.Unique)
		}
	}
	_, err := of.Indexes().CreateMany(ctx, plain)
	return err
}

// Insert inserts the documents one by one: the engine undoes a whole unordered insert if one of its documents is refused.
func (*server) Insert(ctx context.Context, into *mongo.Collection, documents []any) error {
	return oneByOne(documents, func(document any) error {
		_, err := into.InsertOne(ctx, document)
		return err
	})
}

// Write does the writes one by one: the engine stops a call at its first failed write, and hangs on a hundred writes.
func (s *server) Write(ctx context.Context, to *mongo.Collection, writes []mongo.WriteModel) error {
	return oneByOne(writes, func(write mongo.WriteModel) error {
		var err error
		switch w := write.(type) {
		case *mongo.UpdateOneModel:
			if w.Upsert != nil && *w.Upsert {
				return s.upsert(ctx, to, w)
			}
			_, err = to.UpdateOne(ctx, w.Filter, w.Update)
		case *mongo.ReplaceOneModel:
			_, err = to.ReplaceOne(ctx, w.Filter, w.Replacement, options.Replace().SetUpsert(w.Upsert != nil && *w.Upsert))
		default:
			err = fmt.Errorf("the tests' engine does not support a %T yet", write)
		}
		return err
	})
}

// upsert does a mongodb.Upsert, whose filter has an `_id` and a bound. The engine is only fast for a filter of the `_id`
// alone, so upsert compares the bound itself.
func (s *server) upsert(ctx context.Context, to *mongo.Collection, w *mongo.UpdateOneModel) error {
	filter, ok := w.Filter.(bson.D)
	if !ok || len(filter) != 2 || filter[0].Key != "_id" {
		return fmt.Errorf("the filter %v is not a mongodb.Upsert's", w.Filter)
	}
	s.alone.Lock()
	defer s.alone.Unlock()
	found, err := to.FindOne(ctx, filter[:1]).Raw()
	switch {
	case err == nil && !isBelow(found, filter[1]):
		return mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: codeDuplicateKey, Message: "the document is not below"}}}
	case err != nil && !errors.Is(err, mongo.ErrNoDocuments):
		return err
	}
	_, err = to.UpdateOne(ctx, filter[:1], w.Update, options.UpdateOne().SetUpsert(true))
	return err
}

// isBelow reports whether a document satisfies a condition of the form {field: {$lt: value}}.
func isBelow(document bson.Raw, condition bson.E) bool {
	bound, _ := condition.Value.(bson.D)
	if len(bound) != 1 || bound[0].Key != "$lt" {
		return false
	}
	switch value := bound[0].Value.(type) {
	case time.Time:
		at, ok := document.Lookup(condition.Key).TimeOK()
		return ok && at.Before(value)
	case int64:
		n, ok := document.Lookup(condition.Key).AsInt64OK()
		return ok && n < value
	default:
		return false
	}
}

// Sum reads the documents and adds them up here, because the engine returns only the first of several sums in a group.
func (*server) Sum(ctx context.Context, of *mongodb.Collection, filter bson.D, a mongodb.Addition) ([]mongodb.Sum, error) {
	projection := bson.D{{Key: "_id", Value: 0}, {Key: a.Empty, Value: 1}}
	for _, field := range append(a.By[:len(a.By):len(a.By)], a.Of...) {
		projection = append(projection, bson.E{Key: field, Value: 1})
	}
	cursor, err := of.Find(ctx, filter, options.Find().SetProjection(projection))
	if err != nil {
		return nil, err
	}
	var documents []bson.Raw
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, err
	}
	var sums []mongodb.Sum
	known := map[string]int{}
	for _, document := range documents {
		by := make([]string, len(a.By))
		for i, field := range a.By {
			by[i], _ = at(document, field).StringValueOK()
		}
		key := fmt.Sprintf("%q", by)
		i, ok := known[key]
		if !ok {
			i = len(sums)
			known[key] = i
			sums = append(sums, mongodb.Sum{By: by, Of: make([]int64, len(a.Of))})
		}
		sums[i].Count++
		if value, ok := at(document, a.Empty).StringValueOK(); ok && value == "" {
			sums[i].Empty++
		}
		for j, field := range a.Of {
			number, _ := at(document, field).AsInt64OK()
			sums[i].Of[j] += number
		}
	}
	return sums, nil
}

// at returns the value at a path.
func at(document bson.Raw, path string) bson.RawValue {
	return document.Lookup(strings.Split(path, ".")...)
}

// InSession runs do without a session: a read sees what its own cursor does.
func (*server) InSession(ctx context.Context, _ *mongo.Client, _ *options.SessionOptionsBuilder, do func(context.Context) error) error {
	return do(ctx)
}

// InTransaction runs do alone in this process.
func (s *server) InTransaction(ctx context.Context, _ *mongodb.DB, do func(context.Context) error) error {
	s.alone.Lock()
	defer s.alone.Unlock()
	return do(ctx)
}

// oneByOne does writes one by one. It returns all duplicate keys in one error, as a server does for an unordered call. It
// stops at any other error.
func oneByOne[W any](writes []W, do func(W) error) error {
	var refused mongo.BulkWriteException
	for i, write := range writes {
		err := do(write)
		if err != nil && !mongo.IsDuplicateKeyError(err) {
			return err
		}
		if err != nil {
			refusal := mongo.WriteError{Index: i, Code: codeDuplicateKey, Message: err.Error()}
			refused.WriteErrors = append(refused.WriteErrors, mongo.BulkWriteError{WriteError: refusal})
		}
	}
	if len(refused.WriteErrors) > 0 {
		return refused
	}
	return nil
}

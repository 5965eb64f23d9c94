package mongodb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Addition says what to add up of documents. Fields are paths such as amount.units; a document without one
// has the empty text there, or 0.
type Addition struct {
	// By are the text fields that tell the sums apart.
	By []string
	// Of are the whole numbers that are added up.
	Of []string
	// Empty is the text field whose empty values are counted.
	Empty string
}

// Sum is what documents with the same values of an Addition's By come to.
type Sum struct {
	// By and Of are in the Addition's order.
	By []string
	Of []int64
	// Count is how many they are, Empty how many have an empty value there.
	Count int64
	Empty int64
}

// SumAll adds up the documents of a collection that a filter selects, in one pass. The order of the sums is
// none. Errors are as Failure maps them.
func (db *DB) SumAll(ctx context.Context, collection string, filter bson.D, a Addition) ([]Sum, error) {
	var sums []Sum
	var err error
	if db.plain {
		sums, err = a.sumHere(ctx, db.Collection(collection), filter)
	} else {
		sums, err = a.sumThere(ctx, db.Collection(collection), filter)
	}
	if err != nil {
		return nil, Failure(fmt.Errorf("adding up %s: %w", collection, err))
	}
	return sums, nil
}

// sumThere has the server add up.
func (a Addition) sumThere(ctx context.Context, collection *Collection, filter bson.D) ([]Sum, error) {
	empty := bson.D{{Key: "$cond", Value: bson.A{bson.D{{Key: "$eq", Value: bson.A{"$" + a.Empty, ""}}}, int64(1), int64(0)}}}
	by := bson.D{}
	for i, field := range a.By {
		by = append(by, bson.E{Key: "b" + strconv.Itoa(i), Value: "$" + field})
	}
	group := bson.D{
		{Key: "_id", Value: by},
		{Key: "count", Value: bson.D{{Key: "$sum", Value: int64(1)}}},
		{Key: "empty", Value: bson.D{{Key: "$sum", Value: empty}}},
	}
	for i, field := range a.Of {
		group = append(group, bson.E{Key: "o" + strconv.Itoa(i), Value: bson.D{{Key: "$sum", Value: "$" + field}}})
	}
	cursor, err := collection.Aggregate(ctx, mongo.Pipeline{{{Key: "$match", Value: filter}}, {{Key: "$group", Value: group}}})
	if err != nil {
		return nil, fmt.Errorf("asking for groups: %w", err)
	}
	var groups []bson.Raw
	if err := cursor.All(ctx, &groups); err != nil {
		return nil, fmt.Errorf("reading groups: %w", err)
	}
	sums := make([]Sum, len(groups))
	for i, g := range groups {
		sum := Sum{By: make([]string, len(a.By)), Of: make([]int64, len(a.Of)), Count: wholeNumber(g, "count"), Empty: wholeNumber(g, "empty")}
		for j := range a.By {
			sum.By[j] = text(g, "_id.b"+strconv.Itoa(j))
		}
		for j := range a.Of {
			sum.Of[j] = wholeNumber(g, "o"+strconv.Itoa(j))
		}
		sums[i] = sum
	}
	return sums, nil
}

// sumHere reads the documents and adds them up: of several sums in one group the tests' engine knows only
// the first.
func (a Addition) sumHere(ctx context.Context, collection *Collection, filter bson.D) ([]Sum, error) {
	projection := bson.D{{Key: "_id", Value: 0}, {Key: a.Empty, Value: 1}}
	for _, field := range append(a.By[:len(a.By):len(a.By)], a.Of...) {
		projection = append(projection, bson.E{Key: field, Value: 1})
	}
	cursor, err := collection.Find(ctx, filter, options.Find().SetProjection(projection))
	if err != nil {
		return nil, fmt.Errorf("finding documents: %w", err)
	}
	defer func() { _ = cursor.Close(ctx) }() // It ends by itself at last.
	found := map[string]*Sum{}
	for cursor.Next(ctx) {
		by := make([]string, len(a.By))
		for i, field := range a.By {
			by[i] = text(cursor.Current, field)
		}
		key := fmt.Sprintf("%q", by)
		if found[key] == nil {
			found[key] = &Sum{By: by, Of: make([]int64, len(a.Of))}
		}
		sum := found[key]
		sum.Count++
		if value, ok := cursor.Current.Lookup(a.Empty).StringValueOK(); ok && value == "" {
			sum.Empty++
		}
		for i, field := range a.Of {
			sum.Of[i] += wholeNumber(cursor.Current, field)
		}
	}
	sums := make([]Sum, 0, len(found))
	for _, sum := range found {
		sums = append(sums, *sum)
	}
	if err := cursor.Err(); err != nil {
		return nil, fmt.Errorf("reading documents: %w", err)
	}
	return sums, nil
}

// text returns the text at a path; empty where there is none.
func text(document bson.Raw, path string) string {
	value, _ := document.Lookup(strings.Split(path, ".")...).StringValueOK()
	return value
}

// wholeNumber returns the whole number at a path; 0 where there is none.
func wholeNumber(document bson.Raw, path string) int64 {
	number, _ := document.Lookup(strings.Split(path, ".")...).AsInt64OK()
	return number
}

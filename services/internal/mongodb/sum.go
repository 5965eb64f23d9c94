package mongodb

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Addition says how to add up documents. Fields are paths such as amount.units. A document without a field counts as
// having "" or 0 there.
type Addition struct {
	// By are the text fields to group by.
	By []string
	// Of are the whole numbers to add up.
	Of []string
	// Empty is a text field whose empty values are counted.
	Empty string
}

// Sum is the result for the documents with the same values in an Addition's By.
type Sum struct {
	// By and Of have the values in the Addition's order.
	By []string
	Of []int64
	// Count is the number of documents. Empty is how many of them have an empty value in the Addition's Empty.
	Count int64
	Empty int64
}

// SumAll adds up the documents that match a filter, in one pass. The sums have no particular order. Failure maps its
// errors.
func (db *DB) SumAll(ctx context.Context, collection string, filter bson.D, a Addition) ([]Sum, error) {
	sums, err := db.server.Sum(ctx, db.Collection(collection), filter, a)
	if err != nil {
		return nil, Failure(fmt.Errorf("adding up %s: %w", collection, err))
	}
	return sums, nil
}

// sum adds up on the server.
func (a Addition) sum(ctx context.Context, collection *Collection, filter bson.D) ([]Sum, error) {
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

// text returns the text at a path; "" if there is no text.
func text(document bson.Raw, path string) string {
	value, _ := document.Lookup(strings.Split(path, ".")...).StringValueOK()
	return value
}

// wholeNumber returns the whole number at a path; 0 if there is no number.
func wholeNumber(document bson.Raw, path string) int64 {
	number, _ := document.Lookup(strings.Split(path, ".")...).AsInt64OK()
	return number
}

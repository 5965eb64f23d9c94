package bsonquery_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/listing/internal/listingtest"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func TestBuild(t *testing.T) {
	at := time.UnixMilli(1500).UTC()
	equal := func(field string, v any) listing.Compare {
		return listing.Compare{Field: field, Op: listing.Equal, Value: v}
	}
	byID := []listing.Order{{Field: "id"}}
	for name, c := range map[string]struct {
		query  listing.Query
		filter string
		sort   string
	}{
		"all":      {listing.Query{Order: byID}, `{}`, `{"_id":1}`},
		"nothing":  {listing.Query{Where: listing.Or{}, Order: byID}, `{"$nor":[{}]}`, `{"_id":1}`},
		"anything": {listing.Query{Where: listing.And{}, Order: byID}, `{}`, `{"_id":1}`},
		"the id":   {listing.Query{Where: equal("id", "k"), Order: byID}, `{"_id":{"$eq":"k"}}`, `{"_id":1}`},
		"types":    {listing.Query{Where: listing.And{equal("a", true), equal("b", at)}, Order: byID}, `{"$and":[{"a":{"$eq":true}},{"b":{"$eq":{"$date":"1970-01-01T00:00:01.5Z"}}}]}`, `{"_id":1}`},
		"not":      {listing.Query{Where: listing.Not{Expr: equal("a", "x")}, Order: byID}, `{"$nor":[{"a":{"$eq":"x"}}]}`, `{"_id":1}`},
		"prefix":   {listing.Query{Where: listing.Compare{Field: "a", Op: listing.HasPrefix, Value: "SALE"}, Order: byID}, `{"a":{"$gte":"SALE","$lt":"SALF"}}`, `{"_id":1}`},
		"contains": {listing.Query{Where: listing.Compare{Field: "a", Op: listing.Contains, Value: "s.é9"}, Order: byID}, `{"a":{"$regex":"s\\.é9"}}`, `{"_id":1}`},
		"parts of an amount": {
			listing.Query{Where: listing.And{
				listing.Compare{Field: "price", Part: listing.CurrencyCode, Op: listing.NotEqual, Value: ""},
				listing.Compare{Field: "price", Part: listing.Units, Op: listing.Greater, Value: int64(7)},
				listing.Compare{Field: "price", Part: listing.Nanos, Op: listing.Less, Value: int64(7)},
			}, Order: byID},
			`{"$and":[{"$and":[{"price.currency_code":{"$ne":""}},{"price.currency_code":{"$exists":true}}]},{"price.units":{"$gt":7}},` +
				`{"$or":[{"price.nanos":{"$lt":7}},{"price.nanos":{"$exists":false}}]}]}`,
			`{"_id":1}`,
		},
		"what documents may be without": {
			listing.Query{Where: listing.And{
				listing.Compare{Field: "a", Op: listing.Equal, Value: "", Optional: true},
				listing.Compare{Field: "a", Op: listing.Equal, Value: "x", Optional: true},
				listing.Compare{Field: "a", Op: listing.NotEqual, Value: "x", Optional: true},
				listing.Compare{Field: "b", Op: listing.NotEqual, Value: true, Optional: true},
				listing.Compare{Field: "b", Op: listing.NotEqual, Value: false, Optional: true},
			}, Order: byID},
			`{"$and":[{"$or":[{"a":{"$eq":""}},{"a":{"$exists":false}}]},{"a":{"$eq":"x"}},{"a":{"$ne":"x"}},` +
				`{"b":{"$ne":true}},{"$and":[{"b":{"$ne":false}},{"b":{"$exists":true}}]}]}`,
			`{"_id":1}`,
		},
		"next page": {listing.Query{Order: byID, After: []any{"k"}}, `{"_id":{"$gt":"k"}}`, `{"_id":1}`},
		"next page of two fields": {
			listing.Query{Where: equal("a", "x"), Order: []listing.Order{{Field: "t", Desc: true}, {Field: "id"}}, After: []any{at, "k"}},
			`{"$and":[{"a":{"$eq":"x"}},{"t":{"$lte":{"$date":"1970-01-01T00:00:01.5Z"}}},{"$or":[{"t":{"$lt":{"$date":"1970-01-01T00:00:01.5Z"}}},{"t":{"$eq":{"$date":"1970-01-01T00:00:01.5Z"}},"_id":{"$gt":"k"}}]}]}`,
			`{"t":-1,"_id":1}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			filter, sort := bsonquery.Build(c.query)
			if got := text(t, filter); got != c.filter {
				t.Errorf("filter: got %s, want %s", got, c.filter)
			}
			if got := text(t, sort); got != c.sort {
				t.Errorf("sort: got %s, want %s", got, c.sort)
			}
		})
	}
}

// TestPropertyMeaning compares the filters, evaluated as MongoDB documents them, with the simple evaluation of
// conditions, page by page.
func TestPropertyMeaning(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		rows := listingtest.Rows(r)
		without := rapid.Bool().Draw(r, "documents without what is none")
		req := listing.Request{OrderBy: listingtest.OrderBy(r), PageSize: rapid.Int32Range(1, 7).Draw(r, "page size")}
		scope := listingtest.Expr(r, 3)
		var got, want []string
		for token := "first"; token != ""; {
			q, err := listingtest.Schema().Query(req, listing.Everything(), scope, time.UnixMilli(0))
			if err != nil {
				r.Fatalf("%+v: %v", req, err)
			}
			var page []listingtest.Row
			page, token = listing.Page(q, find(q, rows, without), func(row listingtest.Row, field string) any { return row[field] })
			if got = append(got, ids(page)...); len(got) > len(rows) {
				r.Fatalf("%#v ordered by %q: rows come again: %q", scope, req.OrderBy, got)
			}
			req.PageToken = token
		}
		q, err := listingtest.Schema().Query(listing.Request{OrderBy: req.OrderBy}, listing.Everything(), nil, time.UnixMilli(0))
		if err != nil {
			r.Fatalf("%+v: %v", req, err)
		}
		slices.SortFunc(rows, func(a, b listingtest.Row) int { return listingtest.OrderRows(q, a, b) })
		for _, row := range rows {
			if listingtest.Match(scope, row) {
				want = append(want, row["id"].(string))
			}
		}
		if !slices.Equal(got, want) {
			r.Fatalf("%#v ordered by %q:\ngot  %q\nwant %q", scope, req.OrderBy, got, want)
		}
	})
}

func ids(rows []listingtest.Row) []string {
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = row["id"].(string)
	}
	return all
}

// text returns a document as relaxed extended JSON, which also proves that it can be marshalled.
func text(t *testing.T, document bson.D) string {
	t.Helper()
	json, err := bson.MarshalExtJSON(document, false, false)
	if err != nil {
		t.Fatal(err)
	}
	return string(json)
}

// find is a tiny MongoDB. It answers a query from rows. If without is set, documents lack the optional fields that are
// empty.
func find(q listing.Query, rows []listingtest.Row, without bool) []listingtest.Row {
	filter, sort := bsonquery.Build(q)
	var found []listingtest.Row
	for _, row := range rows {
		if match(filter, document(row, without)) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b listingtest.Row) int {
		for _, by := range sort {
			if order := listingtest.Order(a[stored(by.Key)], b[stored(by.Key)]); order != 0 {
				return order * by.Value.(int)
			}
		}
		return 0
	})
	return found[:min(q.Limit, len(found))]
}

// document returns a row as a document. An amount is there as a whole, or not at all.
func document(row listingtest.Row, without bool) map[string]any {
	none := map[string]any{"memo": "", "flagged": false, "price_currency": "", "price_units": int64(0), "price_nanos": int64(0)}
	kept := map[string]any{}
	for column, value := range row {
		part, isPart := strings.CutPrefix(column, "price_")
		switch {
		case isPart && row["price_currency"] == "", without && value == none[column] && !isPart:
		case part == "currency":
			kept["price.currency_code"] = value
		case isPart:
			kept["price."+part] = value
		default:
			kept[column] = value
		}
	}
	return kept
}

// match reports whether a document matches all elements of a filter.
func match(filter bson.D, row map[string]any) bool {
	for _, e := range filter {
		var holds bool
		switch e.Key {
		case "$and":
			holds = count(e.Value.([]bson.D), row) == len(e.Value.([]bson.D))
		case "$or":
			holds = count(e.Value.([]bson.D), row) > 0
		case "$nor":
			holds = count(e.Value.([]bson.D), row) == 0
		default:
			value, exists := row[stored(e.Key)]
			holds = relations(value, exists, e.Value)
		}
		if !holds {
			return false
		}
	}
	return true
}

// count returns how many of the filters a document matches. MongoDB requires at least one filter.
func count(documents []bson.D, row map[string]any) int {
	if len(documents) == 0 {
		panic("$and/$or/$nor must be a nonempty array")
	}
	n := 0
	for _, document := range documents {
		if match(document, row) {
			n++
		}
	}
	return n
}

// relations reports whether a value, which may not exist, has all relations in a document.
func relations(value any, exists bool, document any) bool {
	for _, e := range document.(bson.D) {
		switch {
		case e.Key == "$exists" && exists != e.Value, e.Key != "$exists" && e.Key != "$ne" && !exists:
			return false
		case e.Key == "$exists" || !exists:
			continue
		case e.Key == "$regex":
			if !regexp.MustCompile(e.Value.(string)).MatchString(value.(string)) {
				return false
			}
			continue
		}
		order := listingtest.Order(value, plain(e.Value))
		holds := map[string]bool{
			"$eq": order == 0, "$ne": order != 0, "$lt": order < 0, "$lte": order <= 0, "$gt": order > 0, "$gte": order >= 0,
		}
		if held, known := holds[e.Key]; !known {
			panic(fmt.Sprintf("unknown operator %q", e.Key))
		} else if !held {
			return false
		}
	}
	return true
}

// plain converts a filter's value to the form in rows.
func plain(v any) any {
	switch v := v.(type) {
	case bson.DateTime:
		return v.Time().UTC()
	case string, bool, int64:
		return v
	default:
		panic(fmt.Sprintf("unexpected type %s", reflect.TypeOf(v)))
	}
}

func stored(key string) string {
	if key == "_id" {
		return "id"
	}
	return key
}

package sqlquery_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // The database/sql driver "sqlite".
	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/internal/listingtest"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
	"github.com/couponlink/couponlink/services/internal/propertytest"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/sqlitetest"
)

func TestBuild(t *testing.T) {
	at := time.UnixMilli(1500).UTC()
	equal := func(field string, v any) listing.Compare {
		return listing.Compare{Field: field, Op: listing.Equal, Value: v}
	}
	for name, c := range map[string]struct {
		query listing.Query
		where string
		args  []any
		order string
	}{
		"all": {
			query: listing.Query{Order: []listing.Order{{Field: "id"}}},
			where: "1", order: "id",
		},
		"empty conditions": {
			query: listing.Query{Where: listing.And{listing.And{}, listing.Or{}}, Order: []listing.Order{{Field: "id"}}},
			where: "(1 AND 0)", order: "id",
		},
		"types": {
			query: listing.Query{Where: listing.And{equal("a", "x"), equal("b", true), equal("c", at), equal("d", int64(7))}, Order: []listing.Order{{Field: "id"}}},
			where: "(a = ? AND b = ? AND c = ? AND d = ?)", args: []any{"x", int64(1), int64(1500), int64(7)}, order: "id",
		},
		"nested": {
			query: listing.Query{Where: listing.Not{Expr: listing.Or{equal("a", "x"), equal("b", false)}}, Order: []listing.Order{{Field: "id"}}},
			where: "NOT ((a = ? OR b = ?))", args: []any{"x", int64(0)}, order: "id",
		},
		"prefix": {
			query: listing.Query{Where: listing.Compare{Field: "a", Op: listing.HasPrefix, Value: "SALE"}, Order: []listing.Order{{Field: "id"}}},
			where: "(a >= ? AND a < ?)", args: []any{"SALE", "SALF"}, order: "id",
		},
		"contains": {
			query: listing.Query{Where: listing.Compare{Field: "a", Op: listing.Contains, Value: "sale"}, Order: []listing.Order{{Field: "id"}}},
			where: "instr(a, ?) > 0", args: []any{"sale"}, order: "id",
		},
		"parts of an amount": {
			query: listing.Query{Where: listing.And{
				listing.Compare{Field: "price", Part: listing.CurrencyCode, Op: listing.HasPrefix, Value: "E"},
				listing.Compare{Field: "price", Part: listing.Units, Op: listing.Less, Value: int64(7)},
				listing.Compare{Field: "memo", Op: listing.Equal, Value: "", Optional: true},
			}, Order: []listing.Order{{Field: "id"}}},
			where: "((price_currency >= ? AND price_currency < ?) AND price_units < ? AND memo = ?)", args: []any{"E", "F", int64(7), ""}, order: "id",
		},
		"next page, one way": {
			query: listing.Query{Where: equal("a", "x"), Order: []listing.Order{{Field: "t", Desc: true}, {Field: "id", Desc: true}}, After: []any{at, "k"}},
			where: "a = ? AND (t, id) < (?, ?)", args: []any{"x", int64(1500), "k"}, order: "t DESC, id DESC",
		},
		"next page, both ways": {
			query: listing.Query{Order: []listing.Order{{Field: "t", Desc: true}, {Field: "id"}}, After: []any{at, "k"}},
			where: "(t <= ? AND (t < ? OR t = ? AND (id > ?)))", args: []any{int64(1500), int64(1500), int64(1500), "k"}, order: "t DESC, id",
		},
		"next page, one field": {
			query: listing.Query{Order: []listing.Order{{Field: "id"}}, After: []any{"k"}},
			where: "id > ?", args: []any{"k"}, order: "id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			where, args, order := sqlquery.Build(c.query)
			if where != c.where || !reflect.DeepEqual(args, c.args) || order != c.order {
				t.Errorf("got WHERE %s %v ORDER BY %s\nwant WHERE %s %v ORDER BY %s", where, args, order, c.where, c.args, c.order)
			}
		})
	}
}

// TestPlan checks that the next page, in an order with an index, is a search of that index without sorting.
func TestPlan(t *testing.T) {
	db := open(t)
	for orderBy, want := range map[string]string{
		"create_time desc":       "SEARCH things USING INDEX things_time ((create_time,id)<(?,?))",
		"create_time":            "SEARCH things USING INDEX things_time ((create_time,id)>(?,?))",
		"create_time desc, name": "SEARCH things USING INDEX things_time (create_time<?)",
	} {
		q := query(t, listing.Request{OrderBy: orderBy})
		q.After = []any{time.UnixMilli(1).UTC(), "k"}
		plan := explain(t, db, q)
		if !strings.Contains(plan, want) {
			t.Errorf("order by %s: got plan %s, want %s", orderBy, plan, want)
		}
		if orderBy != "create_time desc, name" && strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("order by %s: sorts: %s", orderBy, plan)
		}
	}
}

// TestPropertyMeaning compares SQLite with the simple evaluation of conditions, page by page.
func TestPropertyMeaning(t *testing.T) {
	db := open(t)
	propertytest.Check(t, func(r *rapid.T) {
		rows := listingtest.Rows(r)
		fill(r, db, rows, func(id string) any { return id })
		size := rapid.Int32Range(1, 7).Draw(r, "page size")
		orderBy := listingtest.OrderBy(r)
		var scope listing.Expr
		if rapid.Bool().Draw(r, "scoped") {
			scope = listingtest.Expr(r, 3)
		}
		var want []string
		q := query(r, listing.Request{OrderBy: orderBy})
		slices.SortFunc(rows, func(a, b listingtest.Row) int { return listingtest.OrderRows(q, a, b) })
		for _, row := range rows {
			if listingtest.Match(scope, row) {
				want = append(want, row["id"].(string))
			}
		}
		got := pages(r, db, listing.Request{OrderBy: orderBy, PageSize: size}, scope)
		if !slices.Equal(got, want) {
			r.Fatalf("%#v ordered by %q:\ngot  %q\nwant %q", scope, orderBy, got, want)
		}
	})
}

// TestEncode pages through ids that are stored as BLOBs.
func TestEncode(t *testing.T) {
	db := open(t)
	encode := func(id string) any {
		if blob, err := hex.DecodeString(id); err == nil {
			return blob
		}
		return id
	}
	var rows []listingtest.Row
	for i := range 10 {
		rows = append(rows, listingtest.Row{
			"id": fmt.Sprintf("%02x", i*25), "note": "", "code_key": "", "kind": "RED", "enabled": true, "create_time": time.UnixMilli(0),
			"price_currency": "", "price_units": 0, "price_nanos": 0, "memo": "", "flagged": false,
		})
	}
	fill(t, db, rows, encode)
	encoder := sqlquery.Encode(func(field string, v any) any {
		if field != "id" {
			return v
		}
		return encode(v.(string))
	})
	got := pages(t, db, listing.Request{PageSize: 3}, nil, encoder)
	if len(got) != 10 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("got %q", got)
	}
	for filter, want := range map[string]int{`name = 19`: 1, `name != 19`: 9, `name = nosuch`: 0, `name != nosuch`: 10} {
		if got := pages(t, db, listing.Request{Filter: filter}, nil, encoder); len(got) != want {
			t.Errorf("%s: got %d rows, want %d", filter, len(got), want)
		}
	}
}

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:?_dqs=0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1) // each connection would have its own memory
	exec(t, db, `CREATE TABLE things (id PRIMARY KEY, note TEXT NOT NULL, code_key TEXT NOT NULL, kind TEXT NOT NULL, enabled INTEGER NOT NULL, create_time INTEGER NOT NULL,
		price_currency TEXT NOT NULL, price_units INTEGER NOT NULL, price_nanos INTEGER NOT NULL, memo TEXT NOT NULL, flagged INTEGER NOT NULL) WITHOUT ROWID`)
	exec(t, db, `CREATE INDEX things_time ON things (create_time, id)`)
	return db
}

func exec(t fataler, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func fill(t fataler, db *sql.DB, rows []listingtest.Row, encode func(id string) any) {
	t.Helper()
	exec(t, db, "DELETE FROM things")
	for _, row := range rows {
		exec(t, db, "INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", encode(row["id"].(string)), row["note"], row["code_key"], row["kind"], row["enabled"], row["create_time"].(time.Time).UnixMilli(),
			row["price_currency"], row["price_units"], row["price_nanos"], row["memo"], row["flagged"])
	}
}

func query(t fataler, req listing.Request) listing.Query {
	t.Helper()
	q, err := listingtest.Schema().Query(req, listing.Everything(), nil, time.UnixMilli(0))
	if err != nil {
		t.Fatalf("%+v: %v", req, err)
	}
	return q
}

// pages returns the ids of all rows that match, read page by page.
func pages(t fataler, db *sql.DB, req listing.Request, scope listing.Expr, options ...sqlquery.Option) []string {
	t.Helper()
	var ids []string
	for {
		q, err := listingtest.Schema().Query(req, listing.Everything(), scope, time.UnixMilli(0))
		if err != nil {
			t.Fatalf("%+v: %v", req, err)
		}
		page, token := listing.Page(q, run(t, db, q, options), func(row listingtest.Row, field string) any { return row[field] })
		for _, row := range page {
			ids = append(ids, row["id"].(string))
		}
		if token == "" {
			return ids
		}
		if int32(len(page)) != req.PageSize || len(ids) > 100 {
			t.Fatalf("a page of %d rows, %d in all, has a next page", len(page), len(ids))
		}
		req.PageToken = token
	}
}

func run(t fataler, db *sql.DB, q listing.Query, options []sqlquery.Option) []listingtest.Row {
	t.Helper()
	where, args, order := sqlquery.Build(q, options...)
	statement := "SELECT id, note, code_key, kind, enabled, create_time FROM things WHERE " + where + " ORDER BY " + order + " LIMIT ?"
	rows, err := db.QueryContext(t.Context(), statement, append(args, q.Limit)...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer func() { _ = rows.Close() }()
	var found []listingtest.Row
	for rows.Next() {
		var id any
		var note, code, kind string
		var enabled bool
		var millis int64
		if err := rows.Scan(&id, &note, &code, &kind, &enabled, &millis); err != nil {
			t.Fatalf("%v", err)
		}
		if blob, ok := id.([]byte); ok {
			id = hex.EncodeToString(blob)
		}
		found = append(found, listingtest.Row{"id": id, "note": note, "code_key": code, "kind": kind, "enabled": enabled, "create_time": time.UnixMilli(millis).UTC()})
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%v", err)
	}
	return found
}

func explain(t *testing.T, db *sql.DB, q listing.Query) string {
	t.Helper()
	where, args, order := sqlquery.Build(q)
	return sqlitetest.Explain(t, db, "SELECT * FROM things WHERE "+where+" ORDER BY "+order, args...)
}

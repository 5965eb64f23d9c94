package listing_test

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/internal/listingtest"
	"github.com/couponlink/couponlink/services/internal/propertytest"
)

func query(t *testing.T, req listing.Request) listing.Query {
	t.Helper()
	q, err := listingtest.Schema().Query(req, listing.Everything(), nil, now)
	if err != nil {
		t.Fatalf("%+v: %v", req, err)
	}
	return q
}

func TestOrder(t *testing.T) {
	for orderBy, want := range map[string][]listing.Order{
		"":                                   {{Field: "create_time", Desc: true}, {Field: "id", Desc: true}},
		"note":                               {{Field: "note"}, {Field: "id"}},
		"note asc":                           {{Field: "note"}, {Field: "id"}},
		" code  desc ":                       {{Field: "code_key", Desc: true}, {Field: "id", Desc: true}},
		"create_time desc,note":              {{Field: "create_time", Desc: true}, {Field: "note"}, {Field: "id"}},
		"name desc":                          {{Field: "id", Desc: true}},
		"note, name desc, code":              {{Field: "note"}, {Field: "id", Desc: true}},
		"note,code,kind,enabled,":            nil,
		"note,code,kind,enabled,create_time": {{Field: "note"}, {Field: "code_key"}, {Field: "kind"}, {Field: "enabled"}, {Field: "create_time"}, {Field: "id"}},
		"note,code,kind,enabled,create_time,name": nil,
		"note,note desc":           nil,
		"nosuch":                   nil,
		"state":                    nil,
		"note down":                nil,
		"note desc desc":           nil,
		"note DESC":                nil,
		",":                        nil,
		"-note":                    nil,
		"\xff":                     nil,
		strings.Repeat("x", 1<<20): nil,
	} {
		q, err := listingtest.Schema().Query(listing.Request{OrderBy: orderBy}, listing.Everything(), nil, now)
		if want == nil {
			expectRefusal(t, err, "INVALID_ORDER_BY", "order_by", "")
		} else if err != nil || !reflect.DeepEqual(q.Order, want) {
			t.Errorf("order by %q: got %+v, %v, want %+v", orderBy, q.Order, err, want)
		}
	}
	_, err := listingtest.Schema().Query(listing.Request{OrderBy: "state"}, listing.Everything(), nil, now)
	expectRefusal(t, err, "INVALID_ORDER_BY", "order_by", `cannot order by "state"; the fields to order by are name, note, code, kind, enabled, create_time`)
}

func TestPageSize(t *testing.T) {
	for size, want := range map[int32]int{0: 51, 1: 2, 1000: 1001, 1001: 1001, 1<<31 - 1: 1001} {
		if got := query(t, listing.Request{PageSize: size}).Limit; got != want {
			t.Errorf("page size %d: got limit %d, want %d", size, got, want)
		}
	}
	_, err := listingtest.Schema().Query(listing.Request{PageSize: -1}, listing.Everything(), nil, now)
	expectRefusal(t, err, "INVALID_PAGE_SIZE", "page_size", "-1 is negative")
}

func TestScope(t *testing.T) {
	scope := equal("note", "x")
	for filter, want := range map[string]listing.Expr{
		"":             scope,
		"enabled=true": listing.And{scope, equal("enabled", true)},
	} {
		q, err := listingtest.Schema().Query(listing.Request{Filter: filter}, listing.Everything(), scope, now)
		if err != nil || !reflect.DeepEqual(q.Where, want) {
			t.Errorf("filter %q: got %#v, %v, want %#v", filter, q.Where, err, want)
		}
	}
}

func value(row listingtest.Row, field string) any { return row[field] }

func TestPage(t *testing.T) {
	q := query(t, listing.Request{PageSize: 2})
	rows := []listingtest.Row{{"id": "a", "create_time": noon}, {"id": "b", "create_time": noon}, {"id": "c", "create_time": noon}}
	for n, want := range map[int]int{0: 0, 1: 1, 2: 2, 3: 2} {
		page, token := listing.Page(q, rows[:n], value)
		if len(page) != want || (token != "") != (n == 3) {
			t.Errorf("of %d rows: got %d and token %q", n, len(page), token)
		}
	}
}

// TestPropertyToken checks that the next page's query begins after exactly the last row's values.
func TestPropertyToken(t *testing.T) {
	propertytest.Check(t, func(r *rapid.T) {
		rows := listingtest.Rows(r)
		if len(rows) < 2 {
			return
		}
		req := listing.Request{OrderBy: listingtest.OrderBy(r), PageSize: int32(len(rows) - 1), Parent: "p", Filter: "enabled=true"}
		q, err := listingtest.Schema().Query(req, listing.Everything(), nil, now)
		if err != nil {
			r.Fatalf("%v", err)
		}
		_, req.PageToken = listing.Page(q, rows, value)
		next, err := listingtest.Schema().Query(req, listing.Everything(), nil, now.Add(time.Hour))
		if err != nil {
			r.Fatalf("%v", err)
		}
		var want []any
		for _, o := range q.Order {
			want = append(want, rows[len(rows)-2][o.Field])
		}
		if !reflect.DeepEqual(next.After, want) || !reflect.DeepEqual(next.Order, q.Order) {
			r.Fatalf("got after %#v, want %#v", next.After, want)
		}
	})
}

func TestTokenErrors(t *testing.T) {
	req := listing.Request{Parent: "offers/10", Filter: "enabled=true", OrderBy: "create_time", PageSize: 1}
	rows := []listingtest.Row{{"id": "a", "create_time": noon}, {"id": "b", "create_time": noon}}
	q := query(t, req)
	_, token := listing.Page(q, rows, value)
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	decoded, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	sum := strings.Split(string(decoded), ",")[0] // ["checksum"

	const other = "it belongs to another request"
	const damaged = "it is damaged"
	for name, c := range map[string]struct {
		change func(*listing.Request)
		want   string
	}{
		"another parent":      {func(r *listing.Request) { r.Parent = "offers/11" }, other},
		"another filter":      {func(r *listing.Request) { r.Filter = "" }, other},
		"another order":       {func(r *listing.Request) { r.OrderBy = "create_time desc" }, other},
		"no base64":           {func(r *listing.Request) { r.PageToken = "?" }, damaged},
		"no JSON":             {func(r *listing.Request) { r.PageToken = encode("[") }, damaged},
		"more JSON":           {func(r *listing.Request) { r.PageToken += encode("   []") }, damaged},
		"an object":           {func(r *listing.Request) { r.PageToken = encode("{}") }, damaged},
		"empty":               {func(r *listing.Request) { r.PageToken = encode("[]") }, damaged},
		"null":                {func(r *listing.Request) { r.PageToken = encode("null") }, damaged},
		"huge":                {func(r *listing.Request) { r.PageToken = strings.Repeat("A", 1<<20) }, damaged},
		"deep":                {func(r *listing.Request) { r.PageToken = encode(strings.Repeat("[", 20000)) }, damaged},
		"another checksum":    {func(r *listing.Request) { r.PageToken = encode(`["x",1,"a"]`) }, other},
		"checksum of no text": {func(r *listing.Request) { r.PageToken = encode(`[1,1,"a"]`) }, other},
		"too few values":      {func(r *listing.Request) { r.PageToken = encode(sum + `,1]`) }, "it has 1 values for 2 fields"},
		"too many values":     {func(r *listing.Request) { r.PageToken = encode(sum + `,1,"a","b"]`) }, "it has 3 values"},
		"text for a time":     {func(r *listing.Request) { r.PageToken = encode(sum + `,"1","a"]`) }, "its value for create_time has the wrong type"},
		"fraction for a time": {func(r *listing.Request) { r.PageToken = encode(sum + `,1.5,"a"]`) }, "its value for create_time"},
		"null for a time":     {func(r *listing.Request) { r.PageToken = encode(sum + `,null,"a"]`) }, "its value for create_time"},
		"too late a time":     {func(r *listing.Request) { r.PageToken = encode(sum + `,9223372036854775808,"a"]`) }, "its value for create_time"},
		"number for a text":   {func(r *listing.Request) { r.PageToken = encode(sum + `,1,2]`) }, "its value for id has the wrong type"},
		"null for a text":     {func(r *listing.Request) { r.PageToken = encode(sum + `,1,null]`) }, "its value for id"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := req
			bad.PageToken = token
			c.change(&bad)
			_, err := listingtest.Schema().Query(bad, listing.Everything(), nil, now)
			expectRefusal(t, err, "INVALID_PAGE_TOKEN", "page_token", c.want)
		})
	}
	for name, good := range map[string]listing.Request{
		"the same request":  req,
		"another page size": {Parent: req.Parent, Filter: req.Filter, OrderBy: req.OrderBy, PageSize: 7},
	} {
		good.PageToken = token
		if got := query(t, good).After; !reflect.DeepEqual(got, []any{noon, "a"}) {
			t.Errorf("%s: got %#v", name, got)
		}
	}
}

// TestEarlierToken continues a list with a token that an earlier release returned.
func TestEarlierToken(t *testing.T) {
	schema := listing.NewSchema(
		listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "things/"}, "create_time desc", listing.Field{Name: "create_time", Kind: listing.Time, Sortable: true},
		listing.Field{Name: "note"}, listing.Field{Name: "code", Kind: listing.Folded},
	).In(time.UTC)
	q, err := schema.Query(listing.Request{Parent: "offers/10", Filter: `note = "a" AND create_time > "2026-01-01T00:00:00Z"`, OrderBy: "create_time", PageToken: "WyJpQWdEUlZLcXk1MVdlWkJqIiwxNzkzNTM0NDAwMDAwLCJhIl0"}, listing.Everything(), nil, now)
	if err != nil || !reflect.DeepEqual(q.After, []any{noon, "a"}) {
		t.Errorf("got %#v, %v", q.After, err)
	}
}

func TestTokenOfAnotherCollection(t *testing.T) {
	key := func(prefix string) listing.Field {
		return listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: prefix}
	}
	offers, publishers := listing.NewSchema(key("offers/"), ""), listing.NewSchema(key("publishers/"), "")
	q, err := offers.Query(listing.Request{PageSize: 1}, listing.Everything(), nil, now)
	if err != nil {
		t.Fatal(err)
	}
	_, token := listing.Page(q, []listingtest.Row{{"id": "a"}, {"id": "b"}}, value)
	_, err = publishers.Query(listing.Request{PageToken: token}, listing.Everything(), nil, now)
	expectRefusal(t, err, "INVALID_PAGE_TOKEN", "page_token", "it belongs to another request")
}

func TestOpaqueKey(t *testing.T) {
	s := listing.NewSchema(listing.Field{Name: "name", Stored: "id", Kind: listing.Opaque, Sortable: true}, "name", listing.Field{Name: "offer"})
	_, err := s.Query(listing.Request{Filter: `name = "x"`}, listing.Everything(), nil, now)
	expectRefusal(t, err, "INVALID_FILTER", "filter", `there is no field "name" to filter by; the fields are offer`)
	if q, err := s.Query(listing.Request{OrderBy: "name desc"}, listing.Everything(), nil, now); err != nil || !q.Order[0].Desc {
		t.Errorf("got %+v, %v", q, err)
	}
}

func TestNewSchemaPanics(t *testing.T) {
	key := listing.Field{Name: "id"}
	always := func(string, time.Time) listing.Expr { return listing.And{} }
	for name, build := range map[string]func(){
		"twice":         func() { listing.NewSchema(key, "", listing.Field{Name: "id"}) },
		"no name":       func() { listing.NewSchema(key, "", listing.Field{Stored: "x"}) },
		"SQL in a name": func() { listing.NewSchema(key, "", listing.Field{Name: "x; DROP"}) },
		"no values":     func() { listing.NewSchema(key, "", listing.Field{Name: "x", Kind: listing.Enum}) },
		"derived text":  func() { listing.NewSchema(key, "", listing.Field{Name: "x", Expand: always}) },
		"sorted amount": func() { listing.NewSchema(key, "", listing.Field{Name: "x", Kind: listing.Amount, Sortable: true}) },
		"sorted, maybe": func() { listing.NewSchema(key, "", listing.Field{Name: "x", Optional: true, Sortable: true}) },
		"optional time": func() { listing.NewSchema(key, "", listing.Field{Name: "x", Kind: listing.Time, Optional: true}) },
		"default order": func() { listing.NewSchema(key, "nosuch") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			build()
		})
	}
}

// TestPropertyPrefixEnd checks that the range from a prefix to its end contains exactly the texts with the prefix.
func TestPropertyPrefixEnd(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune{0, 'a', 'b', 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, utf8.MaxRune}), 0, 4, -1)
	propertytest.Check(t, func(r *rapid.T) {
		prefix, other := text.Draw(r, "prefix"), text.Draw(r, "other")
		end, bounded := listing.PrefixEnd(prefix)
		if !utf8.ValidString(end) {
			r.Fatalf("the end of %q is not UTF-8: %q", prefix, end)
		}
		for _, s := range []string{other, prefix + other} {
			if in := s >= prefix && (!bounded || s < end); in != strings.HasPrefix(s, prefix) {
				r.Fatalf("%q is in the range from %q to %q: %v", s, prefix, end, in)
			}
		}
	})
}

func TestPrefixEnd(t *testing.T) {
	for prefix, want := range map[string]string{
		"a": "b", "az": "a{", "é": "ê", "\x7f": "\u0080", "\ud7ff": "\ue000", "a\U0010ffff": "b", "\U0010ffff": "", "": "",
	} {
		if got, bounded := listing.PrefixEnd(prefix); got != want || bounded != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", prefix, got, bounded, want)
		}
	}
}

func ExamplePage() {
	schema := listing.NewSchema(listing.Field{Name: "name", Stored: "id", Kind: listing.Name, Prefix: "offers/"}, "")
	ids := []string{"10", "11", "12"} // the store's rows
	q, err := schema.Query(listing.Request{PageSize: 2}, listing.Everything(), nil, time.Now())
	if err != nil {
		panic(err)
	}
	page, token := listing.Page(q, ids, func(id, _ string) any { return id })
	next, err := schema.Query(listing.Request{PageSize: 2, PageToken: token}, listing.Everything(), nil, time.Now())
	if err != nil {
		panic(err)
	}
	fmt.Println(slices.Compact(page), next.After)
	// Output: [10 11] [11]
}

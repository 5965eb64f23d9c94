package listing_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/listing/bsonquery"
	"github.com/couponlink/couponlink/services/internal/listing/internal/listingtest"
	"github.com/couponlink/couponlink/services/internal/listing/sqlquery"
)

var (
	now  = time.Date(2026, 11, 1, 12, 0, 0, 123_456_789, time.UTC)
	noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

func where(t *testing.T, filter string) listing.Expr {
	t.Helper()
	q, err := listingtest.Schema().Query(listing.Request{Filter: filter}, listing.Everything(), nil, now)
	if err != nil {
		t.Fatalf("filter %s: %v", filter, err)
	}
	return q.Where
}

func compare(field string, op listing.Op, value any) listing.Compare {
	return listing.Compare{Field: field, Op: op, Value: value}
}

func equal(field string, value any) listing.Compare { return compare(field, listing.Equal, value) }

func TestFilter(t *testing.T) {
	a, b, c := equal("note", "a"), equal("note", "b"), equal("note", "c")
	ms := now.Truncate(time.Millisecond)
	for filter, want := range map[string]listing.Expr{
		"":                         nil,
		" \t\n":                    nil,
		`note = "a"`:               a,
		`note="a"`:                 a,
		` note  =  'a' `:           a,
		`note = a`:                 a,
		`note != a`:                compare("note", listing.NotEqual, "a"),
		`note < a`:                 compare("note", listing.Less, "a"),
		`note <= a`:                compare("note", listing.LessEqual, "a"),
		`note > a`:                 compare("note", listing.Greater, "a"),
		`note>=a`:                  compare("note", listing.GreaterEqual, "a"),
		`note = ""`:                equal("note", ""),
		`note = 007`:               equal("note", "007"),
		`note = shoes-de`:          equal("note", "shoes-de"),
		`note = -1.5e9`:            equal("note", "-1.5e9"),
		`note = 24:00`:             equal("note", "24:00"),
		`note = ünïcode`:           equal("note", "ünïcode"),
		"note = \"\uFEFFa\u200B\"": a,
		"note = \"\u00A0a *\"":     compare("note", listing.HasPrefix, "a "),
		`note = "say \"x\""`:       equal("note", `say "x"`),
		`note = 'it\'s'`:           equal("note", "it's"),
		`note = "a'b"`:             equal("note", "a'b"),
		`note = "\\\*"`:            equal("note", `\*`),
		`note = "SALE*"`:           compare("note", listing.HasPrefix, "SALE"),
		`note = SALE*`:             compare("note", listing.HasPrefix, "SALE"),
		`note:"SALE*"`:             compare("note", listing.HasPrefix, "SALE"),
		`title:Shoes`:              compare("note_search", listing.Contains, "shoes"),
		`title : "ÉTÉ (50%)"`:      compare("note_search", listing.Contains, "été (50%)"),
		`title:""`:                 compare("note_search", listing.Contains, ""),
		"title:\"a\x00\"":          listing.Or{},
		`title = Shoes`:            equal("note", "Shoes"),
		`title = Shoes*`:           compare("note", listing.HasPrefix, "Shoes"),
		`-title:x`:                 listing.Not{Expr: compare("note_search", listing.Contains, "x")},
		`note != "SALE*"`:          listing.Not{Expr: compare("note", listing.HasPrefix, "SALE")},
		`note = "SALE\*"`:          equal("note", "SALE*"),
		`code = saleXYZ20`:         equal("code_key", "SALEXYZ20"),
		`code = "sale*"`:           compare("code_key", listing.HasPrefix, "SALE"),
		`kind = RED`:               equal("kind", "RED"),
		`kind = "RED"`:             equal("kind", "RED"),
		`kind != BLUE`:             compare("kind", listing.NotEqual, "BLUE"),
		`enabled = true`:           equal("enabled", true),
		`enabled != "false"`:       compare("enabled", listing.NotEqual, false),
		`name = "things/22"`:       equal("id", "22"),
		`name = things/22`:         equal("id", "22"),
		`name != 22`:               compare("id", listing.NotEqual, "22"),
		`state = FUTURE`:           listing.And{equal("enabled", true), compare("create_time", listing.Greater, ms)},
		`state != OFF`:             listing.Not{Expr: listing.Not{Expr: equal("enabled", true)}},
		`note=a AND note=b`:        listing.And{a, b},
		`note=a OR note=b`:         listing.Or{a, b},
		`NOT note=a`:               listing.Not{Expr: a},
		`-note=a`:                  listing.Not{Expr: a},
		`NOT(note=a)`:              listing.Not{Expr: a},
		`((note=a))`:               a,
		`note="a"AND note=b`:       listing.And{a, b},
		"note=a\nAND\tnote=b":      listing.And{a, b},
		// AIP-160: OR binds more tightly than AND.
		`note=a AND note=b OR note=c`:       listing.And{a, listing.Or{b, c}},
		`note=a OR note=b AND note=c`:       listing.And{listing.Or{a, b}, c},
		`(note=a AND note=b) OR note=c`:     listing.Or{listing.And{a, b}, c},
		`note=a AND NOT (note=b OR note=c)`: listing.And{a, listing.Not{Expr: listing.Or{b, c}}},
		`note=a AND note=b AND -note=c`:     listing.And{a, b, listing.Not{Expr: c}},
	} {
		if got := where(t, filter); !reflect.DeepEqual(got, want) {
			t.Errorf("filter %s:\ngot  %#v\nwant %#v", filter, got, want)
		}
	}
}

// TestFilterHas has what : means: a text within a text, any value, or =.
func TestFilterHas(t *testing.T) {
	for filter, want := range map[string]listing.Expr{
		`note:a`:         compare("note", listing.Contains, "a"),
		`note : "a"`:     compare("note", listing.Contains, "a"),
		`note:""`:        compare("note", listing.Contains, ""),
		`-note:a`:        listing.Not{Expr: compare("note", listing.Contains, "a")},
		`code:xyz`:       compare("code_key", listing.Contains, "XYZ"),
		`kind:RED`:       equal("kind", "RED"),
		`name:things/22`: equal("id", "22"),
		`enabled:true`:   equal("enabled", true),
		`note:*`:         compare("note", listing.NotEqual, ""),
		`note : "*"`:     compare("note", listing.NotEqual, ""),
		`NOT title:*`:    listing.Not{Expr: compare("note", listing.NotEqual, "")},
		`code:*`:         compare("code_key", listing.NotEqual, ""),
		`name:*`:         compare("id", listing.NotEqual, ""),
		`kind:*`:         compare("kind", listing.NotEqual, ""),
		`state:*`:        listing.And{},
		`create_time:*`:  listing.And{},
		`end_time:*`:     compare("end_time", listing.NotEqual, noon),
		`createTime:*`:   listing.And{},
		`endTime:*`:      compare("end_time", listing.NotEqual, noon),
	} {
		if got := where(t, filter); !reflect.DeepEqual(got, want) {
			t.Errorf("filter %s:\ngot  %#v\nwant %#v", filter, got, want)
		}
	}
}

func TestFilterTimes(t *testing.T) {
	for filter, want := range map[string]listing.Expr{
		`create_time = "2026-11-01T12:00:00Z"`:           equal("create_time", noon),
		`create_time = 2026-11-01T12:00:00Z`:             equal("create_time", noon),
		`create_time >= "2026-11-01T14:00:00+02:00"`:     compare("create_time", listing.GreaterEqual, noon),
		`create_time < "2026-11-01T12:00:00.000000Z"`:    compare("create_time", listing.Less, noon),
		`create_time = "2026-11-01T12:00:00.0001Z"`:      listing.Or{},
		`create_time != "2026-11-01T12:00:00.0001Z"`:     listing.And{},
		`create_time < "2026-11-01T12:00:00.0001Z"`:      compare("create_time", listing.LessEqual, noon),
		`create_time <= "2026-11-01T12:00:00.0001Z"`:     compare("create_time", listing.LessEqual, noon),
		`create_time > "2026-11-01T12:00:00.0001Z"`:      compare("create_time", listing.Greater, noon),
		`create_time >= "2026-11-01T12:00:00.0001Z"`:     compare("create_time", listing.Greater, noon),
		`create_time < "1969-12-31T23:59:59.999999999Z"`: compare("create_time", listing.LessEqual, time.UnixMilli(-1).UTC()),
	} {
		if got := where(t, filter); !reflect.DeepEqual(got, want) {
			t.Errorf("filter %s:\ngot  %#v\nwant %#v", filter, got, want)
		}
	}
}

// TestFilterDates checks that a date is the moment at which its day begins in the schema's zone.
func TestFilterDates(t *testing.T) {
	saoPaulo, err := time.LoadLocation("America/Sao_Paulo") // where a day began at one o'clock
	if err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]listing.Expr{
		`create_time >= 2026-11-01`:  compare("create_time", listing.GreaterEqual, time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)),
		`create_time < "2026-07-01"`: compare("create_time", listing.Less, time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC)),
		`createTime = 2026-07-01`:    equal("create_time", time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC)),
	} {
		if got := where(t, filter); !reflect.DeepEqual(got, want) {
			t.Errorf("filter %s:\ngot  %#v\nwant %#v", filter, got, want)
		}
	}
	q, err := listingtest.Schema().In(saoPaulo).Query(listing.Request{Filter: "create_time = 2018-11-04"}, listing.Everything(), nil, now)
	if want := equal("create_time", time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC)); err != nil || !reflect.DeepEqual(q.Where, want) {
		t.Errorf("got %#v, %v, want %#v", q.Where, err, want)
	}
	_, err = listingtest.Schema().In(nil).Query(listing.Request{Filter: "create_time = 2018-11-04"}, listing.Everything(), nil, now)
	expectRefusal(t, err, "INVALID_FILTER", "filter", `"2018-11-04" is no time; expected RFC 3339 with a zone, such as "2026-11-01T00:00:00Z" or "2026-11-01T02:00:00+02:00"`)
}

func TestFilterAmounts(t *testing.T) {
	part := func(part listing.Part, op listing.Op, value any) listing.Compare {
		return listing.Compare{Field: "price", Part: part, Op: op, Value: value}
	}
	some := part(listing.CurrencyCode, listing.NotEqual, "")
	equal := func(units, nanos int64) listing.Expr {
		return listing.And{some, part(listing.Units, listing.Equal, units), part(listing.Nanos, listing.Equal, nanos)}
	}
	beyond := func(strict, last listing.Op, units, nanos int64) listing.Expr {
		return listing.And{some, listing.Or{
			part(listing.Units, strict, units),
			listing.And{part(listing.Units, listing.Equal, units), part(listing.Nanos, last, nanos)},
		}}
	}
	for filter, want := range map[string]listing.Expr{
		`price = 10.50`:                         equal(10, 500_000_000),
		`price : "+10.5"`:                       equal(10, 500_000_000),
		`price=-0.000000001`:                    equal(0, -1),
		`price = -12.25`:                        equal(-12, -250_000_000),
		`price = -0`:                            equal(0, 0),
		`price = 007.1000000000`:                equal(7, 100_000_000),
		`price = 0999999999999999999.999999999`: equal(999_999_999_999_999_999, 999_999_999),
		`price != 3`:                            listing.And{some, listing.Or{part(listing.Units, listing.NotEqual, int64(3)), part(listing.Nanos, listing.NotEqual, int64(0))}},
		`price < 3`:                             beyond(listing.Less, listing.Less, 3, 0),
		`price <= 3`:                            beyond(listing.Less, listing.LessEqual, 3, 0),
		`price > 3`:                             beyond(listing.Greater, listing.Greater, 3, 0),
		`price >= 3`:                            beyond(listing.Greater, listing.GreaterEqual, 3, 0),
		`price_currency = eur`:                  part(listing.CurrencyCode, listing.Equal, "EUR"),
		`price_currency = ""`:                   part(listing.CurrencyCode, listing.Equal, ""),
		`price_currency = "e*"`:                 part(listing.CurrencyCode, listing.HasPrefix, "E"),
		`priceCurrency:u`:                       part(listing.CurrencyCode, listing.Contains, "U"),
		`price_currency:*`:                      some,
		`price:*`:                               some,
		`memo:*`:                                listing.Compare{Field: "memo", Op: listing.NotEqual, Value: "", Optional: true},
		`memo != ""`:                            listing.Compare{Field: "memo", Op: listing.NotEqual, Value: "", Optional: true},
		`flagged = false`:                       listing.Compare{Field: "flagged", Op: listing.Equal, Value: false, Optional: true},
	} {
		if got := where(t, filter); !reflect.DeepEqual(got, want) {
			t.Errorf("filter %s:\ngot  %#v\nwant %#v", filter, got, want)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	for filter, want := range map[string]string{
		`nosuch = a`:                   `at character 1: there is no field "nosuch" to filter by; the fields are name, note, title, code, kind, enabled, create_time (createTime), end_time (endTime), price, price_currency (priceCurrency), memo, flagged, state`,
		`note = a AND nosuch = b`:      `at character 14: there is no field "nosuch"`,
		`note = "é" AND nosuch = b`:    `at character 16: there is no field "nosuch"`,
		`NOTE = a`:                     `there is no field "NOTE"`,
		`note.x = a`:                   `there is no field "note.x"`,
		`SALE`:                         `at character 1: there is no field "SALE"`,
		`note`:                         `at character 5: expected = != < <= > >= or : after note, found the end`,
		`note a`:                       `at character 6: expected = != < <= > >= or : after note, found "a"`,
		`note(a)`:                      `at character 5: expected =`,
		`note ! a`:                     `at character 6: expected =`,
		`note =`:                       `at character 7: expected a value, found the end`,
		`note == a`:                    `at character 7: expected a value, found "="`,
		`note = (a OR b)`:              `at character 8: expected a value, found "("`,
		`note = "a`:                    `at character 8: the string that begins here has no closing "`,
		`note = 'a"`:                   `at character 8: the string that begins here has no closing '`,
		`note = "a\nb"`:                `at character 10: a \ stands before one of`,
		`note = "a\`:                   `at character 10: a \ stands before one of`,
		`note = a b`:                   `at character 10: expected AND, OR (in upper case) or the end, found "b"`,
		`note = a and note = b`:        `at character 10: expected AND, OR (in upper case) or the end, found "and"`,
		`note = a, note = b`:           `at character 9: expected AND, OR (in upper case) or the end, found ","`,
		`note = a)`:                    `at character 9: expected AND, OR (in upper case) or the end, found ")"`,
		`(note = a`:                    `at character 10: expected AND, OR (in upper case) or the ) for the ( at character 1, found the end`,
		`()`:                           `at character 2: expected a condition such as field = value, found ")"`,
		`note = a AND`:                 `at character 13: expected a condition such as field = value, found the end`,
		`note = a AND AND note = b`:    `at character 14: expected a condition such as field = value, found "AND"`,
		`NOT NOT note = a`:             `at character 5: expected a condition such as field = value, found "NOT"`,
		`= a`:                          `at character 1: expected a condition`,
		`note = "*SALE"`:               `at character 9: a * may only end a value, as in "SALE*"; inside quotes`,
		`note = "S*E"`:                 `at character 10: a * may only end`,
		`note = S*E`:                   `at character 9: a * may only end`,
		`note = "SALE**"`:              `at character 13: a * may only end`,
		`note = *`:                     `at character 8: expected a text before the *`,
		`note = "*"`:                   `at character 8: expected a text before the *; every value matches * alone, so leave the condition out, or write field:*`,
		`note != *`:                    `at character 9: expected a text before the *`,
		`enabled:*`:                    `at character 9: enabled always has a value; write enabled = true or enabled = false`,
		"note:\"a\x00\"":               `at character 6: a text cannot be searched for the character NUL`,
		`title:SALE*`:                  `at character 7: title:value finds the value anywhere, so leave the * out`,
		`note < "SALE*"`:               `at character 6: expected = or != here, found <`,
		`kind = GREEN`:                 `at character 8: "GREEN" is no value of kind; the values are RED, BLUE`,
		`kind = red`:                   `the values are RED, BLUE`,
		`kind > RED`:                   `at character 6: expected = or != here, found >`,
		`kind = RE*`:                   `at character 8: a value of kind takes no *`,
		`state = DEAD`:                 `the values are LIVE, FUTURE, OFF`,
		`enabled = yes`:                `at character 11: "yes" is no value of enabled; the values are true, false`,
		`enabled >= true`:              `at character 9: expected = or != here, found >=`,
		`name = publishers/22`:         `at character 8: "publishers/22" is no value of name; expected things/ and an id, or the id alone`,
		`name < 22`:                    `at character 6: expected = or != here, found <`,
		`createTime > "2026-11-31"`:    `at character 14: "2026-11-31" is no time; expected RFC 3339 with a zone, such as "2026-11-01T00:00:00Z", or a day such as 2026-11-01, which begins at midnight in Europe/Prague`,
		`create_time > 2026-11-1`:      `is no time`,
		`createTime = RE*`:             `a value of createTime takes no *`,
		`createtime = RED`:             `there is no field "createtime"`,
		`create_time > 1793534400`:     `is no time`,
		`create_time:"2026*"`:          `a value of create_time takes no *`,
		`create_time = tomorrow`:       `at character 15: "tomorrow" is no time`,
		"note = \"a\xff\"":             `at character 10: the filter is not valid UTF-8`,
		"note = \"\ufffdé\xff\"":       `at character 11: the filter is not valid UTF-8`,
		strings.Repeat("x", 4097):      `it has 4097 bytes; at most 4096 are allowed`,
		strings.Repeat("x", 4096):      `there is no field "` + strings.Repeat("x", 60) + `" to`,
		strings.Repeat("(", 4096):      `at character 33: too deeply nested; at most 32 levels`,
		strings.Repeat("-(", 2048):     `at character 33: too deeply nested`,
		strings.Repeat("NOT ( ", 600):  `too deeply nested`,
		strings.Repeat("note(", 800):   `at character 5: expected =`,
		strings.Repeat("note=a ", 500): `at character 8: expected AND`,
	} {
		_, err := listingtest.Schema().Query(listing.Request{Filter: filter}, listing.Everything(), nil, now)
		expectRefusal(t, err, "INVALID_FILTER", "filter", want)
	}
}

func TestFilterErrorsOfAmounts(t *testing.T) {
	for filter, want := range map[string]string{
		`price > ten`:                 `at character 9: "ten" is no amount; expected a decimal number with a point and at most 9 decimals, such as 10.50`,
		`price = ""`:                  `at character 9: "" is no amount`,
		`price = 1e3`:                 `is no amount`,
		`price = .5`:                  `is no amount`,
		`price = 5.`:                  `is no amount`,
		`price = --5`:                 `is no amount`,
		`price = ٣`:                   `is no amount`,
		`price = 10,50`:               `at character 11: expected AND, OR (in upper case) or the end, found ","`,
		`price = "10.50 EUR"`:         `is no amount`,
		`price = 0.0000000001`:        `is no amount`,
		`price = 1000000000000000000`: `is no amount`,
		`price = 10*`:                 `at character 9: a value of price takes no *`,
		`flagged = 1`:                 `the values are true, false`,
	} {
		_, err := listingtest.Schema().Query(listing.Request{Filter: filter}, listing.Everything(), nil, now)
		expectRefusal(t, err, "INVALID_FILTER", "filter", want)
	}
}

// expectRefusal fails unless err is an InvalidArgument with a reason and one violation on a field.
func expectRefusal(t *testing.T, err error, reason, field, words string) {
	t.Helper()
	e := apperr.As(err)
	switch {
	case e == nil:
		t.Errorf("got %v, want a refusal: %s", err, words)
	case e.Kind != apperr.InvalidArgument || e.Reason != reason || len(e.Violations) != 1 || e.Violations[0].Field != field:
		t.Errorf("got %+v, want %s on %s", e, reason, field)
	case !strings.Contains(e.Violations[0].Description, words):
		t.Errorf("got  %s\nwant %s", e.Violations[0].Description, words)
	case len(e.Message) > 1000:
		t.Errorf("the message has %d bytes", len(e.Message))
	}
}

func TestFilterNestingAllowed(t *testing.T) {
	filter := strings.Repeat("(", 32) + "note = a" + strings.Repeat(")", 32)
	if got := where(t, filter); !reflect.DeepEqual(got, equal("note", "a")) {
		t.Errorf("got %#v", got)
	}
}

func FuzzFilter(f *testing.F) {
	for _, filter := range []string{
		`note = "a" AND (code = "sale*" OR NOT kind = RED) AND -enabled = true`,
		`create_time >= "2026-11-01T00:00:00.0001+02:00" AND state != LIVE`,
		`name = "things/22" OR note:'it\'s \*'`, `price >= -10.50 AND price_currency = eur OR NOT memo = ""`,
		`((note = ""`, `note = "*"`, "note = \xff", `note = 007 note`,
	} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		q, err := listingtest.Schema().Query(listing.Request{Filter: filter}, listing.Everything(), nil, now)
		if err != nil {
			expectRefusal(t, err, "INVALID_FILTER", "filter", "")
			return
		}
		sql, args, _ := sqlquery.Build(q)
		if strings.Count(sql, "?") != len(args) {
			t.Errorf("filter %q: %d arguments for %s", filter, len(args), sql)
		}
		document, _ := bsonquery.Build(q)
		if _, err := bson.Marshal(document); err != nil {
			t.Errorf("filter %q: %v", filter, err)
		}
		row := listingtest.Row{
			"id": "", "note": "", "code_key": "", "kind": "RED", "enabled": true, "create_time": now,
			"price_currency": "", "price_units": int64(0), "price_nanos": int64(0), "memo": "", "flagged": false,
		}
		listingtest.Match(q.Where, row)
	})
}

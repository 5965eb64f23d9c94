package table_test

import (
	"database/sql"
	"database/sql/driver"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/sqlitedb/table"
)

type thing struct {
	Name  string
	Lines []string
	Count int
	On    bool
	At    time.Time
	Until time.Time
	Took  time.Duration
	Notes *notes
	Price money.Money
}

type notes struct {
	Text  string
	Score float64
}

const schema = `CREATE TABLE things (name TEXT NOT NULL, name_key TEXT NOT NULL, lines TEXT NOT NULL, count INTEGER NOT NULL, is_on INTEGER NOT NULL,
	at INTEGER NOT NULL, until INTEGER, took INTEGER NOT NULL, notes TEXT NOT NULL,
	price_currency TEXT NOT NULL, price_units INTEGER NOT NULL, price_nanos INTEGER NOT NULL) STRICT`

// columns has one of each kind. The second is only written.
func columns() (read, written table.Columns[thing]) {
	read = table.Of(table.Columns[thing]{
		table.Text("name", func(t *thing) *string { return &t.Name }),
		table.Lines("lines", func(t *thing) *[]string { return &t.Lines }),
		table.Number("count", func(t *thing) *int { return &t.Count }),
		table.Flag("is_on", func(t *thing) *bool { return &t.On }),
		table.Time("at", func(t *thing) *time.Time { return &t.At }),
		table.OptionalTime("until", func(t *thing) *time.Time { return &t.Until }),
		table.Duration("took", time.Second, func(t *thing) *time.Duration { return &t.Took }),
		table.JSON("notes", func(t *thing) *notes { return t.Notes }, func(t *thing, n *notes) { t.Notes = n }),
	}, table.Money("price", "currency", func(t *thing) *money.Money { return &t.Price }))
	key := table.Derived("name_key", func(t *thing) string { return strings.ToUpper(t.Name) })
	return read, table.Of(read, table.Columns[thing]{key})
}

func things() []thing {
	return []thing{
		{
			Name: "a", Lines: []string{"one", "two"}, Count: 3, On: true, At: time.UnixMilli(4).UTC(), Until: time.UnixMilli(5).UTC(), Took: 6 * time.Second,
			Notes: &notes{Text: "seven"}, Price: money.Money{Currency: "USD", Units: 8, Nanos: 9},
		},
		{At: time.UnixMilli(0).UTC()},
	}
}

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	exec(t, db, schema)
	return db
}

func exec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestRows writes rows, changes them, and reads what it wrote.
func TestRows(t *testing.T) {
	db := open(t)
	read, written := columns()
	for _, one := range things() {
		values, err := written.Values(&one)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, db, "INSERT"+written.Into("things"), values...)
		values, err = written.Values(&one, one.Name)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, db, "UPDATE things SET "+written.Set()+" WHERE name = ?", values...)
		got, err := read.Read(db.QueryRowContext(t.Context(), read.From("things")+" WHERE name_key = upper(?)", one.Name))
		if err != nil || !reflect.DeepEqual(got, one) {
			t.Errorf("read\n%+v (%v), want\n%+v", got, err, one)
		}
	}
}

// TestAppend compares what the driver gets with what database/sql gets.
func TestAppend(t *testing.T) {
	_, written := columns()
	one := things()[0]
	values, err := written.Values(&one, "more")
	if err != nil {
		t.Fatal(err)
	}
	named, err := written.Append([]driver.NamedValue{{Ordinal: 1, Value: "before"}}, &one)
	if err != nil || len(named) != len(values) {
		t.Fatalf("%d values (%v), want %d", len(named), err, len(values))
	}
	for i, value := range named[1:] {
		if value.Ordinal != i+2 || value.Value != values[i] {
			t.Errorf("value %d is %+v, want %v", i, value, values[i])
		}
	}
}

func TestLists(t *testing.T) {
	read, _ := columns()
	some := read.Only("count", "name")
	for _, c := range []struct{ got, want string }{
		{some.Names(), "count, name"},
		{some.Marks(), "?, ifnull(?, '')"},
		{some.Set(), "count = ?, name = ifnull(?, '')"},
		{some.Replaced(), "count = excluded.count, name = excluded.name"},
		{some.Into("things"), " INTO things (count, name) VALUES (?, ifnull(?, ''))"},
		{some.From("things"), "SELECT count, name FROM things"},
		{some.From("things", "rowid", "at"), "SELECT count, name, rowid, at FROM things"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a column that is not there was selected")
		}
	}()
	read.Only("nothing")
}

// TestNotWritable has a record that JSON cannot hold.
func TestNotWritable(t *testing.T) {
	_, written := columns()
	bad := thing{Notes: &notes{Score: math.NaN()}}
	if _, err := written.Values(&bad); err == nil || !strings.Contains(err.Error(), "writing notes") {
		t.Errorf("the error is %v, want one that names the column", err)
	}
	if _, err := written.Append(nil, &bad); err == nil {
		t.Error("it was bound")
	}
}

// TestNotReadable reads values of other types than are ever written.
func TestNotReadable(t *testing.T) {
	db := open(t)
	read, _ := columns()
	for _, c := range []struct{ column, value, want string }{
		{"lines", "1", "lines are stored as int64"},
		{"at", "'soon'", "a time is stored as string"},
		{"took", "'long'", "a duration is stored as string"},
		{"notes", "1", "JSON is stored as int64"},
		{"notes", "'{'", "reading notes"},
	} {
		_, err := read.Only(c.column).Read(db.QueryRowContext(t.Context(), "SELECT "+c.value))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: the error is %v, want one with %q", c.column, c.value, err, c.want)
		}
	}
}

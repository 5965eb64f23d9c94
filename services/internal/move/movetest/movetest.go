// Package movetest checks that a move copies everything in a service's stores, wherever it is interrupted.
//
// Only tests may import it.
package movetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
)

// smallBatch makes the larger tables of a test take several batches.
const smallBatch = 7

// Open opens a database for a move; Move closes it.
type Open func(t testing.TB) move.Database

// Move moves a database and interrupts the move again and again: before the first write, after a few writes, and after
// more and more.
func Move(t testing.TB, from, to Open) {
	t.Helper()
	for writes := 0; ; writes = 5*writes + 1 {
		err := moveSome(t, from(t), to(t), writes)
		if err == nil {
			return
		}
		if !errors.Is(err, errCut) {
			t.Fatalf("moving, cut off after %d writes: %v", writes, err)
		}
	}
}

// errCut ends a move.
var errCut = errors.New("cut off")

// moveSome moves until a number of writes.
func moveSome(t testing.TB, from, to move.Database, writes int) error {
	t.Helper()
	defer func() {
		if err := errors.Join(from.Close(), to.Close()); err != nil {
			t.Errorf("closing: %v", err)
		}
	}()
	_, err := move.Job{
		Place: move.Place{From: "the test's source", To: "the test's destination"},
		Pairs: []move.Pair{{Name: "moved", From: from, To: &cutting{to, writes}}},
		Now:   time.Now, Copied: func(move.Moved) {}, Batch: smallBatch,
	}.Run(t.Context())
	return err
}

// cutting is a database that fails after a number of writes. The last write is done but not recorded.
type cutting struct {
	move.Database
	writes int
}

func (c *cutting) Tables() []move.Table {
	tables := c.Database.Tables()
	for i := range tables {
		write := tables[i].Write
		tables[i].Write = func(ctx context.Context, records []any) error {
			if c.writes--; c.writes < 0 {
				return errors.Join(errCut, write(ctx, records))
			}
			return write(ctx, records)
		}
	}
	return tables
}

// Records returns a database's records by table, in an order that depends only on their content, and closes the
// database.
func Records(t testing.TB, db move.Database) map[string][]any {
	t.Helper()
	defer func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}()
	all := map[string][]any{}
	for _, table := range db.Tables() {
		after := ""
		for {
			records, last, err := table.Read(t.Context(), after, smallBatch)
			if err != nil {
				t.Fatalf("reading %s: %v", table.Name, err)
			}
			if len(records) == 0 {
				break
			}
			all[table.Name], after = append(all[table.Name], records...), last
		}
		slices.SortFunc(all[table.Name], func(a, b any) int {
			return slices.Compare(hashOf(t, a), hashOf(t, b))
		})
	}
	return all
}

func hashOf(t testing.TB, record any) []byte {
	t.Helper()
	var sum move.Sum
	if err := sum.Add(record); err != nil {
		t.Fatal(err)
	}
	return sum.Hash[:]
}

// Compare fails the test if two databases' records differ.
func Compare(t testing.TB, got, want map[string][]any) {
	t.Helper()
	for table, records := range want {
		if len(got[table]) != len(records) {
			t.Errorf("%s has %d records, want %d", table, len(got[table]), len(records))
			continue
		}
		for i, record := range records {
			if !reflect.DeepEqual(got[table][i], record) {
				t.Errorf("%s has\n%+v, want\n%+v", table, got[table][i], record)
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are %d tables with records, want %d", len(got), len(want))
	}
}

// EachFieldIsSet fails the test if a field of a table's records, at any depth, is zero in all of them, except for the
// fields in but. A move could lose a field that no record sets, and nobody would see it.
func EachFieldIsSet(t testing.TB, records map[string][]any, but ...string) {
	t.Helper()
	for table, all := range records {
		set := map[string]bool{}
		for _, record := range all {
			note(table, reflect.ValueOf(record), set)
		}
		for path, isSet := range set {
			if !isSet && !slices.Contains(but, path) {
				t.Errorf("no record has %s: set it in storetest.Fill, so that a move that loses it is found", path)
			}
		}
	}
}

// note records which fields of a value are set.
func note(path string, v reflect.Value, set map[string]bool) {
	switch {
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			note(path+"."+v.Type().Field(i).Name, v.Field(i), set)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		set[path] = true
		note(path, v.Elem(), set)
	case v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Kind() != reflect.Uint8:
		set[path] = true
		for i := range v.Len() {
			note(path, v.Index(i), set)
		}
	default:
		set[path] = set[path] || !v.IsZero()
	}
}

// Covered fails the test if a database has a part that is neither a table of the move nor in notMoved, which gives the
// reasons.
func Covered(t testing.TB, db move.Database, parts []string, notMoved map[string]string) {
	t.Helper()
	var moved []string
	for _, table := range db.Tables() {
		moved = append(moved, table.Name)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	for _, part := range parts {
		if why := notMoved[part]; !slices.Contains(moved, part) && why == "" {
			t.Errorf("%s is not moved: give it a table, or say here why it need not be", part)
		}
	}
	for part := range notMoved {
		if !slices.Contains(parts, part) {
			t.Errorf("%s is said not to be moved, and is not there", part)
		}
	}
}

// SQLiteTables returns the names of the tables in a database file, except SQLite's own.
func SQLiteTables(t testing.TB, dir, file string) (tables []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil || len(tables) == 0 {
		t.Fatal(fmt.Errorf("listing the tables of %s: %d, %w", file, len(tables), err))
	}
	return tables
}

// Package move copies databases into others, table by table, and compares both sides at the end. A move that
// was killed can be resumed. The package knows nothing about the data: the stores list their tables.
//
// The services' wiring, the stores and the database packages may import it; it imports none of our packages.
package move

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// defaultBatch is the number of records read and written at once.
const defaultBatch = 500

// Table is a part of a database. Each of its records has a key.
type Table struct {
	// Name is the same in all stores.
	Name string
	// Read returns at most limit records that come after the position after, in order, and the position of the last
	// one. The position "" is before the first record. At the end Read returns no records. A position is meaningful
	// only to the database that returned it.
	Read func(ctx context.Context, after string, limit int) (records []any, last string, err error)
	// Write stores records. Each replaces the stored record with its key, if any.
	Write func(ctx context.Context, records []any) error
}

// TableOf returns a table whose records are Ts.
func TableOf[T any](
	name string,
	read func(ctx context.Context, after string, limit int) (records []T, last string, err error),
	write func(ctx context.Context, records []T) error,
) Table {
	return Table{
		Name: name,
		Read: func(ctx context.Context, after string, limit int) ([]any, string, error) {
			found, last, err := read(ctx, after, limit)
			records := make([]any, len(found))
			for i, record := range found {
				records[i] = record
			}
			return records, last, err
		},
		Write: func(ctx context.Context, records []any) error {
			typed := make([]T, len(records))
			for i, record := range records {
				one, ok := record.(T)
				if !ok {
					return fmt.Errorf("a record is a %T, and the table has records of %T", record, one)
				}
				typed[i] = one
			}
			return write(ctx, typed)
		},
	}
}

// Database is a database to move records from or to.
type Database interface {
	// Tables returns all tables, in an order that they can be written in.
	Tables() []Table
	// MoveState returns the state of a move into the database; the zero State if there never was one.
	MoveState(ctx context.Context) (State, error)
	// SetMoveState stores the state of a move into the database. Until it is Done, services refuse to start on the
	// database.
	SetMoveState(ctx context.Context, state State) error
	io.Closer
}

// Role says what a database is opened for.
type Role int

// The roles.
const (
	// Source is a database to move from. It must exist.
	Source Role = iota
	// Destination is a database to move to. It is created if it does not exist.
	Destination
)

// Pair is a source database and its destination.
type Pair struct {
	Name     string
	From, To Database
}

// Place says where the databases are, without passwords.
type Place struct{ From, To string }

// Moved is the sum of the records moved in one table.
type Moved struct {
	Database, Table string
	Sum             Sum
}

// Job is a move.
type Job struct {
	Place Place
	Pairs []Pair
	Now   func() time.Time
	// Copied is called for each table that has been copied.
	Copied func(Moved)
	// Batch is the number of records read and written at once; 0 means 500.
	Batch int
}

// Run moves the pairs' databases, or resumes an interrupted move. It checks that both sides are equal, and returns the
// sum of each table. Nothing else may write to the databases meanwhile. Run skips databases that an earlier run
// finished, and leaves them out of the result.
//
// It refuses a destination with anything but the records of an unfinished move from the same place. The error is
// ErrDiffers if source and destination differ at the end.
func (j Job) Run(ctx context.Context) ([]Moved, error) {
	states, err := j.begin(ctx)
	if err != nil {
		return nil, err
	}
	for i, pair := range j.Pairs {
		if states[i].Done.IsZero() {
			err = j.copy(ctx, pair, &states[i])
		}
		if err != nil {
			return nil, err
		}
	}
	var moved []Moved
	for i, pair := range j.Pairs {
		if !states[i].Done.IsZero() {
			continue
		}
		compared, err := pair.compare(ctx, states[i])
		if err != nil {
			return nil, err
		}
		moved = append(moved, compared...)
	}
	for i, pair := range j.Pairs {
		states[i].Done = j.Now().UTC()
		if err := pair.To.SetMoveState(ctx, states[i]); err != nil {
			return nil, fmt.Errorf("noting that the database %s is moved: %w", pair.Name, err)
		}
	}
	return moved, nil
}

// begin returns the state of each pair, and records in each destination that a move into it began.
func (j Job) begin(ctx context.Context) ([]State, error) {
	states := make([]State, len(j.Pairs))
	finished := len(j.Pairs) > 0
	for i, pair := range j.Pairs {
		state, err := pair.To.MoveState(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading how far the move of the database %s is: %w", pair.Name, err)
		}
		if state.Began.IsZero() {
			if err := pair.checkEmpty(ctx); err != nil {
				return nil, err
			}
			state = State{Place: j.Place, Began: j.Now().UTC()}
		}
		if state.Place.From != j.Place.From {
			return nil, fmt.Errorf("the destination's database %s is there for a move from %s, not from %s: move to an empty one",
				pair.Name, state.Place.From, j.Place.From)
		}
		finished = finished && !state.Done.IsZero()
		states[i] = state
	}
	if finished {
		return nil, fmt.Errorf("%s was moved to %s already, on %s; what has changed since in one of them is not in the other: to move again, move to an empty one",
			j.Place.From, j.Place.To, states[0].Done.Format(time.RFC3339))
	}
	for i, pair := range j.Pairs {
		states[i].Place = j.Place
		if err := pair.To.SetMoveState(ctx, states[i]); err != nil {
			return nil, fmt.Errorf("noting that the database %s is being moved: %w", pair.Name, err)
		}
	}
	return states, nil
}

// checkEmpty returns an error if the destination is not empty.
func (p Pair) checkEmpty(ctx context.Context) error {
	for _, table := range p.To.Tables() {
		records, _, err := table.Read(ctx, "", 1)
		if err != nil {
			return fmt.Errorf("looking into %s of %s: %w", table.Name, p.Name, err)
		}
		if len(records) > 0 {
			return fmt.Errorf("the destination's database %s is not empty: its %s hold records already; move to an empty one", p.Name, table.Name)
		}
	}
	return nil
}

// sides returns the source's tables, and the destination's tables with the same names in the same order.
func (p Pair) sides() (from, to []Table, err error) {
	byName := map[string]Table{}
	for _, table := range p.To.Tables() {
		byName[table.Name] = table
	}
	for _, table := range p.From.Tables() {
		other, ok := byName[table.Name]
		if !ok {
			return nil, nil, fmt.Errorf("the destination's database %s has no table %s", p.Name, table.Name)
		}
		from, to = append(from, table), append(to, other)
		delete(byName, table.Name)
	}
	if len(byName) > 0 {
		return nil, nil, fmt.Errorf("the source's database %s lacks tables that the destination has: %s", p.Name, strings.Join(slices.Sorted(maps.Keys(byName)), ", "))
	}
	return from, to, nil
}

// copy copies the records that were not copied yet.
func (j Job) copy(ctx context.Context, p Pair, state *State) error {
	from, to, err := p.sides()
	if err != nil {
		return err
	}
	for i := range from {
		at := state.of(from[i].Name)
		for !at.Complete {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := copySome(ctx, from[i], to[i], at, cmp.Or(j.Batch, defaultBatch)); err != nil {
				return fmt.Errorf("moving %s of %s: %w", from[i].Name, p.Name, err)
			}
			if err := p.To.SetMoveState(ctx, *state); err != nil {
				return fmt.Errorf("noting how far the move of the database %s is: %w", p.Name, err)
			}
		}
		j.Copied(Moved{Database: p.Name, Table: from[i].Name, Sum: at.Sum})
	}
	return nil
}

// copySome copies one batch and advances at. If it is interrupted, the next run copies the batch again.
func copySome(ctx context.Context, from, to Table, at *Progress, most int) error {
	records, last, err := from.Read(ctx, at.After, most)
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if len(records) == 0 {
		at.Complete = true
		return nil
	}
	sum := at.Sum
	for _, record := range records {
		if err := sum.Add(record); err != nil {
			return err
		}
	}
	if err := to.Write(ctx, records); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	at.After, at.Sum = last, sum
	return nil
}

// compare compares both sides, and each with the sum of the copied records.
func (p Pair) compare(ctx context.Context, state State) ([]Moved, error) {
	from, to, err := p.sides()
	if err != nil {
		return nil, err
	}
	var moved []Moved
	var failures []string
	changed := false
	for i := range from {
		source, err := SumOf(ctx, from[i])
		if err != nil {
			return nil, fmt.Errorf("reading %s of the source's %s again: %w", from[i].Name, p.Name, err)
		}
		destination, err := SumOf(ctx, to[i])
		if err != nil {
			return nil, fmt.Errorf("reading %s of the destination's %s again: %w", to[i].Name, p.Name, err)
		}
		copied := state.of(from[i].Name).Sum
		changed = changed || source != copied
		if source != copied || destination != copied {
			failures = append(failures, fmt.Sprintf("%s: %s when they were copied, %s in the source now, %s in the destination",
				from[i].Name, copied, source, destination))
		}
		moved = append(moved, Moved{Database: p.Name, Table: from[i].Name, Sum: source})
	}
	if len(failures) == 0 {
		return moved, nil
	}
	advice := "the copy is not the original: empty the destination and move again"
	if changed {
		advice = "the source has changed since it was copied: stop its services, empty the destination and move again"
	}
	return nil, errors.Join(ErrDiffers, fmt.Errorf("database %s: %s; %s", p.Name, strings.Join(failures, "; "), advice))
}

// ErrDiffers means that source and destination differ at the end of a move.
var ErrDiffers = errors.New("source and destination differ")

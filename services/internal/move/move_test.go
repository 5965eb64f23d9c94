package move_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
)

// thing is a record of the tests' tables.
type thing struct {
	ID    int
	Names []string
}

// memory is a database of two tables.
type memory struct {
	tables map[string]map[int]thing
	state  move.State
	// writes is the number of writes until they fail; negative for no limit.
	writes int
}

var errCut = errors.New("cut off")

func newMemory(things, others int) *memory {
	m := &memory{writes: -1, tables: map[string]map[int]thing{"things": {}, "others": {}}}
	for i := range things {
		m.tables["things"][i+1] = thing{i + 1, []string{fmt.Sprint("thing ", i)}}
	}
	for i := range others {
		m.tables["others"][i+1] = thing{ID: i + 1}
	}
	return m
}

func (m *memory) Tables() []move.Table {
	var tables []move.Table
	for _, name := range []string{"things", "others"} {
		tables = append(tables, move.TableOf(name, func(_ context.Context, after string, limit int) ([]thing, string, error) {
			from := 0
			if _, err := fmt.Sscan(cmp.Or(after, "0"), &from); err != nil {
				return nil, "", err
			}
			var found []thing
			for _, id := range slices.Sorted(maps.Keys(m.tables[name])) {
				if id > from && len(found) < limit {
					found, after = append(found, m.tables[name][id]), fmt.Sprint(id)
				}
			}
			return found, after, nil
		}, func(_ context.Context, records []thing) error {
			if m.writes == 0 {
				return errCut
			}
			m.writes--
			for _, record := range records {
				m.tables[name][record.ID] = record
			}
			return nil
		}))
	}
	return tables
}

func (m *memory) MoveState(context.Context) (move.State, error) { return m.state, nil }

func (m *memory) SetMoveState(_ context.Context, state move.State) error {
	tables := make([]*move.Progress, len(state.Tables))
	for i, progress := range state.Tables {
		at := *progress
		tables[i] = &at
	}
	m.state = state
	m.state.Tables = tables
	return nil
}

func (m *memory) Close() error { return nil }

// run moves one database to another.
func run(t *testing.T, from, to *memory) ([]move.Moved, error) {
	t.Helper()
	return job("here", move.Pair{Name: "one", From: from, To: to}).Run(t.Context())
}

func job(from string, pairs ...move.Pair) move.Job {
	return move.Job{Place: move.Place{From: from, To: "there"}, Pairs: pairs, Now: time.Now, Copied: func(move.Moved) {}}
}

func wantFailure(t *testing.T, err error, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("the error is %v, want one that says %q", err, text)
		}
	}
}

func TestMoveResumesAfterEachCut(t *testing.T) {
	from, to := newMemory(1700, 3), newMemory(0, 0)
	for cuts := 0; ; cuts++ {
		to.writes = 1
		moved, err := run(t, from, to)
		if errors.Is(err, errCut) {
			if refusal := to.state.Refusal(); refusal == nil || !strings.Contains(refusal.Error(), "couponlink move --from here --to there") {
				t.Errorf("after a cut the refusal is %v", refusal)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if cuts != 4 {
			t.Errorf("%d cuts, want one after each batch but the last", cuts)
		}
		if len(moved) != 2 || moved[0].Sum.Count != 1700 || moved[1].Sum.Count != 3 {
			t.Errorf("moved: %v", moved)
		}
		break
	}
	for name, records := range from.tables {
		if !maps.EqualFunc(records, to.tables[name], func(a, b thing) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			t.Errorf("%s differ", name)
		}
	}
	if err := to.state.Refusal(); err != nil {
		t.Errorf("at the end the refusal is %v", err)
	}
	_, err := run(t, from, to)
	wantFailure(t, err, "already")
}

func TestMoveRefusesWhatIsNotItsOwn(t *testing.T) {
	_, err := run(t, newMemory(1, 1), newMemory(0, 1))
	wantFailure(t, err, "one is not empty", "others")

	from, to := newMemory(700, 0), newMemory(0, 0)
	to.writes = 1
	if _, err := run(t, from, to); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	_, err = job("elsewhere", move.Pair{Name: "one", From: from, To: to}).Run(t.Context())
	wantFailure(t, err, "from here, not from elsewhere")
}

func TestMoveBeginsAllOrNothing(t *testing.T) {
	to := newMemory(0, 0)
	_, err := job("here", move.Pair{Name: "one", From: newMemory(1, 1), To: to}, move.Pair{Name: "two", From: newMemory(1, 1), To: newMemory(1, 0)}).Run(t.Context())
	wantFailure(t, err, "two is not empty")
	if !to.state.Began.IsZero() {
		t.Error("the first database is being moved to")
	}
}

func TestMoveLeavesWhatIsDoneAlone(t *testing.T) {
	from, to, other, otherTo := newMemory(1, 1), newMemory(0, 0), newMemory(700, 0), newMemory(0, 0)
	if _, err := run(t, from, to); err != nil {
		t.Fatal(err)
	}
	to.tables["things"][9] = thing{ID: 9} // by a service that was started meanwhile
	otherTo.state = move.State{Place: move.Place{From: "here", To: "there"}, Began: time.Now()}
	moved, err := job("here", move.Pair{Name: "one", From: from, To: to}, move.Pair{Name: "two", From: other, To: otherTo}).Run(t.Context())
	if err != nil || len(moved) != 2 || moved[0].Database != "two" {
		t.Errorf("moved %v, %v", moved, err)
	}
}

func TestMoveNamesWhatDiffers(t *testing.T) {
	for name, test := range map[string]struct {
		change func(from, to *memory)
		want   string
	}{
		"changed at the source":      {func(from, _ *memory) { from.tables["things"][3] = thing{ID: 3} }, "source has changed"},
		"new at the source":          {func(from, _ *memory) { from.tables["things"][9000] = thing{ID: 9000} }, "source has changed"},
		"gone from the source":       {func(from, _ *memory) { delete(from.tables["things"], 3) }, "source has changed"},
		"changed at the destination": {func(_, to *memory) { to.tables["things"][3] = thing{ID: 3} }, "the copy is not"},
		"new at the destination":     {func(_, to *memory) { to.tables["things"][9000] = thing{ID: 9000} }, "the copy is not"},
		"gone from the destination":  {func(_, to *memory) { delete(to.tables["things"], 3) }, "the copy is not"},
	} {
		from, to := newMemory(10, 3), newMemory(0, 0)
		j := job("here", move.Pair{Name: "one", From: from, To: to})
		j.Copied = func(m move.Moved) {
			if m.Table == "others" {
				test.change(from, to)
			}
		}
		_, err := j.Run(t.Context())
		if !errors.Is(err, move.ErrDiffers) {
			t.Errorf("%s: %v", name, err)
		}
		wantFailure(t, err, "database one: things: ", test.want)
		if strings.Contains(err.Error(), "others") {
			t.Errorf("%s: a table is named that is the same: %v", name, err)
		}
		if to.state.Refusal() == nil {
			t.Errorf("%s: services may start", name)
		}
	}
}

func TestMoveEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := job("here", move.Pair{Name: "one", From: newMemory(1, 1), To: newMemory(0, 0)}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestTablesThatOnlyOneSideHas(t *testing.T) {
	from, to := newMemory(1, 1), lacking{newMemory(0, 0)}
	_, err := job("here", move.Pair{Name: "one", From: from, To: to}).Run(t.Context())
	wantFailure(t, err, "no table others")
	_, err = job("here", move.Pair{Name: "one", From: to, To: newMemory(0, 0)}).Run(t.Context())
	wantFailure(t, err, "lacks", "others")
}

// lacking is a database without its second table.
type lacking struct{ *memory }

func (l lacking) Tables() []move.Table { return l.memory.Tables()[:1] }

package move_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/internal/move"
)

type inner struct {
	Text  string
	Other string
}

type outer struct {
	At      time.Time
	Number  int32
	Flag    bool
	Share   float64
	Inner   *inner
	Inners  []inner
	Uniques [2]string
	Bytes   []byte
}

func sumOf(t *testing.T, records ...any) move.Sum {
	t.Helper()
	var sum move.Sum
	for _, record := range records {
		if err := sum.Add(record); err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

func TestSumTellsRecordsApart(t *testing.T) {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 5_000_000, time.UTC)
	seen := map[move.Sum]int{}
	for i, record := range []any{
		inner{},
		inner{Text: "ab"},
		inner{Text: "a", Other: "b"},
		inner{Other: "ab"},
		outer{},
		outer{At: at},
		outer{At: at.Add(time.Millisecond)},
		outer{Number: 1},
		outer{Number: -1},
		outer{Flag: true},
		outer{Share: 0.5},
		outer{Inner: &inner{}},
		outer{Inner: &inner{Text: "x"}},
		outer{Inners: []inner{{}}},
		outer{Inners: []inner{{}, {}}},
		outer{Uniques: [2]string{"a"}},
		outer{Uniques: [2]string{"", "a"}},
		outer{Bytes: []byte{0}},
		outer{Bytes: []byte{0, 0}},
	} {
		sum := sumOf(t, record)
		if other, ok := seen[sum]; ok {
			t.Errorf("records %d and %d have the same sum", other, i)
		}
		seen[sum] = i
	}
}

func TestSumKnowsTheSame(t *testing.T) {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	a, b := outer{At: at}, outer{At: at.In(time.FixedZone("", 3600)), Inners: []inner{}}
	if sumOf(t, a) != sumOf(t, b) {
		t.Error("one moment, or no records, have two sums")
	}
	if sumOf(t, a, inner{Text: "x"}) != sumOf(t, inner{Text: "x"}, a) {
		t.Error("the order counts")
	}
	if sumOf(t, a) == sumOf(t, a, b) || sumOf(t) == sumOf(t, a, a) {
		t.Error("a record that comes twice does not count twice")
	}
}

func TestSumRefusesWhatItCannotRead(t *testing.T) {
	var sum move.Sum
	for _, record := range []any{struct{ hidden int }{1}, map[string]int{}, struct{ thing }{}} {
		if err := sum.Add(record); err == nil {
			t.Errorf("%T was taken", record)
		}
	}
}

func TestSumInJSON(t *testing.T) {
	want := sumOf(t, inner{Text: "x"})
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got move.Sum
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%s is read as %v (%v), want %v", text, got, err, want)
	}
	for _, bad := range []string{`{"hash":"xx"}`, `{"hash":"abcd"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

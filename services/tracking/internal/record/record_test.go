package record_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/record"
)

// TestStored reads and writes records as earlier programs stored them, in files NAME.json (SQLite) and NAME.bson.json
// (MongoDB, as extended JSON). A file that exists never changes: such records are in people's databases.
func TestStored(t *testing.T) {
	postback := fullPostback()
	replayed := postback
	replayed.Replay = fullReplay()
	t.Run("basis", func(t *testing.T) {
		check(t, "basis", record.EncodeBasis(fullBasis()), (*record.Basis).Decode, fullBasis())
	})
	t.Run("bare basis", func(t *testing.T) {
		bare := &domain.Basis{Rule: "r"}
		check(t, "bare_basis", record.EncodeBasis(bare), (*record.Basis).Decode, bare)
	})
	t.Run("history", func(t *testing.T) {
		sale := domain.Conversion{Changes: fullChanges(), Conflicts: fullConflicts()}
		history := record.EncodeHistory(&sale)
		check(t, "history", &history, func(h *record.History) domain.Conversion {
			var read domain.Conversion
			h.Decode(&read)
			return read
		}, sale)
	})
	t.Run("postback", func(t *testing.T) {
		checkJSON(t, "postback", record.EncodePostback(postback), (*record.Postback).Decode, postback)
		checkBSON(t, "postback", record.EncodePostback(replayed), (*record.Postback).Decode, replayed)
	})
	t.Run("replay", func(t *testing.T) { // in MongoDB, part of its postback
		checkJSON(t, "replay", record.EncodeReplay(fullReplay()), (*record.Replay).Decode, fullReplay())
	})
	t.Run("attempts", func(t *testing.T) {
		checkList(t, "attempts", record.EncodeAttempts(fullAttempts()), record.DecodeAttempts, fullAttempts())
	})
	t.Run("problems", func(t *testing.T) {
		checkList(t, "problems", record.EncodeProblems(fullProblems()), record.DecodeProblems, fullProblems())
	})
}

// TestTimeOfAnotherType reads a time that is stored as a number.
func TestTimeOfAnotherType(t *testing.T) {
	stored, err := bson.Marshal(bson.D{{Key: "attempt_time", Value: int64(1)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := bson.Unmarshal(stored, &record.Attempt{}); err == nil || !strings.Contains(err.Error(), "BSON type 0x12") {
		t.Errorf("the error is %v, want one that names the type", err)
	}
}

func check[R, D any](t *testing.T, name string, encoded *R, decode func(*R) D, want D) {
	t.Helper()
	checkJSON(t, name, encoded, decode, want)
	checkBSON(t, name, encoded, decode, want)
}

// checkList checks records that are a list, which in MongoDB is the field `name` of its document.
func checkList[R, D any](t *testing.T, name string, encoded []R, decode func([]R) []D, want []D) {
	t.Helper()
	checkJSON(t, name, &encoded, func(r *[]R) []D { return decode(*r) }, want)
	checkBSON(t, name, &map[string][]R{name: encoded}, func(r *map[string][]R) []D { return decode((*r)[name]) }, want)
}

func checkJSON[R, D any](t *testing.T, name string, encoded *R, decode func(*R) D, want D) {
	t.Helper()
	stored := stored(t, name+".json")
	if text, err := json.Marshal(encoded); err != nil || string(text) != stored {
		t.Errorf("%s is written as\n%s (%v), want\n%s", name, text, err, stored)
	}
	var found R
	if err := json.Unmarshal([]byte(stored), &found); err != nil {
		t.Fatal(err)
	}
	if got := decode(&found); !reflect.DeepEqual(got, want) {
		t.Errorf("%s in JSON is read as\n%+v, want\n%+v", name, got, want)
	}
}

// checkBSON is checkJSON but for the order of fields, which means nothing in MongoDB.
func checkBSON[R, D any](t *testing.T, name string, encoded *R, decode func(*R) D, want D) {
	t.Helper()
	stored := stored(t, name+".bson.json")
	text, err := bson.MarshalExtJSON(encoded, true, false)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(parsed(t, string(text)), parsed(t, stored)) {
		t.Errorf("%s is written as\n%s, want\n%s", name, text, stored)
	}
	var found R
	if err := bson.UnmarshalExtJSON([]byte(stored), true, &found); err != nil {
		t.Fatal(err)
	}
	if got := decode(&found); !reflect.DeepEqual(got, want) {
		t.Errorf("%s in BSON is read as\n%+v, want\n%+v", name, got, want)
	}
}

func stored(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func parsed(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

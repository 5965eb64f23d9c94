package mongodb

import (
	"context"
	"errors"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/apperr"
)

// TestAtOneMomentOnTheWire simulates a server's answers to reads of one moment, which the tests' engine lacks. All
// reads name the moment in the answer to the first.
func TestAtOneMomentOnTheWire(t *testing.T) {
	moment := bson.Timestamp{T: 1_700_000_000, I: 7}
	found := bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: "d.c"}, {Key: "firstBatch", Value: []bson.D{}}, {Key: "atClusterTime", Value: moment},
	}}}
	db, sent := playing(t, found, found)
	err := db.AtOneMoment(t.Context(), func(ctx context.Context) error {
		for range 2 {
			cursor, err := db.Collection("c").Find(ctx, bson.D{})
			if err != nil {
				return err
			}
			if err := cursor.Close(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("AtOneMoment: %v", err)
	}
	if got, want := inShort(sent()), []string{"find rc=snapshot", "find rc=snapshot"}; !slices.Equal(got, want) {
		t.Fatalf("the commands were %q, want %q", got, want)
	}
	seconds, increment, _ := sent()[1].Lookup("readConcern", "atClusterTime").TimestampOK()
	if (bson.Timestamp{T: seconds, I: increment}) != moment {
		t.Errorf("the second read was of %d.%d, want %v", seconds, increment, moment)
	}
}

// TestAtOneMomentTooLong simulates a server that no longer has the moment.
func TestAtOneMomentTooLong(t *testing.T) {
	db, _ := playing(t, bson.D{
		{Key: "ok", Value: 0}, {Key: "code", Value: 239}, {Key: "codeName", Value: "SnapshotTooOld"}, {Key: "errmsg", Value: "too old"},
	})
	err := db.AtOneMoment(t.Context(), func(ctx context.Context) error {
		_, err := db.Collection("c").Find(ctx, bson.D{})
		return Failure(err)
	})
	if !apperr.Is(err, apperr.Unavailable) {
		t.Errorf("AtOneMoment: %v, want Unavailable", err)
	}
	own := errors.New("own")
	if err := db.AtOneMoment(t.Context(), func(context.Context) error { return own }); !errors.Is(err, own) {
		t.Errorf("AtOneMoment: %v, want the function's error", err)
	}
}

package mongostore_test

import (
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/rollup"
	"github.com/couponlink/couponlink/services/tracking/internal/storetest"
)

// version1 is a conversion of the schema's first version.
func version1(n int) bson.M {
	return bson.M{
		"_id": fmt.Sprintf("%032d", n), "content_hash": "h", "offer": "10", "publisher": "22", "coupon_code": "", "coupon_code_key": "", "click": "",
		"transaction_id": fmt.Sprint(n), "event": "sale", "status": "PENDING", "outcome": "ATTRIBUTED", "method": "CLICK", "reason": "",
		"pub_unique1": "", "pub_unique2": "", "pub_unique3": "", "pub_unique3_key": "", "pub_unique4": "", "pub_unique5": "",
		"pub_click_id": "", "pub_sub_id": "", "conversion_time": time.UnixMilli(1000), "create_time": time.UnixMilli(int64(2000 + n)),
	}
}

// What was stored before there was a history gets a revision and can be changed, more than one call's
// worth of it; also when the migration runs again, as after a crash before its version was recorded.
func TestMigrationFromVersion1(t *testing.T) {
	uri := mongotest.URI(t)
	db, err := mongodb.Open(t.Context(), uri, "tracking", mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	const stored = 103
	documents := make([]any, stored)
	for i := range documents {
		documents[i] = version1(i)
	}
	if _, err := db.Collection("conversions").InsertMany(t.Context(), documents); err != nil {
		t.Fatal(err)
	}
	version := bson.M{"_id": "version", "version": 1}
	if _, err := db.Collection("schema").InsertOne(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		s := open(t, uri)
		checkMigrated(t, s, stored, round)
		if err := s.Close(); err != nil {
			t.Fatalf("closing: %v", err)
		}
		if _, err := db.Collection("schema").ReplaceOne(t.Context(), bson.M{"_id": "version"}, version); err != nil {
			t.Fatal(err)
		}
	}
}

// checkMigrated checks every conversion and changes one, which the rounds before have done too.
func checkMigrated(t *testing.T, s storetest.Store, stored, rounds int) {
	t.Helper()
	conversions, err := s.Conversions(t.Context(), listing.Query{Order: []listing.Order{{Field: "id"}}, Limit: stored + 1})
	if err != nil || len(conversions) != stored {
		t.Fatalf("%d conversions (%v), want %d", len(conversions), err, stored)
	}
	for i, c := range conversions {
		revision := int64(1)
		if i == 7 {
			revision += int64(rounds)
		}
		if c.Revision != revision || !c.UpdateTime.Equal(c.CreateTime) || !c.CreateTime.Equal(time.UnixMilli(int64(2000+i))) || c.Unplanned {
			t.Fatalf("conversion %d is %+v, want revision %d, changed when it was created", i, c, revision)
		}
	}
	notConflicted := listing.Compare{Field: "conflicted", Op: listing.Equal, Value: false}
	found, err := s.Conversions(t.Context(), listing.Query{Where: notConflicted, Order: []listing.Order{{Field: "id"}}, Limit: stored})
	if err != nil || len(found) != stored {
		t.Errorf("%d conversions are not conflicted (%v), want %d", len(found), err, stored)
	}
	for more := true; more; {
		if more, err = s.CountNew(t.Context(), time.Now()); err != nil {
			t.Fatalf("counting: %v", err)
		}
	}
	cells, _, err := s.Cells(t.Context(), []rollup.Span{{Cube: rollup.OfferMonths, From: 1970 * 12, To: 1970 * 12}}, nil)
	if err != nil || len(cells) != 1 || cells[0].Conversions != int64(stored) {
		t.Errorf("the figures are %+v (%v), want one cell of %d conversions", cells, err, stored)
	}
	_, err = s.UpdateConversion(t.Context(), conversions[7].ID, func(c domain.Conversion) (domain.Update, error) {
		c.Revision++
		return domain.Update{Conversion: c}, nil
	})
	if err != nil {
		t.Errorf("changing a conversion: %v", err)
	}
}

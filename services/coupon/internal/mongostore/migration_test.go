package mongostore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/couponlink/couponlink/services/coupon/internal/mongostore"
	"github.com/couponlink/couponlink/services/coupon/internal/storetest"
	"github.com/couponlink/couponlink/services/internal/mongodb"
	"github.com/couponlink/couponlink/services/internal/mongotest"
)

// version1 are documents of the schema's first version, by collection.
func version1() map[string][]bson.M {
	second := time.UnixMilli(1000)
	payout := func(kind, currency string, units, percent int64) bson.M {
		return bson.M{"kind": kind, "currency_code": currency, "units": units, "nanos": int32(0), "percent": percent}
	}
	offer := func(id string) bson.M {
		return bson.M{
			"_id": id, "display_name": "Aurora", "landing_page_url": "https://shop.example/", "fallback_url": "", "state": "ACTIVE",
			"postback_auth": "TOKEN", "postback_token": "token-of-" + id, "precedence": "CODE_FIRST", "click_window": int64(3600),
			"coupon_grace": int64(0), "unique_codes": false, "payout": payout("PERCENT", "", 0, 75_000),
			"default_conversion_status": "PENDING", "currency_code": "USD", "create_time": second, "update_time": second,
			"revision": int64(1),
		}
	}
	publisher := func(id string) bson.M {
		return bson.M{
			"_id": id, "display_name": "Mia", "state": "ACTIVE", "create_time": second, "update_time": second, "revision": int64(1),
		}
	}
	coupon := func(publisher, code, note string) bson.M {
		key := strings.ToUpper(code)
		return bson.M{
			"_id": "10/" + publisher + "/" + key, "offer": "10", "publisher": publisher, "code": code, "code_key": key, "start_time": second,
			"expire_time": time.UnixMilli(253402300799999), "internal_note": note, "enabled": true, "archived": false,
			"payout": payout("FIXED", "USD", 12, 0), "create_time": second, "update_time": second, "revision": int64(1),
		}
	}
	coupons := []bson.M{coupon("22", "Sale20", "note")}
	for i := range storetest.Version1Extra {
		coupons = append(coupons, coupon("23", fmt.Sprintf("MORE%04d", i), storetest.Version1Note))
	}
	return map[string][]bson.M{
		"schema":     {{"_id": "version", "version": 1}},
		"offers":     {offer("10"), offer("11")},
		"publishers": {publisher("22"), publisher("23")},
		"approvals": {{
			"_id": "10/22", "offer": "10", "publisher": "22", "state": "APPROVED", "source": "COUPON",
			"create_time": second, "update_time": second, "revision": int64(1),
		}},
		"coupons": coupons,
	}
}

// Migration keeps what was stored before secrets, revenue, settings, deliveries and limits existed, and gives
// each offer and publisher a secret. It may run again, as after a crash before its version was recorded.
func TestMigrationFromVersion1(t *testing.T) {
	uri := mongotest.URI(t)
	db, err := mongodb.Open(t.Context(), uri, "coupon", mongotest.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for collection, documents := range version1() {
		if _, err := db.Collection(collection).InsertMany(t.Context(), documents); err != nil {
			t.Fatal(err)
		}
	}
	var secrets [][]string
	for range 2 {
		store, err := mongostore.Open(t.Context(), uri, mongotest.Options()...)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, storetest.Version1(t, store))
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, db)
		again := bson.M{"$set": bson.M{"version": 1}}
		if _, err := db.Collection("schema").UpdateOne(t.Context(), bson.M{"_id": "version"}, again); err != nil {
			t.Fatal(err)
		}
	}
	storetest.WantKeptSecrets(t, secrets[0], secrets[1])
}

// wantKeys fails the test unless every document has the keys that were added.
func wantKeys(t *testing.T, db *mongodb.DB) {
	t.Helper()
	for collection, keys := range map[string][]string{
		"offers": {
			"postback_secret", "previous_postback_token", "previous_postback_secret", "previous_credentials_expire_time", "revenue.cap.nanos",
			"payout.cap.nanos", "display_name_search",
		},
		"publishers": {
			"postback_url", "delivery.method", "delivery.statuses", "delivery.only_with_click", "delivery.payload_version", "delivery_secret",
			"previous_delivery_secret", "previous_delivery_secret_expire_time", "display_name_search",
		},
		"approvals": {"payout.cap.nanos"},
		"coupons": {
			"payout.cap.nanos", "settings.fallback_url", "settings.click_window", "usage_limit", "daily_usage_limit", "internal_note_search",
		},
	} {
		for _, key := range keys {
			filter := bson.M{key: bson.M{"$exists": false}}
			if n, err := db.Collection(collection).CountDocuments(t.Context(), filter); err != nil || n > 0 {
				t.Errorf("%d documents of %s are without %s: %v", n, collection, key, err)
			}
		}
	}
}

package storetest

import (
	"time"

	"github.com/couponlink/couponlink/services/internal/listing"
)

// Planned is a filter and an order that pages, exports or the console use often. It names the first field, as
// stored, of the index that finds the matches in order.
type Planned struct {
	// Of names the table or collection.
	Of    string
	Query listing.Query
	By    string
}

// Plans returns the queries of the coupon service's lists that use an index. The others scan a table, which
// has as many rows as a program has offers, publishers or coupons, and end with their call.
func Plans() []Planned {
	equal := func(field string, value any) listing.Compare {
		return listing.Compare{Field: field, Op: listing.Equal, Value: value}
	}
	byID := []listing.Order{{Field: "id"}}
	latest := []listing.Order{{Field: "create_time", Desc: true}, {Field: "id", Desc: true}}
	plans := []Planned{
		{"offers", listing.Query{Order: byID}, "id"},
		{"publishers", listing.Query{Order: byID}, "id"},
		{"approvals", listing.Query{Order: byID}, "id"},
		{"approvals", listing.Query{Order: byID, Where: equal("offer", "10")}, "offer"},
		{"approvals", listing.Query{Order: byID, Where: equal("publisher", "22")}, "publisher"},
		{"coupons", listing.Query{Order: latest}, "create_time"},
		{"coupons", listing.Query{Order: latest, After: []any{time.UnixMilli(5), "10/22/SALE20"}}, "create_time"},
		{"coupons", listing.Query{Order: latest, Where: equal("offer", "10")}, "offer"},
		{"coupons", listing.Query{Order: latest, Where: equal("publisher", "22")}, "publisher"},
	}
	for i := range plans {
		plans[i].Query.Limit = 50
	}
	return plans
}

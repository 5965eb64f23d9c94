package storetest

import (
	"strings"

	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/tracking/internal/domain"
	"github.com/couponlink/couponlink/services/tracking/internal/domain/delivery"
)

// Planned is a filter and an order that pages, exports or the console use often, with how a store must run the
// query.
type Planned struct {
	// Of is the table or collection.
	Of    string
	Query listing.Query
	// By is the first field, by its stored name, of the index to use.
	By string
	// Sorts says why the matches may be sorted; "" if the index must return them in order.
	Sorts string
	// Scans says why everything may be read. Such a query is bounded by its time limit.
	Scans string
}

// String describes the query.
func (p Planned) String() string {
	var order []string
	for _, o := range p.Query.Order {
		order = append(order, o.Field)
	}
	where := ""
	if c, ok := p.Query.Where.(listing.Compare); ok {
		where = " by " + c.Field
	}
	return p.Of + where + " in the order of " + strings.Join(order, ", ")
}

// Plans returns the queries of the tracking service's lists.
func Plans() []Planned {
	plans := conversionPlans()
	plans = append(plans, postbackPlans()...)
	plans = append(plans, deliveryPlans()...)
	for i := range plans {
		plans[i].Query.Limit = 50
	}
	return plans
}

// latest is the order of the latest first.
func latest(field string) []listing.Order {
	return []listing.Order{{Field: field, Desc: true}, {Field: "id", Desc: true}}
}

// asked are conditions, each of one list, by the field that is walked.
func asked(of, time string, by map[string]listing.Expr) []Planned {
	var plans []Planned
	for field, where := range by {
		plans = append(plans, Planned{Of: of, By: field, Query: listing.Query{Where: where, Order: latest(time)}})
	}
	return plans
}

func conversionPlans() []Planned {
	equal := func(field string, value any) listing.Compare { return is(field, listing.Equal, value) }
	month := listing.And{is("conversion_time", listing.GreaterEqual, at(0)), is("conversion_time", listing.Less, at(9))}
	plans := asked("conversions", "conversion_time", map[string]listing.Expr{
		"conversion_time": nil,
		"offer":           equal("offer", "10"),
		"publisher":       equal("publisher", "22"),
		"pub_unique3_key": equal("pub_unique3_key", "SALEXYZ20"),
		"status":          equal("status", string(domain.StatusPending)),
		"transaction_id":  equal("transaction_id", "order-1"),
		"conflicted":      equal("conflicted", true),
	})
	latestFirst := latest("conversion_time")
	oldestFirst := []listing.Order{{Field: "conversion_time"}, {Field: "id"}}
	plans = append(plans,
		Planned{By: "conversion_time", Query: listing.Query{Order: latestFirst, After: []any{at(5), hash("sale", 1)}}},
		Planned{By: "conversion_time", Query: listing.Query{Order: oldestFirst, Where: month}},
		Planned{By: "conversion_time", Query: listing.Query{Order: latestFirst, Where: month}},
		Planned{By: "publisher", Query: listing.Query{Order: latestFirst, Where: append(listing.And{equal("publisher", "22")}, month...)}},
		Planned{By: "update_time", Query: listing.Query{Order: latest("update_time")}},
		Planned{By: "update_time", Query: listing.Query{
			Order: []listing.Order{{Field: "update_time"}, {Field: "id"}}, Where: is("update_time", listing.GreaterEqual, at(0)),
		}},
		// What no index has is looked for among all, the latest first.
		Planned{By: "conversion_time", Query: listing.Query{Order: latestFirst, Where: equal("status", string(domain.StatusApproved))}},
		Planned{By: "conversion_time", Query: listing.Query{Order: latestFirst, Where: equal("method", "CLICK")}},
		Planned{Scans: "nobody asks for pages by the time of storing", Query: listing.Query{Order: latest("create_time")}},
	)
	for _, field := range []string{"offer", "publisher", "status", "pub_unique3_key"} {
		plans = append(plans, Planned{Scans: "an export in an order of its own", Query: listing.Query{Order: latest(field)}})
	}
	for i := range plans {
		plans[i].Of = "conversions"
	}
	return plans
}

func postbackPlans() []Planned {
	plans := asked("postbacks", "create_time", map[string]listing.Expr{
		"create_time": nil,
		"id":          is("id", listing.Equal, idAt(at(1))),
	})
	for _, field := range []string{"conversion", "transaction_id"} {
		plans = append(plans, Planned{
			Of: "postbacks", By: field, Sorts: "a sale has few entries",
			Query: listing.Query{Order: latest("create_time"), Where: is(field, listing.Equal, hash("sale", 1))},
		})
	}
	return plans
}

func deliveryPlans() []Planned {
	return append(asked("deliveries", "create_time", map[string]listing.Expr{
		"create_time": nil,
		"publisher":   is("publisher", listing.Equal, "22"),
		"state":       is("state", listing.Equal, string(delivery.Dead)),
	}), Planned{
		Of: "deliveries", By: "conversion", Sorts: "a sale has few deliveries",
		Query: listing.Query{Order: latest("create_time"), Where: is("conversion", listing.Equal, hash("sale", 1))},
	})
}

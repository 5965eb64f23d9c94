// Package rows says which rows a caller may know of: all, or those of the publishers and offers that it is limited to.
//
// Use cases ask it about each row that they tell or change, and give it to the queries of lists. Whether a caller may
// make a call at all is decided before, by its permissions.
package rows

import (
	"context"
	"slices"
	"strings"

	"github.com/couponlink/couponlink/services/internal/access"
	"github.com/couponlink/couponlink/services/internal/listing"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// Rows are the rows that a caller may know of. The zero value is none.
type Rows struct {
	all bool
	// publishers and offers have the ids, sorted, that rows must have; nil for any, unless neither is set.
	publishers, offers []string
	audience           listing.Audience
	isPartner          bool
}

// Of returns the rows of the caller whose call a context belongs to: all of them outside calls, since every call has a
// caller.
func Of(ctx context.Context) Rows { return For(access.From(ctx)) }

// For returns the rows of a caller; nil stands for the program itself, which may know of all.
func For(p *access.Principal) Rows {
	if p == nil || !p.IsLimited() {
		return Rows{all: true}
	}
	r := Rows{audience: listing.Audience(p.Audience()), isPartner: p.IsPartner()}
	if len(p.Publishers) == 0 && p.LimitedByPublishers() || len(p.Offers) == 0 && p.LimitedByOffers() {
		return r // a role that needs a limit and has none
	}
	r.publishers, r.offers = ids(p.Publishers, resource.Publishers), ids(p.Offers, resource.Offers)
	return r
}

// ids returns the ids in resource names, sorted.
func ids(names []string, prefix string) []string {
	var all []string
	for _, name := range names {
		all = append(all, strings.TrimPrefix(name, prefix))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// IsLimited reports whether there are rows that the caller may not know of.
func (r Rows) IsLimited() bool { return !r.all }

// IsPartner is IsPartner of the caller.
func (r Rows) IsPartner() bool { return r.isPartner }

// LimitedByPublishers reports whether only rows of some publishers are among them.
func (r Rows) LimitedByPublishers() bool { return !r.all && (r.publishers != nil || r.offers == nil) }

// Has reports whether a row of a publisher on an offer is among them.
func (r Rows) Has(offer, publisher string) bool {
	if r.all {
		return true
	}
	return (r.publishers != nil || r.offers != nil) && r.HasOffer(offer) && r.HasPublisher(publisher)
}

// HasOffer reports whether rows of an offer can be among them.
func (r Rows) HasOffer(offer string) bool { return r.all || has(r.offers, r.publishers, offer) }

// HasPublisher reports whether rows of a publisher can be among them.
func (r Rows) HasPublisher(publisher string) bool {
	return r.all || has(r.publishers, r.offers, publisher)
}

func has(these, others []string, id string) bool {
	if these == nil {
		return others != nil
	}
	_, found := slices.BinarySearch(these, id)
	return found
}

// In returns the rows for the query of a collection, whose rows have a publisher and an offer in stored fields. A
// collection without one of the fields has no row for a caller who is limited by it.
func (r Rows) In(publisher, offer string) listing.Rows {
	if r.all {
		return listing.Everything()
	}
	var where listing.And
	for _, limit := range []struct {
		field string
		ids   []string
	}{{publisher, r.publishers}, {offer, r.offers}} {
		if limit.ids == nil {
			continue
		}
		if limit.field == "" {
			return listing.Only(nil, r.String(), r.audience)
		}
		where = append(where, oneOf(limit.field, limit.ids))
	}
	switch len(where) {
	case 0:
		return listing.Only(nil, r.String(), r.audience)
	case 1:
		return listing.Only(where[0], r.String(), r.audience)
	default:
		return listing.Only(where, r.String(), r.audience)
	}
}

// Nothing returns no rows, for a collection that limited callers may not know of, or all.
func (r Rows) Nothing() listing.Rows { return r.In("", "") }

// String is the same for callers with the same rows and fields. It is "" for all rows.
func (r Rows) String() string {
	if r.all {
		return ""
	}
	return string('0'+rune(r.audience)) + "|" + strings.Join(r.publishers, ",") + "|" + strings.Join(r.offers, ",")
}

// oneOf returns the condition that a field has one of some values.
func oneOf(field string, values []string) listing.Expr {
	equal := func(value string) listing.Expr {
		return listing.Compare{Field: field, Op: listing.Equal, Value: value}
	}
	if len(values) == 1 {
		return equal(values[0])
	}
	var any listing.Or
	for _, value := range values {
		any = append(any, equal(value))
	}
	return any
}

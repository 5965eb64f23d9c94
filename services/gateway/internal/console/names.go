package console

import (
	"context"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

const (
	// maxNamesFilter keeps filters of many names below what a service takes.
	maxNamesFilter = 3500
	// mostListed is the most that a service lists at once: more than such a filter has names.
	mostListed = 1000
)

// offerNames returns what offers are called, by id, with as few calls as can be. The offers are given by
// name or id; where the names are not to be had, pages show the ids.
func (p *page) offerNames(ctx context.Context, offers []string) map[string]string {
	names := map[string]string{}
	for _, filter := range ofNames(offers) {
		resp, err := p.Console.offers.ListOffers(ctx, &couponv1.ListOffersRequest{Filter: filter, PageSize: mostListed})
		if err != nil {
			return names
		}
		for _, o := range resp.GetOffers() {
			names[idOf(o.GetName())] = o.GetDisplayName()
		}
	}
	return names
}

// publisherNames is offerNames for publishers.
func (p *page) publisherNames(ctx context.Context, publishers []string) map[string]string {
	names := map[string]string{}
	for _, filter := range ofNames(publishers) {
		resp, err := p.Console.publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{Filter: filter, PageSize: mostListed})
		if err != nil {
			return names
		}
		for _, o := range resp.GetPublishers() {
			names[idOf(o.GetName())] = o.GetDisplayName()
		}
	}
	return names
}

// ofNames returns filters for things by their names or ids, each once.
func ofNames(names []string) []string {
	var terms []string
	isAsked := map[string]bool{}
	for _, name := range names {
		if id := idOf(name); id != "" && !isAsked[id] {
			isAsked[id] = true
			terms = append(terms, "name = "+quoted(id))
		}
	}
	return anyOf(terms)
}

// anyOf joins conditions by OR, in as few filters as services take.
func anyOf(terms []string) []string {
	var filters []string
	filter := ""
	for _, term := range terms {
		if filter != "" && len(filter)+len(term) > maxNamesFilter {
			filters, filter = append(filters, filter), ""
		}
		if filter != "" {
			filter += " OR "
		}
		filter += term
	}
	if filter != "" {
		filters = append(filters, filter)
	}
	return filters
}

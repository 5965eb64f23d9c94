package console

import (
	"context"
	"slices"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// offerNames returns what offers are called, by id, with one call. The offers are given by name or id;
// where the names are not to be had, pages show the ids.
func (p *page) offerNames(ctx context.Context, offers []string) map[string]string {
	names := map[string]string{}
	filter, n := ofNames(offers)
	if n == 0 {
		return names
	}
	resp, err := p.Console.offers.ListOffers(ctx, &couponv1.ListOffersRequest{Filter: filter, PageSize: n})
	if err != nil {
		return names
	}
	for _, o := range resp.GetOffers() {
		names[idOf(o.GetName())] = o.GetDisplayName()
	}
	return names
}

// publisherNames is offerNames for publishers.
func (p *page) publisherNames(ctx context.Context, publishers []string) map[string]string {
	names := map[string]string{}
	filter, n := ofNames(publishers)
	if n == 0 {
		return names
	}
	resp, err := p.Console.publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{Filter: filter, PageSize: n})
	if err != nil {
		return names
	}
	for _, o := range resp.GetPublishers() {
		names[idOf(o.GetName())] = o.GetDisplayName()
	}
	return names
}

// ofNames returns the filter for things by their names or ids, each once, and how many they are.
func ofNames(names []string) (filter string, n int32) {
	var terms []string
	for _, name := range names {
		term := "name = " + quoted(idOf(name))
		if idOf(name) != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
			n++
		}
	}
	return strings.Join(terms, " OR "), n
}

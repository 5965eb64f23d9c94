package ui

import (
	"context"
	"strings"
	"sync"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// PublisherName is what a publisher is called, by its id.
func (p *Page) PublisherName(ctx context.Context, id string) string {
	return p.NamesOf(ctx, nil, []string{id}).Of(resource.Publisher(id))
}

// List returns what several are called, as people say it: Mia, Tom and Ana.
func (n Names) List(all []string) string {
	const most = 3
	var called []string
	for i, name := range all {
		if i == most && len(all) > most+1 {
			called = append(called, format.Number(int64(len(all)-most))+" others")
			break
		}
		called = append(called, n.Of(name))
	}
	if len(called) < 2 {
		return strings.Join(called, "")
	}
	last := len(called) - 1
	return strings.Join(called[:last], ", ") + " and " + called[last]
}

const (
	// maxNamesFilter keeps filters of many names below what a service takes.
	maxNamesFilter = 3500
	// mostListed is the most that a service lists at once: more than such a filter has names.
	mostListed = 1000
)

// OfferNames returns what offers are called, by id, with as few calls as can be. The offers are given by
// name or id; where the names are not to be had, pages show the ids.
func (p *Page) OfferNames(ctx context.Context, offers []string) map[string]string {
	names := map[string]string{}
	for _, filter := range ofNames(offers) {
		resp, err := p.Kit.Offers.ListOffers(ctx, &couponv1.ListOffersRequest{Filter: filter, PageSize: mostListed})
		if err != nil {
			return names
		}
		for _, o := range resp.GetOffers() {
			names[IDOf(o.GetName())] = o.GetDisplayName()
		}
	}
	return names
}

// PublisherNames is OfferNames for publishers.
func (p *Page) PublisherNames(ctx context.Context, publishers []string) map[string]string {
	names := map[string]string{}
	for _, filter := range ofNames(publishers) {
		resp, err := p.Kit.Publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{Filter: filter, PageSize: mostListed})
		if err != nil {
			return names
		}
		for _, o := range resp.GetPublishers() {
			names[IDOf(o.GetName())] = o.GetDisplayName()
		}
	}
	return names
}

// ofNames returns filters for things by their names or ids, each once.
func ofNames(names []string) []string {
	var terms []string
	isAsked := map[string]bool{}
	for _, name := range names {
		if id := IDOf(name); id != "" && !isAsked[id] {
			isAsked[id] = true
			terms = append(terms, "name = "+Quoted(id))
		}
	}
	return AnyOf(terms)
}

// AnyOf joins conditions by OR, in as few filters as services take.
func AnyOf(terms []string) []string {
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

// IDOf returns the last part of a resource name: `10` of `offers/10`.
func IDOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// Names are what people call offers and publishers, by their resource names.
type Names map[string]string

// Of returns what a thing is called, else its id.
func (n Names) Of(name string) string {
	if called := n[name]; called != "" {
		return called
	}
	return IDOf(name)
}

// HrefOf returns the page of an offer or a publisher by its resource name; "" if name is "".
func HrefOf(name string) string {
	if name == "" {
		return ""
	}
	return Href(strings.Split(name, "/")...)
}

// NamesOf returns the display names of offers and publishers. Without an answer, their ids are shown: a page must not
// fail because it lacks names.
func (p *Page) NamesOf(ctx context.Context, offers, publishers []string) Names {
	var calledOffers, calledPublishers map[string]string
	var all sync.WaitGroup
	all.Go(func() { calledOffers = p.OfferNames(ctx, offers) })
	all.Go(func() { calledPublishers = p.PublisherNames(ctx, publishers) })
	all.Wait()
	found := Names{}
	for id, called := range calledOffers {
		found[resource.Offers+id] = called
	}
	for id, called := range calledPublishers {
		found[resource.Publishers+id] = called
	}
	return found
}

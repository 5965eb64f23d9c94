package console

import (
	"context"
	"strings"
	"sync"
)

// names are what people call offers and publishers, by their resource names.
type names map[string]string

// of returns what a thing is called, else its id.
func (n names) of(name string) string {
	if called := n[name]; called != "" {
		return called
	}
	return idOf(name)
}

// hrefOf returns the page of an offer or a publisher, by its resource name; empty where there is no name.
func hrefOf(name string) string {
	if name == "" {
		return ""
	}
	return at(strings.Split(name, "/")...)
}

// namesOf asks what offers and publishers are called, both at once. Where there is no answer
// their ids are shown: a page must not fail for want of names.
func (p *page) namesOf(ctx context.Context, offers, publishers []string) names {
	var calledOffers, calledPublishers map[string]string
	var all sync.WaitGroup
	all.Go(func() { calledOffers = p.offerNames(ctx, offers) })
	all.Go(func() { calledPublishers = p.publisherNames(ctx, publishers) })
	all.Wait()
	found := names{}
	for id, called := range calledOffers {
		found["offers/"+id] = called
	}
	for id, called := range calledPublishers {
		found["publishers/"+id] = called
	}
	return found
}

package ui

import (
	"net/http"
	"net/url"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// OfferField is a picker of an offer; called has the name of what is picked.
func OfferField(values url.Values, called Names) Field {
	id := values.Get("offer")
	return Field{
		Name: "offer", Label: "Offer", Kind: "picker", Pick: Href("pick", "offers"), Value: id, PickLabel: called[resource.Offers+id], IsRequired: true,
		Placeholder: "Search by name or id", Hint: "The offer this coupon applies to.",
	}
}

// PublisherField is a picker of a publisher.
func PublisherField(values url.Values, called Names) Field {
	id := values.Get("publisher")
	return Field{
		Name: "publisher", Label: "Publisher", Kind: "picker", Pick: Href("pick", "publishers"), Value: id, PickLabel: called[resource.Publishers+id], IsRequired: true,
		Placeholder: "Search by name or id", Hint: "The publisher who will use this coupon.",
	}
}

// Picks is how many things a picker offers at once: what the eye takes in.
const Picks = 20

// PickRoutes answer pickers.
func PickRoutes() []Route {
	return []Route{
		Get("pick/offers", pickOffers),
		Get("pick/publishers", pickPublishers),
	}
}

// Picked is one thing that a picker offers.
type Picked struct{ ID, Label, State string }

// PickView is what a picker shows below its input.
type PickView struct {
	Found []Picked
	// HasMore says that more would match.
	HasMore bool
}

func pickOffers(_ http.ResponseWriter, r *http.Request, p *Page) error {
	resp, err := p.Offers.ListOffers(r.Context(), &couponv1.ListOffersRequest{
		PageSize: Picks, OrderBy: "display_name", Filter: And("state != ARCHIVED", Search(r.URL.Query().Get("q"))),
	})
	if err != nil {
		return err
	}
	view := PickView{HasMore: resp.GetNextPageToken() != ""}
	for _, o := range resp.GetOffers() {
		view.Found = append(view.Found, Picked{IDOf(o.GetName()), o.GetDisplayName(), o.GetState().String()})
	}
	return p.Part("pick", "options", view)
}

func pickPublishers(_ http.ResponseWriter, r *http.Request, p *Page) error {
	resp, err := p.Publishers.ListPublishers(r.Context(), &couponv1.ListPublishersRequest{
		PageSize: Picks, OrderBy: "display_name", Filter: And("state = ACTIVE", Search(r.URL.Query().Get("q"))),
	})
	if err != nil {
		return err
	}
	view := PickView{HasMore: resp.GetNextPageToken() != ""}
	for _, o := range resp.GetPublishers() {
		view.Found = append(view.Found, Picked{IDOf(o.GetName()), o.GetDisplayName(), o.GetState().String()})
	}
	return p.Part("pick", "options", view)
}

// OfferFilter is a filter of lists by offer.
func OfferFilter(l List, called Names) Field {
	f := Field{Name: "offer", Label: "Offer", Kind: "picker", Pick: Href("pick", "offers"), Value: l.Get("offer"), Placeholder: "Name or id"}
	if f.Value != "" {
		f.PickLabel = called.Of(resource.Offer(f.Value))
	}
	return f
}

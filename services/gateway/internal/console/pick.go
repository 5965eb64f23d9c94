package console

import (
	"net/http"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// picks is how many things a picker offers at once: what the eye takes in.
const picks = 20

func pickRoutes() []route {
	return []route{
		get("pick/offers", pickOffers),
		get("pick/publishers", pickPublishers),
	}
}

// picked is one thing that a picker offers.
type picked struct{ ID, Label, State string }

// pickView is what a picker shows below its input.
type pickView struct {
	Found []picked
	// HasMore says that more would match.
	HasMore bool
}

func pickOffers(_ http.ResponseWriter, r *http.Request, p *page) error {
	resp, err := p.offers.ListOffers(r.Context(), &couponv1.ListOffersRequest{
		PageSize: picks, OrderBy: "display_name", Filter: and("state != ARCHIVED", search(r.URL.Query().Get("q"))),
	})
	if err != nil {
		return err
	}
	view := pickView{HasMore: resp.GetNextPageToken() != ""}
	for _, o := range resp.GetOffers() {
		view.Found = append(view.Found, picked{idOf(o.GetName()), o.GetDisplayName(), o.GetState().String()})
	}
	return p.part("pick", "options", view)
}

func pickPublishers(_ http.ResponseWriter, r *http.Request, p *page) error {
	resp, err := p.publishers.ListPublishers(r.Context(), &couponv1.ListPublishersRequest{
		PageSize: picks, OrderBy: "display_name", Filter: and("state = ACTIVE", search(r.URL.Query().Get("q"))),
	})
	if err != nil {
		return err
	}
	view := pickView{HasMore: resp.GetNextPageToken() != ""}
	for _, o := range resp.GetPublishers() {
		view.Found = append(view.Found, picked{idOf(o.GetName()), o.GetDisplayName(), o.GetState().String()})
	}
	return p.part("pick", "options", view)
}

// idOf returns the last part of a resource name: `10` of `offers/10`.
func idOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

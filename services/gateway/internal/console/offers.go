package console

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

func offerRoutes() []route {
	return []route{
		get("offers", listOffers),
		get("offers/new", newOffer),
		post("offers/new", createOffer),
		get("offers/{offer}", openOffer),
		get("offers/{offer}/settings", showOfferSettings),
		post("offers/{offer}/settings", saveOfferSettings),
		post("offers/{offer}/state", setOfferState),
	}
}

// offersTabs are the tabs of the Offers section: Offers, and Coupons of all offers.
func (p *page) offersTabs(current string) []tab {
	return p.tabsOf(current, "", "", []link{{Label: "Offers", Href: "offers"}, {Label: "Coupons", Href: "coupons"}})
}

// offerPage sets what the tabs of an Offer Detail page share: heading, breadcrumb, tabs. current is
// the tab's path in the route table.
func (p *page) offerPage(o *couponv1.Offer, current string) {
	id := idOf(o.GetName())
	p.Title, p.Section = o.GetDisplayName(), "offers"
	p.Crumbs = []link{{Label: "Offers", Href: at("offers")}}
	p.Tabs = p.tabsOf(current, "offer", id, offerTabs())
}

// offerTabs are the tabs of an Offer Detail page, in order; those without a page do not show.
func offerTabs() []link {
	return []link{
		{Label: "Coupons", Href: "offers/{offer}/coupons"},
		{Label: "Publishers", Href: "offers/{offer}/publishers"},
		{Label: "Settings", Href: "offers/{offer}/settings"},
		{Label: "Postback", Href: "offers/{offer}/postback"},
		{Label: "Scans", Href: "offers/{offer}/scans"},
	}
}

// offer returns the offer that the address names.
func (p *page) offer() (*couponv1.Offer, error) {
	return p.offers.GetOffer(p.r.Context(), &couponv1.GetOfferRequest{Name: "offers/" + p.r.PathValue("offer")})
}

type offersView struct {
	Toolbar toolbar
	Table   table
}

func listOffers(_ http.ResponseWriter, r *http.Request, p *page) error {
	l := p.listOf("display_name", "name", "create_time")
	filter := search(l.Get("q"))
	state := l.Get("state")
	if _, isState := couponv1.Offer_State_value[state]; isState {
		filter = and(filter, "state = "+state)
	}
	resp, err := p.offers.ListOffers(r.Context(), &couponv1.ListOffersRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return err
	}
	p.Title, p.Section, p.Tabs = "Offers", "offers", p.offersTabs("offers")
	p.Actions = []link{{Label: "+ Create Offer", Href: at("offers", "new"), IsPrimary: true}}
	return p.show("offers", offersView{Toolbar: offersToolbar(l), Table: offersTable(l, resp)})
}

func offersToolbar(l list) toolbar {
	return toolbar{
		Target: "offers-table", Action: l.path, Search: l.Get("q"), SearchLabel: "Search offers by name or id", Kept: l.Kept(),
		Filters: []field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []choice{{"", "All states"}, {"ACTIVE", "Active"}, {"PAUSED", "Paused"}, {"ARCHIVED", "Archived"}},
		}},
	}
}

func offersTable(l list, resp *couponv1.ListOffersResponse) table {
	t := table{
		ID: "offers-table", Caption: "Offers", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{l.column("Offer", "display_name"), l.column("Id", "name"), {Label: "State"}, {Label: "Payout"}, {Label: "Landing page"}, l.column("Created", "create_time")},
		Empty: empty{
			Title: "No offers yet", Text: "An offer is what an advertiser pays for. Create one, then give publishers coupons on it.",
			Action: &link{Label: "+ Create Offer", Href: at("offers", "new")},
		},
	}
	if l.isFiltered("q", "state", "page") {
		t.Empty = empty{Title: "No offer matches", Text: "Search by words of its name, or by its id.", Action: &link{Label: "Show all offers", Href: l.path}}
	}
	for _, o := range resp.GetOffers() {
		id := idOf(o.GetName())
		t.Rows = append(t.Rows, row{Key: id, Label: o.GetDisplayName(), Cells: []cell{
			{Text: o.GetDisplayName(), Href: at("offers", id)},
			{Text: id, IsCode: true},
			{Badge: stateBadge(o.GetState().String())},
			{Text: payoutText(o.GetPayout())},
			{Text: hostOf(o.GetLandingPageUrl())},
			{Time: o.GetCreateTime().AsTime()},
		}})
	}
	return t
}

// hostOf returns a URL's host, which says enough in a table.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// openOffer leads to the first tab that there is.
func openOffer(_ http.ResponseWriter, r *http.Request, p *page) error {
	tabs := p.tabsOf("", "offer", r.PathValue("offer"), offerTabs())
	p.goTo(tabs[0].Href)
	return nil
}

func newOffer(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.showNewOffer(http.StatusOK, newOfferForm(offerValues(&couponv1.Offer{})))
}

func (p *page) showNewOffer(status int, f form) error {
	p.Title, p.Section = "Create Offer", "offers"
	p.Lead = "You can change all but the id later; how sales are attributed is set on the offer's Settings tab."
	p.Crumbs = []link{{Label: "Offers", Href: at("offers")}}
	return p.showAs(status, "form", f)
}

func createOffer(_ http.ResponseWriter, r *http.Request, p *page) error {
	errs := formErrors{}
	f := newOfferForm(r.PostForm)
	draft := offerFrom(r.PostForm, errs)
	made, err := p.offers.CreateOffer(p.saving(errs), &couponv1.CreateOfferRequest{OfferId: trimmed(r.PostForm, "offer_id"), Offer: draft})
	if err == nil {
		return p.done(at("offers", idOf(made.GetName())), toast{Text: "Offer created."})
	}
	if err := p.gather(errs, err, f.names()...); err != nil {
		return err
	}
	f.fail(errs)
	return p.showNewOffer(http.StatusUnprocessableEntity, f)
}

func showOfferSettings(_ http.ResponseWriter, _ *http.Request, p *page) error {
	o, err := p.offer()
	if err != nil {
		return err
	}
	return p.showOfferForm(http.StatusOK, o, offerForm(o, offerValues(o)))
}

func (p *page) showOfferForm(status int, o *couponv1.Offer, f form) error {
	p.offerPage(o, "offers/{offer}/settings")
	return p.showAs(status, "offer-settings", offerSettingsView{Offer: o, ID: idOf(o.GetName()), Form: f, State: stateBadge(o.GetState().String())})
}

type offerSettingsView struct {
	Offer *couponv1.Offer
	ID    string
	Form  form
	State *badge
}

func saveOfferSettings(_ http.ResponseWriter, r *http.Request, p *page) error {
	errs := formErrors{}
	draft := offerFrom(r.PostForm, errs)
	draft.Name, draft.Etag = "offers/"+r.PathValue("offer"), r.PostFormValue("etag")
	_, failure := p.offers.UpdateOffer(p.saving(errs), &couponv1.UpdateOfferRequest{Offer: draft, UpdateMask: offerMask()})
	if failure == nil {
		return p.done(at("offers", r.PathValue("offer"), "settings"), toast{Text: "Settings saved."})
	}
	stored, err := p.offer()
	if err != nil {
		return err
	}
	f := offerForm(stored, r.PostForm)
	code, err := f.refused(p, failure, errs, r.PostFormValue("etag"), func() form { return offerForm(stored, offerValues(stored)) })
	if err != nil {
		return err
	}
	return p.showOfferForm(code, stored, f)
}

// offerMask is what the Settings form changes.
func offerMask() *fieldmaskpb.FieldMask {
	return &fieldmaskpb.FieldMask{Paths: []string{
		"display_name", "landing_page_url", "fallback_url", "state", "payout", "revenue", "precedence", "click_window", "coupon_grace",
		"unique_codes", "postback_auth", "currency_code", "default_conversion_status",
		"forward_parameters", "open_postback_max_amount",
	}}
}

// setOfferState changes an offer's state alone: Archive, and its Undo.
func setOfferState(_ http.ResponseWriter, r *http.Request, p *page) error {
	o, err := p.offer()
	if err != nil {
		return err
	}
	before := o.GetState().String()
	next := proto.CloneOf(o)
	next.State = couponv1.Offer_State(couponv1.Offer_State_value[r.PostFormValue("state")])
	saved, err := p.offers.UpdateOffer(r.Context(), &couponv1.UpdateOfferRequest{
		Offer: next, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		return err
	}
	id := r.PathValue("offer")
	return p.done(at("offers", id, "settings"), toast{
		Text: "The offer is now " + stateBadge(saved.GetState().String()).Text + ".",
		Undo: &undo{Action: at("offers", id, "state"), Fields: map[string]string{"state": before}},
	})
}

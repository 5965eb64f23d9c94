package offers

import (
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func offerRoutes() []ui.Route {
	return []ui.Route{
		ui.Get("offers", listOffers),
		ui.Get("offers/new", newOffer),
		ui.Post("offers/new", createOffer),
		ui.Get("offers/{offer}", openOffer),
		ui.Get("offers/{offer}/settings", showOfferSettings),
		ui.Post("offers/{offer}/settings", saveOfferSettings),
		ui.Post("offers/{offer}/state", setOfferState),
	}
}

type offersView struct {
	Toolbar ui.Toolbar
	Table   ui.Table
}

func listOffers(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	l := p.ListOf("display_name", "name", "create_time")
	filter := ui.Search(l.Get("q"))
	state := l.Get("state")
	if _, isState := couponv1.Offer_State_value[state]; isState {
		filter = ui.And(filter, "state = "+state)
	}
	resp, err := p.Offers.ListOffers(r.Context(), &couponv1.ListOffersRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return err
	}
	p.Title, p.Section, p.Tabs = "Offers", "offers", p.OffersTabs("offers")
	p.Actions = []ui.Link{{Label: "+ Create Offer", Href: ui.Href("offers", "new"), IsPrimary: true}}
	return p.Show("offers", offersView{Toolbar: offersToolbar(l), Table: offersTable(l, resp)})
}

func offersToolbar(l ui.List) ui.Toolbar {
	return ui.Toolbar{
		Target: "offers-table", Action: l.Path, Search: l.Get("q"), SearchLabel: "Search offers by name or id", Kept: l.Kept(),
		Filters: []ui.Field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []ui.Choice{{Value: "", Label: "All states"}, {Value: "ACTIVE", Label: "Active"}, {Value: "PAUSED", Label: "Paused"}, {Value: "ARCHIVED", Label: "Archived"}},
		}},
	}
}

func offersTable(l ui.List, resp *couponv1.ListOffersResponse) ui.Table {
	t := ui.Table{
		ID: "offers-table", Caption: "Offers", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{l.Column("Offer", "display_name"), l.Column("Id", "name"), {Label: "State"}, {Label: "Payout"}, {Label: "Landing page"}, l.Column("Created", "create_time")},
		Empty: ui.Empty{
			Title: "No offers yet", Text: "An offer is what an advertiser pays for. Create one, then give publishers coupons on it.",
			Action: &ui.Link{Label: "+ Create Offer", Href: ui.Href("offers", "new")},
		},
	}
	if l.IsFiltered("q", "state", "page") {
		t.Empty = ui.Empty{Title: "No offer matches", Text: "Search by words of its name, or by its id.", Action: &ui.Link{Label: "Show all offers", Href: l.Path}}
	}
	for _, o := range resp.GetOffers() {
		id := ui.IDOf(o.GetName())
		t.Rows = append(t.Rows, ui.Row{Key: id, Label: o.GetDisplayName(), Cells: []ui.Cell{
			{Text: o.GetDisplayName(), Href: ui.Href("offers", id)},
			{Text: id, IsCode: true},
			{Badge: ui.StateBadge(o.GetState().String())},
			{Text: ui.PayoutText(o.GetPayout())},
			{Text: format.HostOf(o.GetLandingPageUrl())},
			{Time: o.GetCreateTime().AsTime()},
		}})
	}
	return t
}

// openOffer leads to the first tab that there is.
func openOffer(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	tabs := p.TabsOf("", "offer", r.PathValue("offer"), ui.OfferTabs())
	p.GoTo(tabs[0].Href)
	return nil
}

func newOffer(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return showNewOffer(p, http.StatusOK, newOfferForm(newOfferSchema().Values(draftOffer())))
}

func showNewOffer(p *ui.Page, status int, f ui.Form) error {
	p.Title, p.Section = "Create Offer", "offers"
	p.Lead = "You can change all but the id later; how sales are attributed is set on the offer's Settings tab."
	p.Crumbs = []ui.Link{{Label: "Offers", Href: ui.Href("offers")}}
	return p.ShowAs(status, "form", f)
}

func createOffer(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	f := newOfferForm(r.PostForm)
	draft, errs := newOfferSchema().Read(r.PostForm)
	made, err := p.Offers.CreateOffer(p.Saving(errs), &couponv1.CreateOfferRequest{OfferId: ui.Trimmed(r.PostForm, "offer_id"), Offer: draft})
	if err == nil {
		return p.Done(ui.Href("offers", ui.IDOf(made.GetName())), ui.Toast{Text: "Offer created."})
	}
	if err := p.Gather(errs, err, f.Names()...); err != nil {
		return err
	}
	f.Fail(errs)
	return showNewOffer(p, http.StatusUnprocessableEntity, f)
}

func showOfferSettings(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	o, err := p.Offer()
	if err != nil {
		return err
	}
	return showOfferForm(p, http.StatusOK, o, offerForm(o, offerSchema().Values(o)))
}

func showOfferForm(p *ui.Page, status int, o *couponv1.Offer, f ui.Form) error {
	p.OfferPage(o, "offers/{offer}/settings")
	return p.ShowAs(status, "offer-settings", offerSettingsView{Offer: o, ID: ui.IDOf(o.GetName()), Form: f, State: ui.StateBadge(o.GetState().String())})
}

type offerSettingsView struct {
	Offer *couponv1.Offer
	ID    string
	Form  ui.Form
	State *ui.Badge
}

func saveOfferSettings(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	draft, errs := offerSchema().Read(r.PostForm)
	draft.Name, draft.Etag = resource.Offer(r.PathValue("offer")), r.PostFormValue("etag")
	_, failure := p.Offers.UpdateOffer(p.Saving(errs), &couponv1.UpdateOfferRequest{Offer: draft, UpdateMask: offerSchema().Mask()})
	if failure == nil {
		return p.Done(ui.Href("offers", r.PathValue("offer"), "settings"), ui.Toast{Text: "Settings saved."})
	}
	stored, err := p.Offer()
	if err != nil {
		return err
	}
	f := offerForm(stored, r.PostForm)
	code, err := f.Refused(p, failure, errs, r.PostFormValue("etag"), func() ui.Form { return offerForm(stored, offerSchema().Values(stored)) })
	if err != nil {
		return err
	}
	return showOfferForm(p, code, stored, f)
}

// setOfferState changes an offer's state alone: Archive, and its Undo.
func setOfferState(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	o, err := p.Offer()
	if err != nil {
		return err
	}
	before := o.GetState().String()
	next := proto.CloneOf(o)
	next.State = couponv1.Offer_State(couponv1.Offer_State_value[r.PostFormValue("state")])
	saved, err := p.Offers.UpdateOffer(r.Context(), &couponv1.UpdateOfferRequest{
		Offer: next, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		return err
	}
	id := r.PathValue("offer")
	return p.Done(ui.Href("offers", id, "settings"), ui.Toast{
		Text: "The offer is now " + ui.StateBadge(saved.GetState().String()).Text + ".",
		Undo: &ui.Undo{Action: ui.Href("offers", id, "state"), Fields: map[string]string{"state": before}},
	})
}

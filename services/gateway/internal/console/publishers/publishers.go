package publishers

import (
	"net/http"
	"net/url"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func routes() []ui.Route {
	return []ui.Route{
		ui.Get("publishers", listPublishers),
		ui.Get("publishers/new", newPublisher),
		ui.Post("publishers/new", createPublisher),
		ui.Get("publishers/{publisher}", showPublisher),
		ui.Get("publishers/{publisher}/deliveries", showPublisherDeliveries),
		ui.Post("publishers/{publisher}/deliveries", savePublisherDeliveries),
		ui.Post("publishers/{publisher}/deliveries/test", testPublisherDelivery),
		ui.Post("publishers/{publisher}/deliveries/secret", rotateDeliverySecret),
		ui.Get("publishers/{publisher}/settings", showPublisherSettings),
		ui.Post("publishers/{publisher}/settings", savePublisherSettings),
	}
}

// readPublisher returns the publisher that the address names.
func readPublisher(p *ui.Page) (*couponv1.Publisher, error) {
	return p.Publishers.GetPublisher(p.Request.Context(), &couponv1.GetPublisherRequest{Name: resource.Publisher(p.Request.PathValue("publisher"))})
}

// publisherPage sets what the tabs of a publisher's page share. current is the tab's path in the route
// table.
func publisherPage(p *ui.Page, o *couponv1.Publisher, current string) {
	p.Title, p.Section = o.GetDisplayName(), "publishers"
	p.Crumbs = []ui.Link{{Label: "Publishers", Href: ui.Href("publishers")}}
	p.Tabs = p.TabsOf(current, "publisher", ui.IDOf(o.GetName()), []ui.Link{
		{Label: "Overview", Href: "publishers/{publisher}"},
		{Label: "Deliveries", Href: "publishers/{publisher}/deliveries"},
		{Label: "Settings", Href: "publishers/{publisher}/settings"},
	})
}

type publishersView struct {
	Toolbar ui.Toolbar
	Table   ui.Table
}

func listPublishers(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	l := p.ListOf("display_name", "name", "create_time")
	filter := ui.Search(l.Get("q"))
	if _, isState := couponv1.Publisher_State_value[l.Get("state")]; isState {
		filter = ui.And(filter, "state = "+l.Get("state"))
	}
	resp, err := p.Publishers.ListPublishers(r.Context(), &couponv1.ListPublishersRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return err
	}
	p.Title, p.Section = "Publishers", "publishers"
	p.Actions = []ui.Link{{Label: "+ Create Publisher", Href: ui.Href("publishers", "new"), IsPrimary: true}}
	bar := ui.Toolbar{
		Target: "publishers-table", Action: l.Path, Search: l.Get("q"), SearchLabel: "Search publishers by name or id", Kept: l.Kept(),
		Filters: []ui.Field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []ui.Choice{{Value: "", Label: "All states"}, {Value: "ACTIVE", Label: "Active"}, {Value: "ARCHIVED", Label: "Archived"}},
		}},
	}
	return p.Show("publishers", publishersView{Toolbar: bar, Table: publishersTable(l, resp)})
}

func publishersTable(l ui.List, resp *couponv1.ListPublishersResponse) ui.Table {
	t := ui.Table{
		ID: "publishers-table", Caption: "Publishers", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{l.Column("Publisher", "display_name"), l.Column("Id", "name"), {Label: "State"}, {Label: "Postback"}, l.Column("Created", "create_time")},
		Empty: ui.Empty{
			Title: "No publishers yet", Text: "A publisher is who promotes your offers: an influencer, an affiliate, a partner.",
			Action: &ui.Link{Label: "+ Create Publisher", Href: ui.Href("publishers", "new")},
		},
	}
	if l.IsFiltered("q", "state", "page") {
		t.Empty = ui.Empty{Title: "No publisher matches", Text: "Search by words of its name, or by its id.", Action: &ui.Link{Label: "Show all publishers", Href: l.Path}}
	}
	for _, o := range resp.GetPublishers() {
		id := ui.IDOf(o.GetName())
		postback := ui.Cell{Text: "None"}
		if o.GetPostbackUrl() != "" {
			postback.Text = format.HostOf(o.GetPostbackUrl())
		}
		t.Rows = append(t.Rows, ui.Row{Key: id, Label: o.GetDisplayName(), Cells: []ui.Cell{
			{Text: o.GetDisplayName(), Href: ui.Href("publishers", id)},
			{Text: id, IsCode: true},
			{Badge: ui.StateBadge(o.GetState().String())},
			postback,
			{Time: o.GetCreateTime().AsTime()},
		}})
	}
	return t
}

func newPublisher(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return showNewPublisher(p, http.StatusOK, newPublisherForm(url.Values{}))
}

func showNewPublisher(p *ui.Page, status int, f ui.Form) error {
	p.Title, p.Section = "Create Publisher", "publishers"
	p.Crumbs = []ui.Link{{Label: "Publishers", Href: ui.Href("publishers")}}
	return p.ShowAs(status, "form", f)
}

// newPublisherSchema is the form of a new publisher.
func newPublisherSchema() ui.Schema[publisher] {
	return ui.Schema[publisher]{{Properties: []property{name(), ui.Shown[publisher](ui.IDField("publisher_id", "Publisher id")), postbackURL()}}}
}

func newPublisherForm(values url.Values) ui.Form {
	return ui.Form{
		ID: "publisher-form", Action: ui.Href("publishers", "new"), Save: "Create Publisher", Cancel: ui.Href("publishers"),
		Groups: newPublisherSchema().Groups(values),
	}
}

func createPublisher(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	draft, errs := newPublisherSchema().Read(r.PostForm)
	made, err := p.Publishers.CreatePublisher(p.Saving(errs), &couponv1.CreatePublisherRequest{
		PublisherId: ui.Trimmed(r.PostForm, "publisher_id"), Publisher: draft,
	})
	if err == nil {
		return p.Done(ui.Href("publishers", ui.IDOf(made.GetName())), ui.Toast{Text: "Publisher created."})
	}
	f := newPublisherForm(r.PostForm)
	if err := p.Gather(errs, err, f.Names()...); err != nil {
		return err
	}
	f.Fail(errs)
	return showNewPublisher(p, http.StatusUnprocessableEntity, f)
}

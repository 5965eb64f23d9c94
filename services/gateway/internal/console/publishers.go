package console

import (
	"net/http"
	"net/url"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

func publisherRoutes() []route {
	return []route{
		get("publishers", listPublishers),
		get("publishers/new", newPublisher),
		post("publishers/new", createPublisher),
		get("publishers/{publisher}", showPublisher),
		get("publishers/{publisher}/deliveries", showPublisherDeliveries),
		post("publishers/{publisher}/deliveries", savePublisherDeliveries),
		post("publishers/{publisher}/deliveries/test", testPublisherDelivery),
		post("publishers/{publisher}/deliveries/secret", rotateDeliverySecret),
		get("publishers/{publisher}/settings", showPublisherSettings),
		post("publishers/{publisher}/settings", savePublisherSettings),
	}
}

// publisher returns the publisher that the address names.
func (p *page) publisher() (*couponv1.Publisher, error) {
	return p.publishers.GetPublisher(p.r.Context(), &couponv1.GetPublisherRequest{Name: "publishers/" + p.r.PathValue("publisher")})
}

// publisherPage sets what the tabs of a publisher's page share. current is the tab's path in the route
// table.
func (p *page) publisherPage(o *couponv1.Publisher, current string) {
	p.Title, p.Section = o.GetDisplayName(), "publishers"
	p.Crumbs = []link{{Label: "Publishers", Href: at("publishers")}}
	p.Tabs = p.tabsOf(current, "publisher", idOf(o.GetName()), []link{
		{Label: "Overview", Href: "publishers/{publisher}"},
		{Label: "Deliveries", Href: "publishers/{publisher}/deliveries"},
		{Label: "Settings", Href: "publishers/{publisher}/settings"},
	})
}

type publishersView struct {
	Toolbar toolbar
	Table   table
}

func listPublishers(_ http.ResponseWriter, r *http.Request, p *page) error {
	l := p.listOf("display_name", "name", "create_time")
	filter := search(l.Get("q"))
	if _, isState := couponv1.Publisher_State_value[l.Get("state")]; isState {
		filter = and(filter, "state = "+l.Get("state"))
	}
	resp, err := p.publishers.ListPublishers(r.Context(), &couponv1.ListPublishersRequest{
		Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
	})
	if err != nil {
		return err
	}
	p.Title, p.Section = "Publishers", "publishers"
	p.Actions = []link{{Label: "+ Create Publisher", Href: at("publishers", "new"), IsPrimary: true}}
	bar := toolbar{
		Target: "publishers-table", Action: l.path, Search: l.Get("q"), SearchLabel: "Search publishers by name or id", Kept: l.Kept(),
		Filters: []field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []choice{{"", "All states"}, {"ACTIVE", "Active"}, {"ARCHIVED", "Archived"}},
		}},
	}
	return p.show("publishers", publishersView{Toolbar: bar, Table: publishersTable(l, resp)})
}

func publishersTable(l list, resp *couponv1.ListPublishersResponse) table {
	t := table{
		ID: "publishers-table", Caption: "Publishers", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{l.column("Publisher", "display_name"), l.column("Id", "name"), {Label: "State"}, {Label: "Postback"}, l.column("Created", "create_time")},
		Empty: empty{
			Title: "No publishers yet", Text: "A publisher is who promotes your offers: an influencer, an affiliate, a partner.",
			Action: &link{Label: "+ Create Publisher", Href: at("publishers", "new")},
		},
	}
	if l.isFiltered("q", "state", "page") {
		t.Empty = empty{Title: "No publisher matches", Text: "Search by words of its name, or by its id.", Action: &link{Label: "Show all publishers", Href: l.path}}
	}
	for _, o := range resp.GetPublishers() {
		id := idOf(o.GetName())
		postback := cell{Text: "None"}
		if o.GetPostbackUrl() != "" {
			postback.Text = hostOf(o.GetPostbackUrl())
		}
		t.Rows = append(t.Rows, row{Key: id, Label: o.GetDisplayName(), Cells: []cell{
			{Text: o.GetDisplayName(), Href: at("publishers", id)},
			{Text: id, IsCode: true},
			{Badge: stateBadge(o.GetState().String())},
			postback,
			{Time: o.GetCreateTime().AsTime()},
		}})
	}
	return t
}

func newPublisher(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.showNewPublisher(http.StatusOK, newPublisherForm(url.Values{}))
}

func (p *page) showNewPublisher(status int, f form) error {
	p.Title, p.Section = "Create Publisher", "publishers"
	p.Crumbs = []link{{Label: "Publishers", Href: at("publishers")}}
	return p.showAs(status, "form", f)
}

func newPublisherForm(values url.Values) form {
	return form{
		ID: "publisher-form", Action: at("publishers", "new"), Save: "Create Publisher", Cancel: at("publishers"),
		Groups: []group{{Fields: []field{
			nameField(values, "Publisher name"),
			idField(values, "publisher_id", "Publisher id"),
			postbackField(values),
		}}},
	}
}

func postbackField(values url.Values) field {
	return field{
		Name: "postback_url", Label: "Postback URL", Kind: "url", Value: values.Get("postback_url"),
		Placeholder: "https://partner.example.com/pb?click={pub_click_id}&payout={payout}",
		Hint:        "The publisher's own address, called for each of its conversions. Empty: it is told nothing.",
	}
}

func createPublisher(_ http.ResponseWriter, r *http.Request, p *page) error {
	made, err := p.publishers.CreatePublisher(r.Context(), &couponv1.CreatePublisherRequest{
		PublisherId: trimmed(r.PostForm, "publisher_id"),
		Publisher:   &couponv1.Publisher{DisplayName: trimmed(r.PostForm, "display_name"), PostbackUrl: trimmed(r.PostForm, "postback_url")},
	})
	if err == nil {
		return p.done(at("publishers", idOf(made.GetName())), toast{Text: "Publisher created."})
	}
	f := newPublisherForm(r.PostForm)
	errs, isAboutForm := p.errorsOf(err, f.names()...)
	if !isAboutForm {
		return err
	}
	f.fail(errs)
	return p.showNewPublisher(http.StatusUnprocessableEntity, f)
}

package offers

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const offerPublishersPath = "offers/{offer}/publishers"

func publisherRoutes() []ui.Route {
	return []ui.Route{
		ui.Get(offerPublishersPath, listApprovals),
		ui.Post(offerPublishersPath, addPublisher),
		ui.Get(offerPublishersPath+"/{publisher}", showApproval),
		ui.Post(offerPublishersPath+"/{publisher}", saveApproval),
		ui.Post(offerPublishersPath+"/{publisher}/state", setApprovalState),
	}
}

// approvalName is the resource name of the approval that the address names.
func approvalName(p *ui.Page) string {
	return resource.Approval(p.Request.PathValue("offer"), p.Request.PathValue("publisher"))
}

type approvalsView struct {
	Toolbar ui.Toolbar
	Table   ui.Table
	Add     ui.Form
}

func listApprovals(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return showApprovals(p, http.StatusOK, addPublisherField(url.Values{}, nil))
}

func addPublisherField(values url.Values, called ui.Names) ui.Field {
	f := ui.PublisherField(values, called)
	f.Hint = "It is approved on this offer at once."
	return f
}

func showApprovals(p *ui.Page, httpStatus int, add ui.Field) error {
	l := p.ListOf("name", "update_time")
	var o *couponv1.Offer
	var resp *couponv1.ListApprovalsResponse
	calls, ctx := errgroup.WithContext(p.Request.Context())
	calls.Go(func() (err error) {
		o, err = p.Offer()
		return err
	})
	calls.Go(func() error {
		filter, err := approvalFilter(p, l)
		if err != nil || filter == noPublisher {
			return err
		}
		resp, err = p.Approvals().ListApprovals(ctx, &couponv1.ListApprovalsRequest{
			Parent: resource.Offer(p.Request.PathValue("offer")), Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
		})
		return err
	})
	if err := calls.Wait(); err != nil {
		return err
	}
	var publishers []string
	for _, a := range resp.GetApprovals() {
		publishers = append(publishers, a.GetPublisher())
	}
	p.OfferPage(o, offerPublishersPath)
	return p.ShowAs(httpStatus, "offer-publishers", approvalsView{
		Toolbar: approvalsToolbar(l),
		Table:   approvalsTable(l, o, resp, p.NamesOf(p.Request.Context(), nil, publishers)),
		Add: ui.Form{
			ID: "add-publisher", Action: ui.Href("offers", ui.IDOf(o.GetName()), "publishers"), Save: "Add publisher",
			Groups: []ui.Group{{Title: "Add publisher", Fields: []ui.Field{add}}},
		},
	})
}

// noPublisher is the filter that nothing matches, since no publisher is called as was typed.
const noPublisher = "-"

// approvalFilter returns the filter that a list's address asks for.
func approvalFilter(p *ui.Page, l ui.List) (string, error) {
	filter := ""
	if _, isState := couponv1.Approval_State_value[l.Get("state")]; isState {
		filter = "state = " + l.Get("state")
	}
	typed := ui.Search(l.Get("q"))
	if typed == "" {
		return filter, nil
	}
	found, err := p.Publishers.ListPublishers(p.Request.Context(), &couponv1.ListPublishersRequest{Filter: typed, PageSize: ui.Picks})
	if err != nil {
		return "", err
	}
	var terms []string
	for _, o := range found.GetPublishers() {
		terms = append(terms, "publisher = "+ui.Quoted(ui.IDOf(o.GetName())))
	}
	if len(terms) == 0 {
		return noPublisher, nil
	}
	return ui.And(filter, "("+strings.Join(terms, " OR ")+")"), nil
}

func approvalsToolbar(l ui.List) ui.Toolbar {
	return ui.Toolbar{
		Target: "approvals-table", Action: l.Path, Search: l.Get("q"), SearchLabel: "Search publishers by name or id", Kept: l.Kept(),
		Filters: []ui.Field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []ui.Choice{{Value: "", Label: "All states"}, {Value: "APPROVED", Label: "Approved"}, {Value: "PENDING", Label: "Pending"}, {Value: "BLOCKED", Label: "Blocked"}},
		}},
	}
}

func approvalsTable(l ui.List, o *couponv1.Offer, resp *couponv1.ListApprovalsResponse, called ui.Names) ui.Table {
	t := ui.Table{
		ID: "approvals-table", Caption: "Publishers of this offer", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{l.Column("Publisher", "name"), {Label: "State"}, {Label: "Approved by"}, {Label: "Payout"}, l.Column("Changed", "update_time"), {Label: "Actions"}},
		Empty: ui.Empty{
			Title: "No publishers yet", Text: "Add one below. Or create a coupon: saving it approves its publisher.",
			Action: &ui.Link{Label: "+ Create Coupon", Href: ui.Href("offers", ui.IDOf(o.GetName()), "coupons", "new")},
		},
	}
	if l.IsFiltered("q", "state", "page") {
		t.Empty = ui.Empty{Title: "No publisher matches", Text: "Search by words of its name, or by its id.", Action: &ui.Link{Label: "Show all publishers of this offer", Href: l.Path}}
	}
	for _, a := range resp.GetApprovals() {
		t.Rows = append(t.Rows, approvalRow(a, o, called.Of(a.GetPublisher())))
	}
	return t
}

func approvalRow(a *couponv1.Approval, o *couponv1.Offer, called string) ui.Row {
	offer, publisher := ui.IDOf(a.GetOffer()), ui.IDOf(a.GetPublisher())
	payout := ui.Cell{Text: ui.PayoutText(a.GetPayout()), Sub: "this publisher's own"}
	if payout.Text == "" {
		payout = ui.Cell{Text: ui.PayoutText(o.GetPayout()), Sub: "the offer's"}
	}
	if payout.Text == "" {
		payout.Text = "None"
	}
	source := "By hand"
	switch {
	case a.GetState() == couponv1.Approval_PENDING:
		source = "Waiting for you"
	case a.GetSource() == couponv1.Approval_COUPON:
		source = "A saved coupon"
	}
	stateAction := ui.Href("offers", offer, "publishers", publisher, "state")
	actions := ui.Cell{Links: []ui.Link{{Label: "Payout", Href: ui.Href("offers", offer, "publishers", publisher)}}}
	if a.GetState() != couponv1.Approval_APPROVED {
		actions.Buttons = append(actions.Buttons, ui.Button{Label: "Approve", Action: stateAction, Fields: map[string]string{"state": "APPROVED"}})
	}
	if a.GetState() != couponv1.Approval_BLOCKED {
		actions.Buttons = append(actions.Buttons, ui.Button{Label: "Block", Action: stateAction, Fields: map[string]string{"state": "BLOCKED"}, IsDanger: true})
	}
	return ui.Row{Key: publisher, Label: called, Cells: []ui.Cell{
		{Text: called, Href: ui.Href("publishers", publisher)},
		{Badge: ui.StateBadge(a.GetState().String())},
		{Text: source},
		payout,
		{Time: a.GetUpdateTime().AsTime()},
		actions,
	}}
}

func addPublisher(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	offer, publisher := r.PathValue("offer"), ui.Trimmed(r.PostForm, "publisher")
	add := addPublisherField(r.PostForm, nil)
	if !resource.IsID(publisher) {
		add.Error = "Choose a publisher from the list, or enter its id."
		return showApprovals(p, http.StatusUnprocessableEntity, add)
	}
	_, err := p.Approvals().ApprovePublisher(r.Context(), &couponv1.ApprovePublisherRequest{Name: resource.Approval(offer, publisher)})
	if err != nil {
		errs, isAboutForm := p.ErrorsOfCoupon(err, "publisher")
		if !isAboutForm {
			return err
		}
		add.Error = strings.TrimSpace(errs["publisher"] + " " + errs["offer"] + " " + errs[""])
		return showApprovals(p, http.StatusUnprocessableEntity, add)
	}
	return p.Done(ui.Href("offers", offer, "publishers"), ui.Toast{
		Text: p.PublisherName(r.Context(), publisher) + " is approved on this offer.",
	})
}

// setApprovalState approves or blocks a publisher on an offer.
func setApprovalState(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	ctx, name, state := r.Context(), approvalName(p), r.PostFormValue("state")
	before, err := p.Approvals().GetApproval(ctx, &couponv1.GetApprovalRequest{Name: name})
	if err != nil {
		return err
	}
	called := p.PublisherName(ctx, ui.IDOf(name))
	var t ui.Toast
	switch state {
	case "APPROVED":
		_, err = p.Approvals().ApprovePublisher(ctx, &couponv1.ApprovePublisherRequest{Name: name})
		t.Text = called + " is approved on this offer."
	case "BLOCKED":
		_, err = p.Approvals().BlockPublisher(ctx, &couponv1.BlockPublisherRequest{Name: name})
		t.Text = called + " is blocked on this offer: its codes and clicks earn nothing."
	default:
		return p.Refuse(http.StatusBadRequest, "This cannot be done", "A publisher is approved or blocked.")
	}
	if err != nil {
		return err
	}
	if was := before.GetState().String(); was != state && was != "PENDING" {
		t.Undo = &ui.Undo{Action: r.URL.EscapedPath(), Fields: map[string]string{"state": was}}
	}
	return p.Done(ui.Href("offers", r.PathValue("offer"), "publishers"), t)
}

// showApproval shows what a publisher earns on an offer.
func showApproval(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	a, o, err := approvalAndOffer(p)
	if err != nil {
		return err
	}
	return showApprovalForm(p, http.StatusOK, o, approvalForm(a, o, approvalSchema(o).Values(a)))
}

func approvalAndOffer(p *ui.Page) (a *couponv1.Approval, o *couponv1.Offer, err error) {
	var calls errgroup.Group
	calls.Go(func() (err error) {
		a, err = p.Approvals().GetApproval(p.Request.Context(), &couponv1.GetApprovalRequest{Name: approvalName(p)})
		return err
	})
	calls.Go(func() (err error) {
		o, err = p.Offer()
		return err
	})
	return a, o, calls.Wait()
}

// approvalSchema is what a publisher can have otherwise than its offer.
func approvalSchema(o *couponv1.Offer) ui.Schema[couponv1.Approval] {
	usual := "Same as the offer"
	if text := ui.PayoutText(o.GetPayout()); text != "" {
		usual += ": " + text
	}
	ofOffer := func(url.Values) string { return o.GetCurrencyCode() }
	return ui.Schema[couponv1.Approval]{{
		Title: "Payout", Text: "What a sale earns this publisher on this offer, unless its coupon says otherwise.",
		Properties: []ui.Property[couponv1.Approval]{
			ui.Payout("payout", "Payout", usual, ofOffer, func(a *couponv1.Approval) **couponv1.Payout { return &a.Payout }),
		},
	}}
}

func approvalForm(a *couponv1.Approval, o *couponv1.Offer, values url.Values) ui.Form {
	href := ui.Href("offers", ui.IDOf(a.GetOffer()), "publishers", ui.IDOf(a.GetPublisher()))
	return ui.Form{
		ID: "approval-form", Action: href, Save: "Save", Reload: href, Cancel: ui.Href("offers", ui.IDOf(a.GetOffer()), "publishers"),
		Hidden: map[string]string{"etag": a.GetEtag()},
		Groups: approvalSchema(o).Groups(values),
	}
}

func showApprovalForm(p *ui.Page, httpStatus int, o *couponv1.Offer, f ui.Form) error {
	publisher := p.Request.PathValue("publisher")
	p.Title, p.Section = p.PublisherName(p.Request.Context(), publisher), "offers"
	p.Lead = "On the offer " + o.GetDisplayName() + "."
	p.Crumbs = []ui.Link{
		{Label: "Offers", Href: ui.Href("offers")},
		{Label: o.GetDisplayName(), Href: ui.Href("offers", ui.IDOf(o.GetName()))},
		{Label: "Publishers", Href: ui.Href("offers", ui.IDOf(o.GetName()), "publishers")},
	}
	return p.ShowAs(httpStatus, "form", f)
}

func saveApproval(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	stored, o, err := approvalAndOffer(p)
	if err != nil {
		return err
	}
	draft, errs := approvalSchema(o).Read(r.PostForm)
	draft.Name, draft.Etag = stored.GetName(), r.PostFormValue("etag")
	_, failure := p.Approvals().UpdateApproval(p.Saving(errs), &couponv1.UpdateApprovalRequest{
		Approval: draft, UpdateMask: approvalSchema(o).Mask(),
	})
	if failure == nil {
		return p.Done(ui.Href("offers", r.PathValue("offer"), "publishers"), ui.Toast{Text: "Payout saved."})
	}
	f := approvalForm(stored, o, r.PostForm)
	code, err := f.Refused(p, failure, errs, r.PostFormValue("etag"), func() ui.Form { return approvalForm(stored, o, approvalSchema(o).Values(stored)) })
	if err != nil {
		return err
	}
	return showApprovalForm(p, code, o, f)
}

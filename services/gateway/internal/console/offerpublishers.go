package console

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

const offerPublishersPath = "offers/{offer}/publishers"

func offerPublisherRoutes() []route {
	return []route{
		get(offerPublishersPath, listApprovals),
		post(offerPublishersPath, addPublisher),
		get(offerPublishersPath+"/{publisher}", showApproval),
		post(offerPublishersPath+"/{publisher}", saveApproval),
		post(offerPublishersPath+"/{publisher}/state", setApprovalState),
	}
}

// approvalService is the client of the approvals.
func (p *page) approvalService() couponv1.ApprovalServiceClient {
	return couponv1.NewApprovalServiceClient(p.coupon)
}

// approvalName is the resource name of the approval that the address names.
func (p *page) approvalName() string {
	return "offers/" + p.r.PathValue("offer") + "/approvals/" + p.r.PathValue("publisher")
}

type approvalsView struct {
	Toolbar toolbar
	Table   table
	Add     form
}

func listApprovals(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.showApprovals(http.StatusOK, addPublisherField(url.Values{}, nil))
}

func addPublisherField(values url.Values, called names) field {
	f := publisherField(values, called)
	f.Hint = "It is approved on this offer at once."
	return f
}

func (p *page) showApprovals(httpStatus int, add field) error {
	l := p.listOf("name", "update_time")
	var o *couponv1.Offer
	var resp *couponv1.ListApprovalsResponse
	calls, ctx := errgroup.WithContext(p.r.Context())
	calls.Go(func() (err error) {
		o, err = p.offer()
		return err
	})
	calls.Go(func() error {
		filter, err := p.approvalFilter(l)
		if err != nil || filter == noPublisher {
			return err
		}
		resp, err = p.approvalService().ListApprovals(ctx, &couponv1.ListApprovalsRequest{
			Parent: "offers/" + p.r.PathValue("offer"), Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
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
	p.offerPage(o, offerPublishersPath)
	return p.showAs(httpStatus, "offer-publishers", approvalsView{
		Toolbar: approvalsToolbar(l),
		Table:   p.approvalsTable(l, o, resp, p.namesOf(p.r.Context(), nil, publishers)),
		Add: form{
			ID: "add-publisher", Action: at("offers", idOf(o.GetName()), "publishers"), Save: "Add publisher",
			Groups: []group{{Title: "Add publisher", Fields: []field{add}}},
		},
	})
}

// noPublisher is the filter that nothing matches, since no publisher is called as was typed.
const noPublisher = "-"

// approvalFilter returns the filter that a list's address asks for.
func (p *page) approvalFilter(l list) (string, error) {
	filter := ""
	if _, isState := couponv1.Approval_State_value[l.Get("state")]; isState {
		filter = "state = " + l.Get("state")
	}
	typed := search(l.Get("q"))
	if typed == "" {
		return filter, nil
	}
	found, err := p.publishers.ListPublishers(p.r.Context(), &couponv1.ListPublishersRequest{Filter: typed, PageSize: picks})
	if err != nil {
		return "", err
	}
	var terms []string
	for _, o := range found.GetPublishers() {
		terms = append(terms, "publisher = "+quoted(idOf(o.GetName())))
	}
	if len(terms) == 0 {
		return noPublisher, nil
	}
	return and(filter, "("+strings.Join(terms, " OR ")+")"), nil
}

func approvalsToolbar(l list) toolbar {
	return toolbar{
		Target: "approvals-table", Action: l.path, Search: l.Get("q"), SearchLabel: "Search publishers by name or id", Kept: l.Kept(),
		Filters: []field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []choice{{"", "All states"}, {"APPROVED", "Approved"}, {"PENDING", "Pending"}, {"BLOCKED", "Blocked"}},
		}},
	}
}

func (p *page) approvalsTable(l list, o *couponv1.Offer, resp *couponv1.ListApprovalsResponse, called names) table {
	t := table{
		ID: "approvals-table", Caption: "Publishers of this offer", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{l.column("Publisher", "name"), {Label: "State"}, {Label: "Approved by"}, {Label: "Payout"}, l.column("Changed", "update_time"), {Label: "Actions"}},
		Empty: empty{
			Title: "No publishers yet", Text: "Add one below. Or create a coupon: saving it approves its publisher.",
			Action: &link{Label: "+ Create Coupon", Href: at("offers", idOf(o.GetName()), "coupons", "new")},
		},
	}
	if l.isFiltered("q", "state", "page") {
		t.Empty = empty{Title: "No publisher matches", Text: "Search by words of its name, or by its id.", Action: &link{Label: "Show all publishers of this offer", Href: l.path}}
	}
	for _, a := range resp.GetApprovals() {
		t.Rows = append(t.Rows, approvalRow(a, o, called.of(a.GetPublisher())))
	}
	return t
}

func approvalRow(a *couponv1.Approval, o *couponv1.Offer, called string) row {
	offer, publisher := idOf(a.GetOffer()), idOf(a.GetPublisher())
	payout := cell{Text: payoutText(a.GetPayout()), Sub: "this publisher's own"}
	if payout.Text == "" {
		payout = cell{Text: payoutText(o.GetPayout()), Sub: "the offer's"}
	}
	if payout.Text == "" {
		payout.Text = "None"
	}
	source := "By hand"
	switch {
	case a.GetState() == couponv1.Approval_PENDING:
		source = "Waits for you"
	case a.GetSource() == couponv1.Approval_COUPON:
		source = "A saved coupon"
	}
	stateAction := at("offers", offer, "publishers", publisher, "state")
	actions := cell{Links: []link{{Label: "Payout", Href: at("offers", offer, "publishers", publisher)}}}
	if a.GetState() != couponv1.Approval_APPROVED {
		actions.Buttons = append(actions.Buttons, button{Label: "Approve", Action: stateAction, Fields: map[string]string{"state": "APPROVED"}})
	}
	if a.GetState() != couponv1.Approval_BLOCKED {
		actions.Buttons = append(actions.Buttons, button{Label: "Block", Action: stateAction, Fields: map[string]string{"state": "BLOCKED"}, IsDanger: true})
	}
	return row{Key: publisher, Label: called, Cells: []cell{
		{Text: called, Href: at("publishers", publisher)},
		{Badge: stateBadge(a.GetState().String())},
		{Text: source},
		payout,
		{Time: a.GetUpdateTime().AsTime()},
		actions,
	}}
}

func addPublisher(_ http.ResponseWriter, r *http.Request, p *page) error {
	offer, publisher := r.PathValue("offer"), trimmed(r.PostForm, "publisher")
	add := addPublisherField(r.PostForm, nil)
	if !isID(publisher) {
		add.Error = "Choose a publisher from the list, or write its id."
		return p.showApprovals(http.StatusUnprocessableEntity, add)
	}
	_, err := p.approvalService().ApprovePublisher(r.Context(), &couponv1.ApprovePublisherRequest{Name: "offers/" + offer + "/approvals/" + publisher})
	if err != nil {
		errs, isAboutForm := p.couponErrorsOf(err, "publisher")
		if !isAboutForm {
			return err
		}
		add.Error = strings.TrimSpace(errs["publisher"] + " " + errs["offer"] + " " + errs[""])
		return p.showApprovals(http.StatusUnprocessableEntity, add)
	}
	return p.done(at("offers", offer, "publishers"), toast{
		Text: p.publisherName(r.Context(), publisher) + " is approved on this offer.",
	})
}

// setApprovalState approves or blocks a publisher on an offer.
func setApprovalState(_ http.ResponseWriter, r *http.Request, p *page) error {
	ctx, name, state := r.Context(), p.approvalName(), r.PostFormValue("state")
	before, err := p.approvalService().GetApproval(ctx, &couponv1.GetApprovalRequest{Name: name})
	if err != nil {
		return err
	}
	called := p.publisherName(ctx, idOf(name))
	var t toast
	switch state {
	case "APPROVED":
		_, err = p.approvalService().ApprovePublisher(ctx, &couponv1.ApprovePublisherRequest{Name: name})
		t.Text = called + " is approved on this offer."
	case "BLOCKED":
		_, err = p.approvalService().BlockPublisher(ctx, &couponv1.BlockPublisherRequest{Name: name})
		t.Text = called + " is blocked on this offer: its codes and clicks earn nothing."
	default:
		return p.refuse(http.StatusBadRequest, "This cannot be done", "A publisher is approved or blocked.")
	}
	if err != nil {
		return err
	}
	if was := before.GetState().String(); was != state && was != "PENDING" {
		t.Undo = &undo{Action: r.URL.EscapedPath(), Fields: map[string]string{"state": was}}
	}
	return p.done(at("offers", r.PathValue("offer"), "publishers"), t)
}

// showApproval shows what a publisher earns on an offer.
func showApproval(_ http.ResponseWriter, _ *http.Request, p *page) error {
	a, o, err := p.approvalAndOffer()
	if err != nil {
		return err
	}
	return p.showApprovalForm(http.StatusOK, o, approvalForm(a, o, approvalValues(a)))
}

func (p *page) approvalAndOffer() (a *couponv1.Approval, o *couponv1.Offer, err error) {
	var calls errgroup.Group
	calls.Go(func() (err error) {
		a, err = p.approvalService().GetApproval(p.r.Context(), &couponv1.GetApprovalRequest{Name: p.approvalName()})
		return err
	})
	calls.Go(func() (err error) {
		o, err = p.offer()
		return err
	})
	return a, o, calls.Wait()
}

func approvalValues(a *couponv1.Approval) url.Values {
	values := url.Values{}
	setPayout(values, "payout", a.GetPayout())
	return values
}

func approvalForm(a *couponv1.Approval, o *couponv1.Offer, values url.Values) form {
	href := at("offers", idOf(a.GetOffer()), "publishers", idOf(a.GetPublisher()))
	usual := "As the offer has it"
	if text := payoutText(o.GetPayout()); text != "" {
		usual += ": " + text
	}
	return form{
		ID: "approval-form", Action: href, Save: "Save", Reload: href, Cancel: at("offers", idOf(a.GetOffer()), "publishers"),
		Hidden: map[string]string{"etag": a.GetEtag()},
		Groups: []group{{
			Title: "Payout", Text: "What a sale earns this publisher on this offer, unless its coupon says otherwise.",
			Fields: payoutFields("payout", "Payout", usual, values),
		}},
	}
}

func (p *page) showApprovalForm(httpStatus int, o *couponv1.Offer, f form) error {
	publisher := p.r.PathValue("publisher")
	p.Title, p.Section = p.publisherName(p.r.Context(), publisher), "offers"
	p.Lead = "On the offer " + o.GetDisplayName() + "."
	p.Crumbs = []link{
		{Label: "Offers", Href: at("offers")},
		{Label: o.GetDisplayName(), Href: at("offers", idOf(o.GetName()))},
		{Label: "Publishers", Href: at("offers", idOf(o.GetName()), "publishers")},
	}
	return p.showAs(httpStatus, "form", f)
}

func saveApproval(_ http.ResponseWriter, r *http.Request, p *page) error {
	stored, o, err := p.approvalAndOffer()
	if err != nil {
		return err
	}
	errs := formErrors{}
	draft := &couponv1.Approval{Name: stored.GetName(), Etag: r.PostFormValue("etag"), Payout: payoutOf(r.PostForm, "payout", o.GetCurrencyCode(), errs)}
	_, failure := p.approvalService().UpdateApproval(p.saving(errs), &couponv1.UpdateApprovalRequest{
		Approval: draft, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"payout"}},
	})
	if failure == nil {
		return p.done(at("offers", r.PathValue("offer"), "publishers"), toast{Text: "Payout saved."})
	}
	f := approvalForm(stored, o, r.PostForm)
	code, err := f.refused(p, failure, errs, r.PostFormValue("etag"), func() form { return approvalForm(stored, o, approvalValues(stored)) })
	if err != nil {
		return err
	}
	return p.showApprovalForm(code, o, f)
}

package publishers

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

// publisherForm is one of the forms that change a publisher: Settings and Deliveries.
type publisherForm struct {
	// Tab is the tab's path in the route table, and href its address.
	tab, href string
	// Form makes the form of a publisher with these values, values returns a stored publisher's, and
	// draft reads them.
	form   func(o *couponv1.Publisher, values url.Values) ui.Form
	values func(o *couponv1.Publisher) url.Values
	draft  func(values url.Values, errs ui.Errors) *couponv1.Publisher
	mask   []string
	// Show answers with the tab.
	show func(p *ui.Page, status int, o *couponv1.Publisher, f ui.Form) error
}

// open shows the form of what is stored.
func (pf publisherForm) open(p *ui.Page) error {
	stored, err := readPublisher(p)
	if err != nil {
		return err
	}
	return pf.show(p, http.StatusOK, stored, pf.form(stored, pf.values(stored)))
}

// save stores what was typed, or shows the form again with what stands against it.
func (pf publisherForm) save(p *ui.Page) error {
	errs := ui.Errors{}
	typed := p.Request.PostForm
	draft := pf.draft(typed, errs)
	draft.Name, draft.Etag = "publishers/"+p.Request.PathValue("publisher"), typed.Get("etag")
	_, failure := p.Publishers.UpdatePublisher(p.Saving(errs), &couponv1.UpdatePublisherRequest{
		Publisher: draft, UpdateMask: &fieldmaskpb.FieldMask{Paths: pf.mask},
	})
	if failure == nil {
		return p.Done(pf.href, ui.Toast{Text: "Publisher saved."})
	}
	stored, err := readPublisher(p)
	if err != nil {
		return err
	}
	f := pf.form(stored, typed)
	code, err := f.Refused(p, failure, errs, typed.Get("etag"), func() ui.Form { return pf.form(stored, pf.values(stored)) })
	if err != nil {
		return err
	}
	return pf.show(p, code, stored, f)
}

func publisherSettings(p *ui.Page) publisherForm {
	href := ui.Href("publishers", p.Request.PathValue("publisher"), "settings")
	return publisherForm{
		tab: "publishers/{publisher}/settings", href: href,
		form: func(o *couponv1.Publisher, values url.Values) ui.Form { return publisherSettingsForm(href, o, values) },
		values: func(o *couponv1.Publisher) url.Values {
			return url.Values{"display_name": {o.GetDisplayName()}, "state": {o.GetState().String()}}
		},
		draft: func(values url.Values, _ ui.Errors) *couponv1.Publisher {
			return &couponv1.Publisher{
				DisplayName: ui.Trimmed(values, "display_name"), State: couponv1.Publisher_State(couponv1.Publisher_State_value[values.Get("state")]),
			}
		},
		mask: []string{"display_name", "state"},
		show: func(p *ui.Page, status int, o *couponv1.Publisher, f ui.Form) error {
			publisherPage(p, o, "publishers/{publisher}/settings")
			return p.ShowAs(status, "publisher-settings", publisherSettingsView{Form: f, State: ui.StateBadge(o.GetState().String()), Publisher: o, ID: ui.IDOf(o.GetName())})
		},
	}
}

type publisherSettingsView struct {
	Form      ui.Form
	State     *ui.Badge
	Publisher *couponv1.Publisher
	ID        string
}

func publisherSettingsForm(href string, o *couponv1.Publisher, values url.Values) ui.Form {
	return ui.Form{
		ID: "publisher-form", Action: href, Save: "Save", Reload: href, Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: []ui.Group{{Title: "Publisher", Fields: []ui.Field{
			ui.NameField(values, "Publisher name"),
			{
				Name: "state", Label: "State", Kind: "select", Value: values.Get("state"), Choices: []ui.Choice{{Value: "ACTIVE", Label: "Active"}, {Value: "ARCHIVED", Label: "Archived"}},
				Hint: "An archived publisher gets no new coupons, and its codes earn nothing.",
			},
		}}},
	}
}

func showPublisherSettings(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherSettings(p).open(p)
}

func savePublisherSettings(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherSettings(p).save(p)
}

package console

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// publisherForm is one of the forms that change a publisher: Settings and Deliveries.
type publisherForm struct {
	// tab is the tab's path in the route table, and href its address.
	tab, href string
	// form makes the form of a publisher with these values, values returns a stored publisher's, and
	// draft reads them.
	form   func(o *couponv1.Publisher, values url.Values) form
	values func(o *couponv1.Publisher) url.Values
	draft  func(values url.Values, errs formErrors) *couponv1.Publisher
	mask   []string
	// show answers with the tab.
	show func(p *page, status int, o *couponv1.Publisher, f form) error
}

// open shows the form of what is stored.
func (pf publisherForm) open(p *page) error {
	stored, err := p.publisher()
	if err != nil {
		return err
	}
	return pf.show(p, http.StatusOK, stored, pf.form(stored, pf.values(stored)))
}

// save stores what was typed, or shows the form again with what stands against it.
func (pf publisherForm) save(p *page) error {
	errs := formErrors{}
	typed := p.r.PostForm
	draft := pf.draft(typed, errs)
	draft.Name, draft.Etag = "publishers/"+p.r.PathValue("publisher"), typed.Get("etag")
	_, failure := p.publishers.UpdatePublisher(p.saving(errs), &couponv1.UpdatePublisherRequest{
		Publisher: draft, UpdateMask: &fieldmaskpb.FieldMask{Paths: pf.mask},
	})
	if failure == nil {
		return p.done(pf.href, toast{Text: "Publisher saved."})
	}
	stored, err := p.publisher()
	if err != nil {
		return err
	}
	f := pf.form(stored, typed)
	code, err := f.refused(p, failure, errs, typed.Get("etag"), func() form { return pf.form(stored, pf.values(stored)) })
	if err != nil {
		return err
	}
	return pf.show(p, code, stored, f)
}

func (p *page) publisherSettings() publisherForm {
	href := at("publishers", p.r.PathValue("publisher"), "settings")
	return publisherForm{
		tab: "publishers/{publisher}/settings", href: href,
		form: func(o *couponv1.Publisher, values url.Values) form { return publisherSettingsForm(href, o, values) },
		values: func(o *couponv1.Publisher) url.Values {
			return url.Values{"display_name": {o.GetDisplayName()}, "state": {o.GetState().String()}}
		},
		draft: func(values url.Values, _ formErrors) *couponv1.Publisher {
			return &couponv1.Publisher{
				DisplayName: trimmed(values, "display_name"), State: couponv1.Publisher_State(couponv1.Publisher_State_value[values.Get("state")]),
			}
		},
		mask: []string{"display_name", "state"},
		show: func(p *page, status int, o *couponv1.Publisher, f form) error {
			p.publisherPage(o, "publishers/{publisher}/settings")
			return p.showAs(status, "publisher-settings", publisherSettingsView{Form: f, State: stateBadge(o.GetState().String()), Publisher: o, ID: idOf(o.GetName())})
		},
	}
}

type publisherSettingsView struct {
	Form      form
	State     *badge
	Publisher *couponv1.Publisher
	ID        string
}

func publisherSettingsForm(href string, o *couponv1.Publisher, values url.Values) form {
	return form{
		ID: "publisher-form", Action: href, Save: "Save", Reload: href, Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: []group{{Title: "Publisher", Fields: []field{
			nameField(values, "Publisher name"),
			{
				Name: "state", Label: "State", Kind: "select", Value: values.Get("state"), Choices: []choice{{"ACTIVE", "Active"}, {"ARCHIVED", "Archived"}},
				Hint: "An archived publisher gets no new coupons, and its codes earn nothing.",
			},
		}}},
	}
}

func showPublisherSettings(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.publisherSettings().open(p)
}

func savePublisherSettings(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.publisherSettings().save(p)
}

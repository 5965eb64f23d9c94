package publishers

import (
	"net/http"
	"net/url"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

type (
	publisher = couponv1.Publisher
	property  = ui.Property[publisher]
)

// publisherForm is one of the forms that change a publisher: Settings and Deliveries.
type publisherForm struct {
	id, href string
	schema   ui.Schema[publisher]
	// show answers with the form's tab.
	show func(p *ui.Page, status int, o *publisher, f ui.Form) error
}

// form returns the form of a publisher with these values.
func (pf publisherForm) form(o *publisher, values url.Values) ui.Form {
	return ui.Form{
		ID: pf.id, Action: pf.href, Save: "Save", Reload: pf.href, Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: pf.schema.Groups(values),
	}
}

// stored returns the form of a publisher as it is stored.
func (pf publisherForm) stored(o *publisher) ui.Form { return pf.form(o, pf.schema.Values(o)) }

// open shows the form of what is stored.
func (pf publisherForm) open(p *ui.Page) error {
	stored, err := readPublisher(p)
	if err != nil {
		return err
	}
	return pf.show(p, http.StatusOK, stored, pf.stored(stored))
}

// save stores what was typed, or shows the form again with what stands against it.
func (pf publisherForm) save(p *ui.Page) error {
	typed := p.Request.PostForm
	draft, errs := pf.schema.Read(typed)
	draft.Name, draft.Etag = resource.Publisher(p.Request.PathValue("publisher")), typed.Get("etag")
	_, failure := p.Publishers.UpdatePublisher(p.Saving(errs), &couponv1.UpdatePublisherRequest{
		Publisher: draft, UpdateMask: pf.schema.Mask(),
	})
	if failure == nil {
		return p.Done(pf.href, ui.Toast{Text: "Publisher saved."})
	}
	stored, err := readPublisher(p)
	if err != nil {
		return err
	}
	f := pf.form(stored, typed)
	code, err := f.Refused(p, failure, errs, typed.Get("etag"), func() ui.Form { return pf.stored(stored) })
	if err != nil {
		return err
	}
	return pf.show(p, code, stored, f)
}

func publisherSettings(p *ui.Page) publisherForm {
	return publisherForm{
		id: "publisher-form", href: ui.Href("publishers", p.Request.PathValue("publisher"), "settings"),
		schema: ui.Schema[publisher]{{Title: "Publisher", Properties: []property{
			name(),
			ui.Select(ui.Field{
				Name: "state", Label: "State", Choices: []ui.Choice{{Value: "ACTIVE", Label: "Active"}, {Value: "ARCHIVED", Label: "Archived"}},
				Hint: "An archived publisher gets no new coupons, and its codes earn nothing.",
			}, func(o *publisher) *couponv1.Publisher_State { return &o.State }),
		}}},
		show: func(p *ui.Page, status int, o *publisher, f ui.Form) error {
			publisherPage(p, o, "publishers/{publisher}/settings")
			return p.ShowAs(status, "publisher-settings", publisherSettingsView{Form: f, State: ui.StateBadge(o.GetState().String()), Publisher: o, ID: ui.IDOf(o.GetName())})
		},
	}
}

func name() property {
	return ui.Text(ui.NameField("Publisher name"), func(o *publisher) *string { return &o.DisplayName })
}

func postbackURL() property {
	return ui.Text(ui.Field{
		Name: "postback_url", Label: "Postback URL", Kind: "url",
		Placeholder: "https://partner.example.com/pb?click={pub_click_id}&payout={payout}",
		Hint:        "The publisher's own address, called for each of its conversions. Empty: it is told nothing.",
	}, func(o *publisher) *string { return &o.PostbackUrl })
}

type publisherSettingsView struct {
	Form      ui.Form
	State     *ui.Badge
	Publisher *couponv1.Publisher
	ID        string
}

func showPublisherSettings(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherSettings(p).open(p)
}

func savePublisherSettings(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return publisherSettings(p).save(p)
}

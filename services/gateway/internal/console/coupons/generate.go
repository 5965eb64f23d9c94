package coupons

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func askGenerate(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	for name, usual := range map[string]string{"count": "100", "length": "8", "start_time": p.DayText(p.Now())} {
		if values.Get(name) == "" {
			values.Set(name, usual)
		}
	}
	return showGenerate(p, http.StatusOK, scope, generateForm(p, scope, values))
}

func showGenerate(p *ui.Page, httpStatus int, scope scope, f ui.Form) error {
	scope.below(p, "Generate coupons")
	p.Lead = "Codes that are hard to guess, made up at random: for vouchers, mailings, or an influencer who gives each follower a code."
	return p.ShowAs(httpStatus, "coupon-form", f)
}

func generateForm(p *ui.Page, scope scope, values url.Values) ui.Form {
	if !scope.isAll() {
		values = maps.Clone(values)
		values.Set("offer", ui.IDOf(scope.offer.GetName()))
	}
	called := pickedNames(p, scope, values)
	offer := ui.OfferField(values, called)
	offer.Fixed, offer.Hint = !scope.isAll(), "The offer these coupons apply to."
	publisher := ui.PublisherField(values, called)
	publisher.Hint = "The publisher who will use these coupons. It is approved on the offer when they are saved."
	return ui.Form{
		ID: "generate-form", Action: scope.at("generate"), Save: "Generate", Cancel: scope.at(),
		Groups: []ui.Group{
			{Fields: []ui.Field{offer, publisher}},
			{Title: "Codes", Fields: []ui.Field{
				{Name: "count", Label: "How many", Value: values.Get("count"), Mode: "numeric", IsRequired: true, Hint: "1 to 10,000. All are made, or none."},
				{Name: "prefix", Label: "Prefix", Kind: "code", Value: values.Get("prefix"), Placeholder: "SALE", Hint: "What each code begins with: letters and digits."},
				{Name: "length", Label: "Random characters", Value: values.Get("length"), Mode: "numeric", IsRequired: true, Hint: "How many follow the prefix, 4 to 32. More are harder to guess. 0 O 1 I L are left out."},
			}},
			newSchema(p).Groups(values)[0],
		},
	}
}

func generateCoupons(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	f := generateForm(p, scope, r.PostForm)
	if !scope.isAll() {
		r.PostForm.Set("offer", ui.IDOf(scope.offer.GetName()))
	}
	draft, errs := couponDraft(p, r.PostForm)
	draft.Enabled = proto.Bool(true)
	offer, publisher := ui.Trimmed(r.PostForm, "offer"), ui.Trimmed(r.PostForm, "publisher")
	req := &couponv1.GenerateCouponsRequest{
		Parent: resource.Offer(offer), Coupon: draft, Count: ui.WholeNumber(r.PostForm, "count", errs),
		Prefix: ui.Trimmed(r.PostForm, "prefix"), Length: ui.WholeNumber(r.PostForm, "length", errs),
	}
	made, err := p.Coupons().GenerateCoupons(p.Saving(errs), req)
	if err == nil {
		return generated(p, offer, publisher, made.GetCodes())
	}
	if err := p.GatherCoupon(errs, err, f.Names()...); err != nil {
		return err
	}
	f.Fail(errs)
	return showGenerate(p, http.StatusUnprocessableEntity, scope, f)
}

// generated leads to the table of just these coupons, which Export downloads. They have their moment of
// creation in common.
func generated(p *ui.Page, offer, publisher string, made []string) error {
	query := url.Values{"publisher": {publisher}}
	if len(made) > 0 {
		one, err := p.Coupons().GetCoupon(p.Request.Context(), &couponv1.GetCouponRequest{
			Name: resource.Offer(offer) + "/coupons/" + publisher + "." + made[0],
		})
		if err == nil {
			query.Set("created", one.GetCreateTime().AsTime().Format(time.RFC3339Nano))
		}
	}
	return p.Done(ui.Href("offers", offer, "coupons")+"?"+query.Encode(), ui.Toast{
		Text: format.CountOf(len(made), "coupon", "coupons") + " generated. Export downloads them as CSV.",
	})
}

package coupons

import (
	"maps"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// newCouponFormOf is the page of + Create Coupon.
type newCouponForm struct {
	Action, Cancel, Error                 string
	Code, Offer, Publisher, Start, Expire ui.Field
	Limit, Daily, Note                    ui.Field
	Discount                              []ui.Field
	Check                                 couponCheck
}

// fields are the form's fields in the order of the steps.
func (f *newCouponForm) fields() []*ui.Field {
	all := []*ui.Field{&f.Code, &f.Offer, &f.Publisher, &f.Start, &f.Expire, &f.Limit, &f.Daily}
	for i := range f.Discount {
		all = append(all, &f.Discount[i])
	}
	return append(all, &f.Note)
}

func (f *newCouponForm) fail(errs ui.Errors) {
	f.Error = errs[""]
	for _, one := range f.fields() {
		one.Error = errs[one.Name]
	}
}

func (f *newCouponForm) names() []string {
	var all []string
	for _, one := range f.fields() {
		all = append(all, one.Name)
	}
	return all
}

// newCoupon shows the form. What its address says is filled in: ?publisher=mia&code=SALE.
func newCoupon(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	if values.Get("start_time") == "" {
		values.Set("start_time", p.DayText(p.Now()))
	}
	f := newCouponFormOf(p, scope, values)
	f.Code.Autofocus = values.Get("code") == ""
	return showNewCoupon(p, http.StatusOK, scope, f)
}

func newCouponFormOf(p *ui.Page, scope scope, values url.Values) newCouponForm {
	if !scope.isAll() {
		values = maps.Clone(values)
		values.Set("offer", ui.IDOf(scope.offer.GetName()))
	}
	called := pickedNames(p, scope, values)
	f := newCouponForm{
		Action: scope.at("new"), Cancel: scope.at(), Code: codeField(values), Offer: ui.OfferField(values, called), Publisher: ui.PublisherField(values, called),
		Start: startDate(p, nil).Field(values), Expire: expirationDate(p, nil).Field(values), Note: internalNote().Field(values),
	}
	f.Discount = discountFields(values)
	f.Limit, f.Daily = usageLimit().Field(values), dailyUsageLimit().Field(values)
	f.Offer.Fixed = !scope.isAll()
	return f
}

func showNewCoupon(p *ui.Page, httpStatus int, scope scope, f newCouponForm) error {
	scope.below(p, "Create Coupon")
	return p.ShowAs(httpStatus, "coupon-new", f)
}

func createCoupon(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	scope, err := scopeOf(p)
	if err != nil {
		return err
	}
	if better := r.PostFormValue("take"); better != "" { // the suggestion, taken without scripts
		r.PostForm.Set("code", better)
		f := newCouponFormOf(p, scope, r.PostForm)
		f.Check = check(p, better, f.Offer.Value, f.Publisher.Value)
		return showNewCoupon(p, http.StatusOK, scope, f)
	}
	f := newCouponFormOf(p, scope, r.PostForm)
	r.PostForm.Set("offer", f.Offer.Value)
	draft, errs := couponDraft(p, r.PostForm)
	if draft.Code = ui.Trimmed(r.PostForm, "code"); draft.GetCode() == "" {
		errs.Add("code", "Enter the coupon code.")
	}
	draft.Enabled = proto.Bool(true)
	made, err := p.Coupons().CreateCoupon(p.Saving(errs), &couponv1.CreateCouponRequest{Parent: resource.Offer(f.Offer.Value), Coupon: draft})
	if err == nil {
		// The table shows the row, and above it the link.
		return p.Done(scope.at()+"?"+url.Values{"new": {made.GetName()}}.Encode(), ui.Toast{Text: "Coupon " + made.GetCode() + " saved."})
	}
	if err := p.GatherCoupon(errs, err, f.names()...); err != nil {
		return err
	}
	f.Check.Suggestion = ui.MetadataOf(err, "suggestion")
	f.fail(errs)
	return showNewCoupon(p, http.StatusUnprocessableEntity, scope, f)
}

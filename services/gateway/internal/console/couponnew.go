package console

import (
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

// newCouponForm is the page of + Create Coupon.
type newCouponForm struct {
	Action, Cancel, Error                 string
	Code, Offer, Publisher, Start, Expire field
	Limit, Daily, Note                    field
	Check                                 couponCheck
}

// fields are the form's fields in the order of the steps.
func (f *newCouponForm) fields() []*field {
	return []*field{&f.Code, &f.Offer, &f.Publisher, &f.Start, &f.Expire, &f.Limit, &f.Daily, &f.Note}
}

func (f *newCouponForm) fail(errs formErrors) {
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
func newCoupon(_ http.ResponseWriter, r *http.Request, p *page) error {
	scope, err := p.couponScope()
	if err != nil {
		return err
	}
	values := r.URL.Query()
	if values.Get("start_time") == "" {
		values.Set("start_time", p.dayText(p.now()))
	}
	f := p.newCouponForm(scope, values)
	f.Code.Autofocus = values.Get("code") == ""
	return p.showNewCoupon(http.StatusOK, scope, f)
}

func (p *page) newCouponForm(scope couponScope, values url.Values) newCouponForm {
	if !scope.isAll() {
		values = cloneValues(values)
		values.Set("offer", idOf(scope.offer.GetName()))
	}
	called := p.pickedNames(scope, values)
	f := newCouponForm{
		Action: scope.at("new"), Cancel: scope.at(), Code: codeField(values), Offer: offerField(values, called), Publisher: publisherField(values, called),
		Start: startField(values.Get("start_time")), Expire: expireField(values.Get("expire_time")), Note: internalNoteField(values),
	}
	f.Limit, f.Daily = limitField(values), dailyLimitField(values)
	f.Offer.Fixed = !scope.isAll()
	return f
}

func cloneValues(values url.Values) url.Values {
	copied := url.Values{}
	for name, v := range values {
		copied[name] = v
	}
	return copied
}

func (p *page) showNewCoupon(httpStatus int, scope couponScope, f newCouponForm) error {
	scope.below(p, "Create Coupon")
	return p.showAs(httpStatus, "coupon-new", f)
}

func createCoupon(_ http.ResponseWriter, r *http.Request, p *page) error {
	scope, err := p.couponScope()
	if err != nil {
		return err
	}
	if better := r.PostFormValue("take"); better != "" { // the suggestion, taken without scripts
		r.PostForm.Set("code", better)
		f := p.newCouponForm(scope, r.PostForm)
		f.Check = p.check(better, f.Offer.Value, f.Publisher.Value)
		return p.showNewCoupon(http.StatusOK, scope, f)
	}
	f := p.newCouponForm(scope, r.PostForm)
	errs := formErrors{}
	r.PostForm.Set("offer", f.Offer.Value)
	draft := p.couponDraft(r.PostForm, errs)
	if draft.Code = trimmed(r.PostForm, "code"); draft.GetCode() == "" {
		errs.add("code", "Write the coupon code.")
	}
	draft.Enabled = proto.Bool(true)
	made, err := p.couponService().CreateCoupon(p.saving(errs), &couponv1.CreateCouponRequest{Parent: "offers/" + f.Offer.Value, Coupon: draft})
	if err == nil {
		// The table shows the row, and above it the link.
		return p.done(scope.at()+"?"+url.Values{"new": {made.GetName()}}.Encode(), toast{Text: "Coupon " + made.GetCode() + " saved."})
	}
	if err := p.gatherCoupon(errs, err, f.names()...); err != nil {
		return err
	}
	f.Check.Suggestion = metadataOf(err, "suggestion")
	f.fail(errs)
	return p.showNewCoupon(http.StatusUnprocessableEntity, scope, f)
}

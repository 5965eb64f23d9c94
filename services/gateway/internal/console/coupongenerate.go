package console

import (
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
)

func askGenerate(_ http.ResponseWriter, r *http.Request, p *page) error {
	scope, err := p.couponScope()
	if err != nil {
		return err
	}
	values := r.URL.Query()
	for name, usual := range map[string]string{"count": "100", "length": "8", "start_time": p.dayText(p.now())} {
		if values.Get(name) == "" {
			values.Set(name, usual)
		}
	}
	return p.showGenerate(http.StatusOK, scope, p.generateForm(scope, values))
}

func (p *page) showGenerate(httpStatus int, scope couponScope, f form) error {
	scope.below(p, "Generate coupons")
	p.Lead = "Codes that are hard to guess, made up at random: for vouchers, mailings, or an influencer who gives each follower a code."
	return p.showAs(httpStatus, "coupon-form", f)
}

func (p *page) generateForm(scope couponScope, values url.Values) form {
	if !scope.isAll() {
		values = cloneValues(values)
		values.Set("offer", idOf(scope.offer.GetName()))
	}
	called := p.pickedNames(scope, values)
	offer := offerField(values, called)
	offer.Fixed, offer.Hint = !scope.isAll(), "The offer these coupons apply to."
	publisher := publisherField(values, called)
	publisher.Hint = "The publisher who will use these coupons. It is approved on the offer when they are saved."
	return form{
		ID: "generate-form", Action: scope.at("generate"), Save: "Generate", Cancel: scope.at(),
		Groups: []group{
			{Fields: []field{offer, publisher}},
			{Title: "Codes", Fields: []field{
				{Name: "count", Label: "How many", Value: values.Get("count"), Mode: "numeric", IsRequired: true, Hint: "1 to 10,000. All are made, or none."},
				{Name: "prefix", Label: "Prefix", Kind: "code", Value: values.Get("prefix"), Placeholder: "SALE", Hint: "What each code begins with: letters and digits."},
				{Name: "length", Label: "Random characters", Value: values.Get("length"), Mode: "numeric", IsRequired: true, Hint: "How many follow the prefix, 4 to 32. More are harder to guess. 0 O 1 I L are left out."},
			}},
			{Title: "Validity", Fields: []field{startField(values.Get("start_time")), expireField(values.Get("expire_time")), limitField(values), dailyLimitField(values), internalNoteField(values)}},
		},
	}
}

func generateCoupons(_ http.ResponseWriter, r *http.Request, p *page) error {
	scope, err := p.couponScope()
	if err != nil {
		return err
	}
	f := p.generateForm(scope, r.PostForm)
	if !scope.isAll() {
		r.PostForm.Set("offer", idOf(scope.offer.GetName()))
	}
	errs := formErrors{}
	draft := p.couponDraft(r.PostForm, errs)
	draft.Enabled = proto.Bool(true)
	offer, publisher := trimmed(r.PostForm, "offer"), trimmed(r.PostForm, "publisher")
	req := &couponv1.GenerateCouponsRequest{
		Parent: "offers/" + offer, Coupon: draft, Count: wholeNumber(r.PostForm, "count", errs),
		Prefix: trimmed(r.PostForm, "prefix"), Length: wholeNumber(r.PostForm, "length", errs),
	}
	made, err := p.couponService().GenerateCoupons(p.saving(errs), req)
	if err == nil {
		return p.generated(offer, publisher, made.GetCodes())
	}
	if err := p.gatherCoupon(errs, err, f.names()...); err != nil {
		return err
	}
	f.fail(errs)
	return p.showGenerate(http.StatusUnprocessableEntity, scope, f)
}

// generated leads to the table of just these coupons, which Export downloads. They have their moment of
// creation in common.
func (p *page) generated(offer, publisher string, made []string) error {
	query := url.Values{"publisher": {publisher}}
	if len(made) > 0 {
		one, err := p.couponService().GetCoupon(p.r.Context(), &couponv1.GetCouponRequest{
			Name: "offers/" + offer + "/coupons/" + publisher + "." + made[0],
		})
		if err == nil {
			query.Set("created", one.GetCreateTime().AsTime().Format(time.RFC3339Nano))
		}
	}
	return p.done(at("offers", offer, "coupons")+"?"+query.Encode(), toast{
		Text: countOf(len(made), "coupon", "coupons") + " generated. Export downloads them as CSV.",
	})
}

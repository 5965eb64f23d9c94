package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

// refusedAction is an action on a conversion that was refused, with what was typed.
type refusedAction struct {
	name       string
	values     url.Values
	errs       formErrors
	isConflict bool
}

// conversionActions are the forms of what can be done. Their fields' names begin with the action's, since
// they stand on one page.
func conversionActions(c *trackingv1.Conversion, failed *refusedAction) []actionForm {
	id := idOf(c.GetName())
	var all []actionForm
	add := func(name, title, save, confirm string, fields func(url.Values) []field) {
		values := url.Values{}
		if failed != nil && failed.name == name {
			values = failed.values
		}
		f := form{
			ID: name + "-form", Action: at("reports", "conversions", id, name), Save: save,
			Groups: []group{{Fields: fields(values)}}, Hidden: map[string]string{"etag": c.GetEtag()},
		}
		one := actionForm{Title: title, Form: f, Confirm: confirm}
		if failed != nil && failed.name == name {
			one.IsOpen = true
			one.Form.fail(failed.errs)
		}
		all = append(all, one)
	}
	if c.GetStatus() != trackingv1.Conversion_REJECTED {
		add("reject", "Reject", "Reject", "", func(v url.Values) []field {
			return []field{{Name: "reject_reason", Label: "Reason", Kind: "textarea", Value: v.Get("reject_reason"), IsRequired: true, Hint: "The publisher may be shown it."}}
		})
	}
	add("reassign", "Reassign", "Reassign", "", func(v url.Values) []field { return reassignFields(c, v) })
	add("adjust", "Adjust amount", "Set amount", "", func(v url.Values) []field { return adjustFields(c, v) })
	if c.GetAmount() != nil {
		add("refund", "Refund", "Note the refund", "Note this refund? It cannot be taken back.", func(v url.Values) []field { return refundFields(c, v) })
	}
	return all
}

func reassignFields(c *trackingv1.Conversion, v url.Values) []field {
	return []field{
		{Name: "reassign_coupon", Label: "Coupon", Kind: "picker", Pick: at("pick", "coupons", idOf(c.GetOffer())), Value: v.Get("reassign_coupon"), PickLabel: v.Get("reassign_coupon"), Hint: "A coupon of the same offer, valid or not."},
		{Name: "reassign_publisher", Label: "Or publisher", Kind: "picker", Pick: at("pick", "publishers"), Value: v.Get("reassign_publisher"), PickLabel: v.Get("reassign_publisher"), Hint: "Choose either a coupon or a publisher."},
		{Name: "reassign_reason", Label: "Reason", Kind: "textarea", Value: v.Get("reassign_reason")},
	}
}

func adjustFields(c *trackingv1.Conversion, v url.Values) []field {
	if !v.Has("adjust_amount") && c.GetAmount() != nil {
		v = url.Values{"adjust_amount": {format.Decimal(c.GetAmount().GetCurrencyCode(), c.GetAmount().GetUnits(), c.GetAmount().GetNanos())}, "adjust_currency": {c.GetAmount().GetCurrencyCode()}}
	}
	return []field{
		{Name: "adjust_amount", Label: "Amount", Value: v.Get("adjust_amount"), Mode: "decimal", IsRequired: true, Hint: "What was sold for. Payout and revenue follow."},
		{Name: "adjust_currency", Label: "Currency", Value: v.Get("adjust_currency"), Hint: "Empty: as it is, else the offer's."},
		{Name: "adjust_reason", Label: "Reason", Kind: "textarea", Value: v.Get("adjust_reason")},
	}
}

func refundFields(c *trackingv1.Conversion, v url.Values) []field {
	return []field{
		{Name: "refund_amount", Label: "Amount", Value: v.Get("refund_amount"), Mode: "decimal", Hint: "In " + c.GetAmount().GetCurrencyCode() + ". Empty: all that is left of " + moneyText(c.GetAmount()) + "."},
		{Name: "refund_id", Label: "Refund id", Value: v.Get("refund_id"), Hint: "The refund's own id, by which a repeat is told."},
		{Name: "refund_reason", Label: "Reason", Kind: "textarea", Value: v.Get("refund_reason")},
	}
}

// conversionName is the name of the conversion that the address names.
func (p *page) conversionName() string { return "conversions/" + p.r.PathValue("conversion") }

// changed answers an action: with the conversion's page and a toast, or with what was typed and what is
// wrong with it. fields are the service's names of the action's fields.
func (p *page) changed(action string, err error, done toast, fields ...string) error {
	if err == nil {
		return p.done(at("reports", "conversions", p.r.PathValue("conversion")), done)
	}
	failed := &refusedAction{name: action, values: p.r.PostForm, errs: formErrors{}, isConflict: isConflict(err)}
	if !failed.isConflict {
		said, ok := p.errorsOf(err, fields...)
		if !ok {
			return err
		}
		for name, text := range said {
			if name != "" {
				name = formName(action, name)
			}
			failed.errs.add(name, text)
		}
	}
	return p.refused(failed)
}

// formName is a form's name of a service's field.
func formName(action, name string) string {
	if name == "refund_id" {
		return name
	}
	return action + "_" + name
}

// refused shows the conversion as it is now, with the action that was refused.
func (p *page) refused(failed *refusedAction) error {
	c, err := p.conversion()
	if err != nil {
		return err
	}
	code := http.StatusUnprocessableEntity
	if failed.isConflict {
		code = http.StatusConflict
	}
	return p.showConversion(code, c, failed)
}

func approveConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	_, err := p.conversionClient().ApproveConversion(r.Context(), &trackingv1.ApproveConversionRequest{Name: p.conversionName(), Etag: r.PostFormValue("etag")})
	return p.changed("approve", err, toast{Text: "Conversion approved."})
}

func rejectConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	before, err := p.conversion()
	if err != nil {
		return err
	}
	_, err = p.conversionClient().RejectConversion(r.Context(), &trackingv1.RejectConversionRequest{
		Name: p.conversionName(), Reason: trimmed(r.PostForm, "reject_reason"), Etag: r.PostFormValue("etag"),
	})
	done := toast{Text: "Conversion rejected."}
	if before.GetStatus() == trackingv1.Conversion_APPROVED {
		done.Undo = &undo{Action: at("reports", "conversions", p.r.PathValue("conversion"), "approve")}
	}
	return p.changed("reject", err, done, "reason")
}

func reassignConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	coupon, publisher := trimmed(r.PostForm, "reassign_coupon"), trimmed(r.PostForm, "reassign_publisher")
	errs := formErrors{}
	if coupon == "" && publisher == "" {
		errs.add("reassign_coupon", "Choose a coupon or a publisher.")
	} else if coupon != "" && publisher != "" {
		errs.add("reassign_publisher", "Choose either a coupon or a publisher, not both.")
	}
	if len(errs) > 0 {
		return p.refused(&refusedAction{name: "reassign", values: r.PostForm, errs: errs})
	}
	before, err := p.conversion()
	if err != nil {
		return err
	}
	req := &trackingv1.ReassignConversionRequest{Name: p.conversionName(), Reason: trimmed(r.PostForm, "reassign_reason"), Etag: r.PostFormValue("etag")}
	if coupon != "" {
		req.Coupon = before.GetOffer() + "/coupons/" + idOf(coupon)
	} else {
		req.Publisher = "publishers/" + idOf(publisher)
	}
	_, err = p.conversionClient().ReassignConversion(r.Context(), req)
	return p.changed("reassign", err, toast{Text: "Conversion reassigned.", Undo: undoReassign(before)}, "coupon", "publisher", "reason")
}

// undoReassign credits the conversion as before; nil where nobody was credited.
func undoReassign(before *trackingv1.Conversion) *undo {
	fields := map[string]string{"reassign_reason": "Undo"}
	switch {
	case before.GetCoupon() != "":
		fields["reassign_coupon"] = idOf(before.GetCoupon())
	case before.GetPublisher() != "":
		fields["reassign_publisher"] = idOf(before.GetPublisher())
	default:
		return nil
	}
	return &undo{Action: at("reports", "conversions", idOf(before.GetName()), "reassign"), Fields: fields}
}

func adjustConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	errs := formErrors{}
	amount := amountOf(trimmed(r.PostForm, "adjust_amount"), strings.ToUpper(trimmed(r.PostForm, "adjust_currency")), "adjust_amount", errs)
	if len(errs) > 0 {
		return p.refused(&refusedAction{name: "adjust", values: r.PostForm, errs: errs})
	}
	before, err := p.conversion()
	if err != nil {
		return err
	}
	_, err = p.conversionClient().AdjustConversion(r.Context(), &trackingv1.AdjustConversionRequest{
		Name: p.conversionName(), Amount: amount, Reason: trimmed(r.PostForm, "adjust_reason"), Etag: r.PostFormValue("etag"),
	})
	done := toast{Text: "Amount adjusted."}
	if m := before.GetAmount(); m != nil {
		done.Undo = &undo{Action: at("reports", "conversions", p.r.PathValue("conversion"), "adjust"), Fields: map[string]string{
			"adjust_amount": format.Decimal(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos()), "adjust_currency": m.GetCurrencyCode(), "adjust_reason": "Undo",
		}}
	}
	return p.changed("adjust", err, done, "amount", "reason")
}

func refundConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	req := &trackingv1.RefundConversionRequest{
		Name: p.conversionName(), RefundId: trimmed(r.PostForm, "refund_id"), Reason: trimmed(r.PostForm, "refund_reason"), Etag: r.PostFormValue("etag"),
	}
	if typed := trimmed(r.PostForm, "refund_amount"); typed != "" {
		c, err := p.conversion()
		if err != nil {
			return err
		}
		errs := formErrors{}
		if req.Amount = amountOf(typed, c.GetAmount().GetCurrencyCode(), "refund_amount", errs); len(errs) > 0 {
			return p.refused(&refusedAction{name: "refund", values: r.PostForm, errs: errs})
		}
	}
	_, err := p.conversionClient().RefundConversion(r.Context(), req)
	return p.changed("refund", err, toast{Text: "Refund noted."}, "amount", "refund_id", "reason")
}

func resolveConversion(_ http.ResponseWriter, r *http.Request, p *page) error {
	number, err := strconv.ParseInt(r.PostFormValue("conflict"), 10, 32)
	if err != nil {
		return p.refuse(http.StatusBadRequest, "There is no such conflict", "Go back, reload the page and try again.")
	}
	resolution := trackingv1.ConversionConflict_Resolution(trackingv1.ConversionConflict_Resolution_value[r.PostFormValue("resolution")])
	_, err = p.conversionClient().ResolveConflict(r.Context(), &trackingv1.ResolveConflictRequest{
		Name: p.conversionName(), Conflict: int32(number), Resolution: resolution, Etag: r.PostFormValue("etag"),
	})
	return p.changed("resolve", err, toast{Text: "Conflict resolved."})
}

// pickCoupons offers the coupons of an offer, by the beginning of their code.
func pickCoupons(_ http.ResponseWriter, r *http.Request, p *page) error {
	filter := "state != ARCHIVED"
	if typed := pasted.Trim(r.URL.Query().Get("q")); typed != "" {
		filter = and(`code = `+strings.TrimSuffix(quoted(typed), `"`)+`*"`, filter)
	}
	resp, err := couponv1.NewCouponServiceClient(p.coupon).ListCoupons(r.Context(), &couponv1.ListCouponsRequest{
		Parent: "offers/" + r.PathValue("offer"), PageSize: picks, OrderBy: "code", Filter: filter,
	})
	if err != nil {
		return err
	}
	var publishers []string
	for _, c := range resp.GetCoupons() {
		publishers = append(publishers, c.GetPublisher())
	}
	called := p.namesOf(r.Context(), nil, publishers)
	view := pickView{HasMore: resp.GetNextPageToken() != ""}
	for _, c := range resp.GetCoupons() {
		view.Found = append(view.Found, picked{idOf(c.GetName()), c.GetCode() + " of " + called.of(c.GetPublisher()), c.GetState().String()})
	}
	return p.part("pick", "options", view)
}

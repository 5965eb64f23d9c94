package conversions

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// refusedAction is an action on a conversion that was refused, with what was typed.
type refusedAction struct {
	name       string
	values     url.Values
	errs       ui.Errors
	isConflict bool
}

// conversionActions are the forms of what can be done. Their fields' names begin with the action's, since
// they stand on one page.
func conversionActions(c *trackingv1.Conversion, failed *refusedAction) []actionForm {
	id := ui.IDOf(c.GetName())
	var all []actionForm
	add := func(name, title, save, confirm string, fields func(url.Values) []ui.Field) {
		values := url.Values{}
		if failed != nil && failed.name == name {
			values = failed.values
		}
		f := ui.Form{
			ID: name + "-form", Action: ui.Href("reports", "conversions", id, name), Save: save,
			Groups: []ui.Group{{Fields: fields(values)}}, Hidden: map[string]string{"etag": c.GetEtag()},
		}
		one := actionForm{Title: title, Form: f, Confirm: confirm}
		if failed != nil && failed.name == name {
			one.IsOpen = true
			one.Form.Fail(failed.errs)
		}
		all = append(all, one)
	}
	if c.GetStatus() != trackingv1.Conversion_REJECTED {
		add("reject", "Reject", "Reject", "", func(v url.Values) []ui.Field {
			return []ui.Field{{Name: "reject_reason", Label: "Reason", Kind: "textarea", Value: v.Get("reject_reason"), IsRequired: true, Hint: "The publisher may be shown it."}}
		})
	}
	add("reassign", "Reassign", "Reassign", "", func(v url.Values) []ui.Field { return reassignFields(c, v) })
	add("adjust", "Adjust amount", "Set amount", "", func(v url.Values) []ui.Field { return adjustFields(c, v) })
	if c.GetAmount() != nil {
		add("refund", "Refund", "Note the refund", "Note this refund? It cannot be taken back.", func(v url.Values) []ui.Field { return refundFields(c, v) })
	}
	return all
}

func reassignFields(c *trackingv1.Conversion, v url.Values) []ui.Field {
	return []ui.Field{
		{Name: "reassign_coupon", Label: "Coupon", Kind: "picker", Pick: ui.Href("pick", "coupons", ui.IDOf(c.GetOffer())), Value: v.Get("reassign_coupon"), PickLabel: v.Get("reassign_coupon"), Hint: "A coupon of the same offer, valid or not."},
		{Name: "reassign_publisher", Label: "Or publisher", Kind: "picker", Pick: ui.Href("pick", "publishers"), Value: v.Get("reassign_publisher"), PickLabel: v.Get("reassign_publisher"), Hint: "Choose either a coupon or a publisher."},
		{Name: "reassign_reason", Label: "Reason", Kind: "textarea", Value: v.Get("reassign_reason")},
	}
}

func adjustFields(c *trackingv1.Conversion, v url.Values) []ui.Field {
	if !v.Has("adjust_amount") && c.GetAmount() != nil {
		v = url.Values{"adjust_amount": {format.Decimal(c.GetAmount().GetCurrencyCode(), c.GetAmount().GetUnits(), c.GetAmount().GetNanos())}, "adjust_currency": {c.GetAmount().GetCurrencyCode()}}
	}
	return []ui.Field{
		{Name: "adjust_amount", Label: "Amount", Value: v.Get("adjust_amount"), Mode: "decimal", IsRequired: true, Hint: "The amount of the sale. Payout and revenue follow."},
		{Name: "adjust_currency", Label: "Currency", Value: v.Get("adjust_currency"), Hint: "Empty: unchanged, or the offer's."},
		{Name: "adjust_reason", Label: "Reason", Kind: "textarea", Value: v.Get("adjust_reason")},
	}
}

func refundFields(c *trackingv1.Conversion, v url.Values) []ui.Field {
	return []ui.Field{
		{Name: "refund_amount", Label: "Amount", Value: v.Get("refund_amount"), Mode: "decimal", Hint: "In " + c.GetAmount().GetCurrencyCode() + ". Empty: all that is left of " + ui.MoneyText(c.GetAmount()) + "."},
		{Name: "refund_id", Label: "Refund id", Value: v.Get("refund_id"), Hint: "The refund's own id: it identifies repeats."},
		{Name: "refund_reason", Label: "Reason", Kind: "textarea", Value: v.Get("refund_reason")},
	}
}

// conversionName is the name of the conversion that the address names.
func conversionName(p *ui.Page) string { return resource.Conversion(p.Request.PathValue("conversion")) }

// changed answers an action: with the conversion's page and a toast, or with what was typed and what is
// wrong with it. fields are the service's names of the action's fields.
func changed(p *ui.Page, action string, err error, done ui.Toast, fields ...string) error {
	if err == nil {
		return p.Done(ui.Href("reports", "conversions", p.Request.PathValue("conversion")), done)
	}
	failed := &refusedAction{name: action, values: p.Request.PostForm, errs: ui.Errors{}, isConflict: ui.IsConflict(err)}
	if !failed.isConflict {
		said, ok := p.ErrorsOf(err, fields...)
		if !ok {
			return err
		}
		for name, text := range said {
			if name != "" {
				name = formName(action, name)
			}
			failed.errs.Add(name, text)
		}
	}
	return refuseAction(p, failed)
}

// formName is a form's name of a service's field.
func formName(action, name string) string {
	if name == "refund_id" {
		return name
	}
	return action + "_" + name
}

// refuseAction shows the conversion as it is now, with the action that was refused.
func refuseAction(p *ui.Page, failed *refusedAction) error {
	c, err := readConversion(p)
	if err != nil {
		return err
	}
	code := http.StatusUnprocessableEntity
	if failed.isConflict {
		code = http.StatusConflict
	}
	return showConversionAs(p, code, c, failed)
}

func approveConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	_, err := p.Conversions().ApproveConversion(r.Context(), &trackingv1.ApproveConversionRequest{Name: conversionName(p), Etag: r.PostFormValue("etag")})
	return changed(p, "approve", err, ui.Toast{Text: "Conversion approved."})
}

func rejectConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	before, err := readConversion(p)
	if err != nil {
		return err
	}
	_, err = p.Conversions().RejectConversion(r.Context(), &trackingv1.RejectConversionRequest{
		Name: conversionName(p), Reason: ui.Trimmed(r.PostForm, "reject_reason"), Etag: r.PostFormValue("etag"),
	})
	done := ui.Toast{Text: "Conversion rejected."}
	if before.GetStatus() == trackingv1.Conversion_APPROVED {
		done.Undo = &ui.Undo{Action: ui.Href("reports", "conversions", p.Request.PathValue("conversion"), "approve")}
	}
	return changed(p, "reject", err, done, "reason")
}

func reassignConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	coupon, publisher := ui.Trimmed(r.PostForm, "reassign_coupon"), ui.Trimmed(r.PostForm, "reassign_publisher")
	errs := ui.Errors{}
	if coupon == "" && publisher == "" {
		errs.Add("reassign_coupon", "Choose a coupon or a publisher.")
	} else if coupon != "" && publisher != "" {
		errs.Add("reassign_publisher", "Choose either a coupon or a publisher, not both.")
	}
	if len(errs) > 0 {
		return refuseAction(p, &refusedAction{name: "reassign", values: r.PostForm, errs: errs})
	}
	before, err := readConversion(p)
	if err != nil {
		return err
	}
	req := &trackingv1.ReassignConversionRequest{Name: conversionName(p), Reason: ui.Trimmed(r.PostForm, "reassign_reason"), Etag: r.PostFormValue("etag")}
	if coupon != "" {
		req.Coupon = before.GetOffer() + "/coupons/" + ui.IDOf(coupon)
	} else {
		req.Publisher = resource.Publisher(ui.IDOf(publisher))
	}
	_, err = p.Conversions().ReassignConversion(r.Context(), req)
	return changed(p, "reassign", err, ui.Toast{Text: "Conversion reassigned.", Undo: undoReassign(before)}, "coupon", "publisher", "reason")
}

// undoReassign credits the conversion as before; nil where nobody was credited.
func undoReassign(before *trackingv1.Conversion) *ui.Undo {
	fields := map[string]string{"reassign_reason": "Undo"}
	switch {
	case before.GetCoupon() != "":
		fields["reassign_coupon"] = ui.IDOf(before.GetCoupon())
	case before.GetPublisher() != "":
		fields["reassign_publisher"] = ui.IDOf(before.GetPublisher())
	default:
		return nil
	}
	return &ui.Undo{Action: ui.Href("reports", "conversions", ui.IDOf(before.GetName()), "reassign"), Fields: fields}
}

func adjustConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	errs := ui.Errors{}
	amount := ui.AmountOf(ui.Trimmed(r.PostForm, "adjust_amount"), strings.ToUpper(ui.Trimmed(r.PostForm, "adjust_currency")), "adjust_amount", errs)
	if len(errs) > 0 {
		return refuseAction(p, &refusedAction{name: "adjust", values: r.PostForm, errs: errs})
	}
	before, err := readConversion(p)
	if err != nil {
		return err
	}
	_, err = p.Conversions().AdjustConversion(r.Context(), &trackingv1.AdjustConversionRequest{
		Name: conversionName(p), Amount: amount, Reason: ui.Trimmed(r.PostForm, "adjust_reason"), Etag: r.PostFormValue("etag"),
	})
	done := ui.Toast{Text: "Amount adjusted."}
	if m := before.GetAmount(); m != nil {
		done.Undo = &ui.Undo{Action: ui.Href("reports", "conversions", p.Request.PathValue("conversion"), "adjust"), Fields: map[string]string{
			"adjust_amount": format.Decimal(m.GetCurrencyCode(), m.GetUnits(), m.GetNanos()), "adjust_currency": m.GetCurrencyCode(), "adjust_reason": "Undo",
		}}
	}
	return changed(p, "adjust", err, done, "amount", "reason")
}

func refundConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	req := &trackingv1.RefundConversionRequest{
		Name: conversionName(p), RefundId: ui.Trimmed(r.PostForm, "refund_id"), Reason: ui.Trimmed(r.PostForm, "refund_reason"), Etag: r.PostFormValue("etag"),
	}
	if typed := ui.Trimmed(r.PostForm, "refund_amount"); typed != "" {
		c, err := readConversion(p)
		if err != nil {
			return err
		}
		errs := ui.Errors{}
		if req.Amount = ui.AmountOf(typed, c.GetAmount().GetCurrencyCode(), "refund_amount", errs); len(errs) > 0 {
			return refuseAction(p, &refusedAction{name: "refund", values: r.PostForm, errs: errs})
		}
	}
	_, err := p.Conversions().RefundConversion(r.Context(), req)
	return changed(p, "refund", err, ui.Toast{Text: "Refund noted."}, "amount", "refund_id", "reason")
}

func resolveConversion(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	number, err := strconv.ParseInt(r.PostFormValue("conflict"), 10, 32)
	if err != nil {
		return p.Refuse(http.StatusBadRequest, "There is no such conflict", "Go back, reload the page and try again.")
	}
	resolution := trackingv1.ConversionConflict_Resolution(trackingv1.ConversionConflict_Resolution_value[r.PostFormValue("resolution")])
	_, err = p.Conversions().ResolveConflict(r.Context(), &trackingv1.ResolveConflictRequest{
		Name: conversionName(p), Conflict: int32(number), Resolution: resolution, Etag: r.PostFormValue("etag"),
	})
	return changed(p, "resolve", err, ui.Toast{Text: "Conflict resolved."})
}

// pickCoupons offers the coupons of an offer, by the beginning of their code.
func pickCoupons(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	filter := "state != ARCHIVED"
	if typed := pasted.Trim(r.URL.Query().Get("q")); typed != "" {
		filter = ui.And(`code = `+strings.TrimSuffix(ui.Quoted(typed), `"`)+`*"`, filter)
	}
	resp, err := couponv1.NewCouponServiceClient(p.Coupon).ListCoupons(r.Context(), &couponv1.ListCouponsRequest{
		Parent: resource.Offer(r.PathValue("offer")), PageSize: ui.Picks, OrderBy: "code", Filter: filter,
	})
	if err != nil {
		return err
	}
	var publishers []string
	for _, c := range resp.GetCoupons() {
		publishers = append(publishers, c.GetPublisher())
	}
	called := p.NamesOf(r.Context(), nil, publishers)
	view := ui.PickView{HasMore: resp.GetNextPageToken() != ""}
	for _, c := range resp.GetCoupons() {
		view.Found = append(view.Found, ui.Picked{ID: ui.IDOf(c.GetName()), Label: c.GetCode() + " of " + called.Of(c.GetPublisher()), State: c.GetState().String()})
	}
	return p.Part("pick", "options", view)
}

package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/attributiontest"
)

// setUp returns the steps that set up the case, and its click.
func (a *attributionPlay) setUp() []step {
	others, publishers := a.Parties()
	var steps []step
	for _, offer := range append(others, a.Offer.Name) { // the last offer's token is kept
		steps = append(steps, step{Use: "offer", With: map[string]string{"offer": offer}})
	}
	for _, publisher := range publishers {
		steps = append(steps, step{Use: "publisher", With: map[string]string{"pub": publisher}})
	}
	for _, coupon := range a.Coupons {
		steps = append(steps, a.createCoupon(coupon))
	}
	steps = append(steps, setWorld(a.World, a.Coupons)...)
	if a.Click == nil {
		return steps
	}
	query := url.Values{"offer_id": {a.Click.Offer}, "pub_id": {a.Click.Publisher}, "coupon_code": {a.Click.Code}}
	for name, value := range attributiontest.ClickValues() {
		query.Set(name, value)
	}
	return append(steps, step{
		HTTP: "GET /click?" + query.Encode(), expectation: expectation{Status: http.StatusFound},
		Capture: map[string]string{"click": "Location: cid=([0-9a-f-]{36})"},
	})
}

// changes returns the steps for the changes after the click.
func (a *attributionPlay) changes() []step {
	var steps []step
	var archived []attributiontest.Coupon
	after := a.AfterClick()
	for _, change := range a.After.Coupons {
		same := func(c attributiontest.Coupon) bool { return c.Key() == change.Key() }
		switch {
		case !slices.ContainsFunc(a.Coupons, same):
			steps = append(steps, a.createCoupon(change))
		case change.Archived:
			archived = append(archived, change)
		default:
			changed := after.Coupons[slices.IndexFunc(after.Coupons, same)]
			steps = append(steps, step{
				Call: "coupon.v1.CouponService/UpdateCoupon", Mask: []string{"start_time", "expire_time", "enabled", "settings"},
				Request: map[string]any{"coupon": a.couponFields(changed)},
			})
		}
	}
	return append(steps, setWorld(a.After, archived)...)
}

// setWorld returns the steps that set the settings and states of the offer, the approvals and the publishers, and
// archive the archived coupons.
func setWorld(w attributiontest.World, coupons []attributiontest.Coupon) []step {
	var steps []step
	for _, coupon := range coupons {
		if coupon.Archived {
			steps = append(steps, step{Call: "coupon.v1.CouponService/ArchiveCoupon", Request: map[string]any{"name": coupon.Key()}})
		}
	}
	for publisher, approval := range w.Approvals {
		method := map[string]string{"APPROVED": "ApprovePublisher", "BLOCKED": "BlockPublisher"}[approval]
		name := "offers/" + w.Offer.Name + "/approvals/" + publisher
		steps = append(steps, step{Call: "coupon.v1.ApprovalService/" + method, Request: map[string]any{"name": name}})
	}
	for publisher, state := range w.Publishers {
		steps = append(steps, step{
			Call: "coupon.v1.PublisherService/UpdatePublisher", Mask: []string{"state"},
			Request: map[string]any{"publisher": map[string]any{"name": "publishers/" + publisher, "state": state}},
		})
	}
	offer := settingsOf(w.Offer.Precedence, w.Offer.ClickWindow, w.Offer.CouponGrace)
	if w.Offer.State != "" {
		offer["state"] = w.Offer.State
	}
	if len(offer) == 0 {
		return steps
	}
	offer["name"] = "offers/" + w.Offer.Name
	// Without a mask, the fields that are set change.
	return append(steps, step{Call: "coupon.v1.OfferService/UpdateOffer", Request: map[string]any{"offer": offer}})
}

func (a *attributionPlay) createCoupon(c attributiontest.Coupon) step {
	fields := a.couponFields(c)
	delete(fields, "name")
	fields["code"], fields["publisher"] = c.Code, "publishers/"+c.Publisher
	return step{
		Call:    "coupon.v1.CouponService/CreateCoupon",
		Request: map[string]any{"parent": "offers/" + c.Offer, "coupon": fields},
	}
}

// couponFields returns a coupon's name and the fields that can change.
func (a *attributionPlay) couponFields(c attributiontest.Coupon) map[string]any {
	fields := map[string]any{
		"name": c.Key(), "enabled": c.Enabled == nil || *c.Enabled, "startTime": a.at(c.Start, -30*24*time.Hour),
		"settings": settingsOf(c.Precedence, c.ClickWindow, c.CouponGrace),
	}
	if c.Expire != nil {
		fields["expireTime"] = a.at(c.Expire, 0)
	}
	return fields
}

// settingsOf returns the settings of an offer or a coupon that are set.
func settingsOf(precedence string, window, grace *attributiontest.Span) map[string]any {
	settings := map[string]any{}
	if precedence != "" {
		settings["precedence"] = precedence
	}
	if window != nil {
		settings["clickWindow"] = fmt.Sprintf("%.0fs", window.Or(0).Seconds())
	}
	if grace != nil {
		settings["couponGrace"] = fmt.Sprintf("%.0fs", grace.Or(0).Seconds())
	}
	return settings
}

// at returns a time in the case, in the API's form.
func (a *attributionPlay) at(s *attributiontest.Span, unset time.Duration) string {
	return a.zero.Add(s.Or(unset)).Format(time.RFC3339Nano)
}

// report returns the steps that report the sale, and compare the answer and the stored conversion with the case.
func (a *attributionPlay) report() []step {
	sent := map[string]string{
		"offer_id": a.Offer.Name, "token": a.vars["token"], "transaction_id": "A-1",
		"coupon_code": a.Sale.Codes(), "pub_id": a.Sale.Publisher, "click_id": a.Sale.Click,
	}
	if a.Sale.Click == attributiontest.Made {
		sent["click_id"] = a.vars["click"]
	}
	if a.Sale.Time != nil {
		sent["timestamp"] = a.at(a.Sale.Time, 0)
	}
	query := url.Values{}
	for name, value := range sent {
		query.Set(name, value)
	}
	status := http.StatusOK
	if a.Want.Outcome == "UNATTRIBUTED" {
		status = http.StatusAccepted
	}
	return []step{
		{
			// If the sale could not be judged in time, an advertiser sends it again. Otherwise the first judgement
			// stays, and the answer is DUPLICATE.
			HTTP: "GET /postback?" + query.Encode(), Eventually: "10s", Save: map[string]string{"conversion": "conversion"},
			expectation: expectation{Status: status, Response: a.verdict()},
		},
		{
			Call: "tracking.v1.ConversionService/GetConversion", Request: map[string]any{"name": "${conversion}"},
			expectation: expectation{Response: a.conversion(sent["click_id"])},
		},
	}
}

// verdict returns the expected fields of both the postback's answer and the conversion.
func (a *attributionPlay) verdict() map[string]any {
	want, publisher := a.Want, ""
	if want.Publisher != "" {
		publisher = "publishers/" + want.Publisher
	}
	return map[string]any{"outcome": want.Outcome, "method": want.Method, "reason": want.Reason, "publisher": publisher}
}

// conversion returns the expected conversion.
func (a *attributionPlay) conversion(clickID string) map[string]any {
	if a.Want.Reason == "NO_REFERENCE" {
		clickID = "" // the id that was sent is an unfilled macro
	}
	decision := map[string]any{"rule": "!present", "click": "!absent"}
	if a.Sale.Click == attributiontest.Made {
		decision["click"] = map[string]any{"click": clickID, "reason": a.Want.ClickReason}
	}
	candidates := []any{}
	for _, name := range a.Want.Candidates {
		candidates = append(candidates, name)
	}
	codes := []any{}
	for _, code := range append([]string{a.Sale.Code}, a.Sale.More...) {
		if code = strings.TrimSpace(code); code != "" {
			codes = append(codes, code)
		}
	}
	if len(a.Sale.More) > 0 {
		decision["codes"] = map[string]any{"!len": len(codes)}
	}
	conversion := a.verdict()
	maps.Copy(conversion, map[string]any{
		"coupon": a.Want.Coupon, "codes": codes, "click": clickID, "explanation": "!present", "decision": decision,
		"candidates": map[string]any{"!len": len(candidates), "!has": candidates},
	})
	fields := (&trackingv1.Conversion{}).ProtoReflect().Descriptor().Fields()
	for name, value := range a.Want.Values() {
		conversion[fields.ByName(protoreflect.Name(name)).JSONName()] = value
	}
	return conversion
}

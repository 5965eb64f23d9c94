package offers

import (
	"net/url"
	"strings"
	"unicode"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

// Forms are made from url.Values, be they a stored offer's (offerValues) or what was typed: so what was
// typed is kept, whatever it is.

// offerValues returns an offer as the values of its form.
func offerValues(o *couponv1.Offer) url.Values {
	values := url.Values{}
	set := func(name, value string) { values.Set(name, value) }
	set("display_name", o.GetDisplayName())
	set("landing_page_url", o.GetLandingPageUrl())
	set("fallback_url", o.GetFallbackUrl())
	set("state", o.GetState().String())
	set("precedence", o.GetPrecedence().String())
	set("postback_auth", o.GetPostbackAuth().String())
	set("default_conversion_status", o.GetDefaultConversionStatus().String())
	set("currency_code", o.GetCurrencyCode())
	set("forward_parameters", strings.Join(o.GetForwardParameters(), ", "))
	if o.GetUniqueCodes() {
		set("unique_codes", "on")
	}
	ui.SetPayout(values, "payout", o.GetPayout())
	ui.SetPayout(values, "revenue", o.GetRevenue())
	if most := o.GetOpenPostbackMaxAmount(); most != nil {
		set("open_postback_max_amount", format.Decimal(most.GetCurrencyCode(), most.GetUnits(), most.GetNanos()))
		set("open_postback_max_amount_currency", most.GetCurrencyCode())
	}
	ui.SetDuration(values, "click_window", o.GetClickWindow().AsDuration())
	ui.SetDuration(values, "coupon_grace", o.GetCouponGrace().AsDuration())
	return values
}

// offerFrom reads an offer from its form's values. What cannot be read is noted in errs.
func offerFrom(values url.Values, errs ui.Errors) *couponv1.Offer {
	currency := strings.ToUpper(ui.Trimmed(values, "currency_code"))
	inPayouts := currency
	if inPayouts == "" {
		inPayouts = "USD"
	}
	return &couponv1.Offer{
		DisplayName:             ui.Trimmed(values, "display_name"),
		LandingPageUrl:          ui.Trimmed(values, "landing_page_url"),
		FallbackUrl:             ui.Trimmed(values, "fallback_url"),
		State:                   couponv1.Offer_State(couponv1.Offer_State_value[values.Get("state")]),
		Precedence:              couponv1.Offer_Precedence(couponv1.Offer_Precedence_value[values.Get("precedence")]),
		PostbackAuth:            couponv1.Offer_PostbackAuth(couponv1.Offer_PostbackAuth_value[values.Get("postback_auth")]),
		DefaultConversionStatus: couponv1.Offer_ConversionStatus(couponv1.Offer_ConversionStatus_value[values.Get("default_conversion_status")]),
		UniqueCodes:             values.Get("unique_codes") != "",
		ForwardParameters:       strings.FieldsFunc(values.Get("forward_parameters"), isBetweenNames),
		CurrencyCode:            currency,
		Payout:                  ui.PayoutOf(values, "payout", inPayouts, errs),
		Revenue:                 ui.PayoutOf(values, "revenue", inPayouts, errs),
		OpenPostbackMaxAmount:   maxAmountOf(values, inPayouts, errs),
		ClickWindow:             ui.DurationOf(values, "click_window", errs),
		CouponGrace:             ui.DurationOf(values, "coupon_grace", errs),
	}
}

// newOfferForm is the form of an offer that is not there yet: what an offer needs, no more.
func newOfferForm(values url.Values) ui.Form {
	return ui.Form{
		ID: "offer-form", Action: ui.Href("offers", "new"), Save: "Create Offer", Cancel: ui.Href("offers"),
		Groups: []ui.Group{
			{Fields: []ui.Field{
				ui.NameField(values, "Offer name"),
				ui.IDField(values, "offer_id", "Offer id"),
				landingField(values),
			}},
			{Title: "Payout", Text: "What a sale earns its publisher.", Fields: ui.PayoutFields("payout", "Payout", "No payout", values)},
			{Title: "Sales", Fields: []ui.Field{ui.CurrencyField(values)}},
		},
	}
}

// offerForm is the form of an offer's settings.
func offerForm(o *couponv1.Offer, values url.Values) ui.Form {
	id := ui.IDOf(o.GetName())
	return ui.Form{
		ID: "offer-form", Action: ui.Href("offers", id, "settings"), Save: "Save", Reload: ui.Href("offers", id, "settings"),
		Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: []ui.Group{
			{Title: "Offer", Fields: []ui.Field{
				ui.NameField(values, "Offer name"),
				{
					Name: "state", Label: "State", Kind: "select", Value: values.Get("state"),
					Choices: []ui.Choice{{Value: "ACTIVE", Label: "Active"}, {Value: "PAUSED", Label: "Paused"}, {Value: "ARCHIVED", Label: "Archived"}},
					Hint:    "While paused, visitors are redirected and sales are kept, but nothing is earned. Archived offers get no new coupons.",
				},
				landingField(values),
				{
					Name: "fallback_url", Label: "Fallback URL", Kind: "url", Value: values.Get("fallback_url"),
					Hint: "Where visitors go whose code is unknown or not valid. Empty: to the landing page.",
				},
				{
					Name: "forward_parameters", Label: "Pass on to these pages", Value: values.Get("forward_parameters"),
					Placeholder: strings.Join(trackinglink.DefaultForward(), ", "),
					Hint:        "Parameters of a link that are added to the page's URL, such as utm_*, gclid. Write none to pass on nothing. Empty: the defaults.",
				},
			}},
			{Title: "Payout", Text: "What a sale earns its publisher.", Fields: ui.PayoutFields("payout", "Payout", "No payout", values)},
			{Title: "Revenue", Text: "What the advertiser owes for a sale.", Fields: ui.PayoutFields("revenue", "Revenue", "Not recorded", values)},
			{Title: "Sales", Fields: ui.SalesFields(values)},
			{Title: "Attribution", Text: "What counts when a sale comes in.", Fields: ui.AttributionFields(values)},
			{Title: "Postbacks", Fields: postbackFields(values)},
		},
	}
}

// isBetweenNames reports whether a character separates names in a list.
func isBetweenNames(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }

func landingField(values url.Values) ui.Field {
	return ui.Field{
		Name: "landing_page_url", Label: "Landing page URL", Kind: "url", Value: values.Get("landing_page_url"), IsRequired: true,
		Placeholder: "https://shop.example.com/?click={click_id}",
		Hint:        "Where visitors go. {click_id}, {coupon_code}, {pub_id} and other macros are filled in, and {query.NAME} with the parameter NAME of the link; without {click_id} clicks cannot be told apart.",
	}
}

func postbackFields(values url.Values) []ui.Field {
	return []ui.Field{
		{
			Name: "postback_auth", Label: "Postbacks must carry", Kind: "select", Value: values.Get("postback_auth"),
			Choices: []ui.Choice{{Value: "TOKEN", Label: "The offer's token"}, {Value: "HMAC", Label: "A signature"}, {Value: "OPEN", Label: "Nothing: anybody may report a sale"}},
			Hint:    "Sales that came without proof wait as pending.",
		},
		{
			Name: "open_postback_max_amount", Label: "Greatest amount without a token", Value: values.Get("open_postback_max_amount"), Mode: "decimal",
			Hint: "If anybody may report a sale: greater amounts, and those in another currency, are refused unless they come with the token. Empty: no limit.",
			Next: &ui.Field{
				Name: "open_postback_max_amount_currency", Label: "Greatest amount: currency", Value: values.Get("open_postback_max_amount_currency"),
				Placeholder: "USD",
			},
		},
	}
}

// maxAmountOf reads the greatest amount without a token; nil for none. currency is taken if none was typed.
func maxAmountOf(values url.Values, currency string, errs ui.Errors) *couponv1.Money {
	const name = "open_postback_max_amount"
	text := ui.Trimmed(values, name)
	if text == "" {
		return nil
	}
	if typed := strings.ToUpper(ui.Trimmed(values, name+"_currency")); typed != "" {
		currency = typed
	}
	return ui.AmountOf(text, currency, name, errs)
}

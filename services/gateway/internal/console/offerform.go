package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/internal/pasted"
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
	setPayout(values, "payout", o.GetPayout())
	setPayout(values, "revenue", o.GetRevenue())
	if most := o.GetOpenPostbackMaxAmount(); most != nil {
		set("open_postback_max_amount", format.Decimal(most.GetCurrencyCode(), most.GetUnits(), most.GetNanos()))
		set("open_postback_max_amount_currency", most.GetCurrencyCode())
	}
	setDuration(values, "click_window", o.GetClickWindow().AsDuration())
	setDuration(values, "coupon_grace", o.GetCouponGrace().AsDuration())
	return values
}

// offerFrom reads an offer from its form's values. What cannot be read is noted in errs.
func offerFrom(values url.Values, errs formErrors) *couponv1.Offer {
	currency := strings.ToUpper(trimmed(values, "currency_code"))
	inPayouts := currency
	if inPayouts == "" {
		inPayouts = "USD"
	}
	return &couponv1.Offer{
		DisplayName:             trimmed(values, "display_name"),
		LandingPageUrl:          trimmed(values, "landing_page_url"),
		FallbackUrl:             trimmed(values, "fallback_url"),
		State:                   couponv1.Offer_State(couponv1.Offer_State_value[values.Get("state")]),
		Precedence:              couponv1.Offer_Precedence(couponv1.Offer_Precedence_value[values.Get("precedence")]),
		PostbackAuth:            couponv1.Offer_PostbackAuth(couponv1.Offer_PostbackAuth_value[values.Get("postback_auth")]),
		DefaultConversionStatus: couponv1.Offer_ConversionStatus(couponv1.Offer_ConversionStatus_value[values.Get("default_conversion_status")]),
		UniqueCodes:             values.Get("unique_codes") != "",
		ForwardParameters:       strings.FieldsFunc(values.Get("forward_parameters"), isBetweenNames),
		CurrencyCode:            currency,
		Payout:                  payoutOf(values, "payout", inPayouts, errs),
		Revenue:                 payoutOf(values, "revenue", inPayouts, errs),
		OpenPostbackMaxAmount:   maxAmountOf(values, inPayouts, errs),
		ClickWindow:             durationOf(values, "click_window", errs),
		CouponGrace:             durationOf(values, "coupon_grace", errs),
	}
}

// newOfferForm is the form of an offer that is not there yet: what an offer needs, no more.
func newOfferForm(values url.Values) form {
	return form{
		ID: "offer-form", Action: at("offers", "new"), Save: "Create Offer", Cancel: at("offers"),
		Groups: []group{
			{Fields: []field{
				nameField(values, "Offer name"),
				idField(values, "offer_id", "Offer id"),
				landingField(values),
			}},
			{Title: "Payout", Text: "What a sale earns its publisher.", Fields: payoutFields("payout", "Payout", "No payout", values)},
			{Title: "Sales", Fields: []field{currencyField(values)}},
		},
	}
}

// offerForm is the form of an offer's settings.
func offerForm(o *couponv1.Offer, values url.Values) form {
	id := idOf(o.GetName())
	return form{
		ID: "offer-form", Action: at("offers", id, "settings"), Save: "Save", Reload: at("offers", id, "settings"),
		Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: []group{
			{Title: "Offer", Fields: []field{
				nameField(values, "Offer name"),
				{
					Name: "state", Label: "State", Kind: "select", Value: values.Get("state"),
					Choices: []choice{{"ACTIVE", "Active"}, {"PAUSED", "Paused"}, {"ARCHIVED", "Archived"}},
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
			{Title: "Payout", Text: "What a sale earns its publisher.", Fields: payoutFields("payout", "Payout", "No payout", values)},
			{Title: "Revenue", Text: "What the advertiser owes for a sale.", Fields: payoutFields("revenue", "Revenue", "Not recorded", values)},
			{Title: "Sales", Fields: salesFields(values)},
			{Title: "Attribution", Text: "What counts when a sale comes in.", Fields: attributionFields(values)},
			{Title: "Postbacks", Fields: postbackFields(values)},
		},
	}
}

// isBetweenNames reports whether a character separates names in a list.
func isBetweenNames(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }

func nameField(values url.Values, label string) field {
	return field{Name: "display_name", Label: label, Value: values.Get("display_name"), IsRequired: true, Hint: "What people call it."}
}

func idField(values url.Values, name, label string) field {
	return field{
		Name: name, Label: label, Kind: "code", Value: values.Get(name),
		Hint: "Stands in links and reports and never changes: small letters, digits and hyphens. Empty: one is made up.",
	}
}

func landingField(values url.Values) field {
	return field{
		Name: "landing_page_url", Label: "Landing page URL", Kind: "url", Value: values.Get("landing_page_url"), IsRequired: true,
		Placeholder: "https://shop.example.com/?click={click_id}",
		Hint:        "Where visitors go. {click_id}, {coupon_code}, {pub_id} and other macros are filled in, and {query.NAME} with the parameter NAME of the link; without {click_id} clicks cannot be told apart.",
	}
}

func currencyField(values url.Values) field {
	return field{
		Name: "currency_code", Label: "Currency", Value: values.Get("currency_code"), Placeholder: "USD",
		Hint: "Of sales that name none: three letters, such as USD or EUR.",
	}
}

func salesFields(values url.Values) []field {
	return []field{currencyField(values), {
		Name: "default_conversion_status", Label: "New conversions are", Kind: "select", Value: values.Get("default_conversion_status"),
		Choices: []choice{{"PENDING", "Pending, until somebody approves them"}, {"APPROVED", "Approved at once, if attributed and proven"}},
	}}
}

func attributionFields(values url.Values) []field {
	return []field{
		{
			Name: "precedence", Label: "With both a code and a click", Kind: "select", Value: values.Get("precedence"),
			Choices: []choice{{"CODE_FIRST", "The code wins"}, {"CLICK_FIRST", "The click wins"}, {"ONLY_IF_CLICKED", "The code counts only with a click of its publisher"}},
		},
		durationField("click_window", "Click window", "How long after a click a sale still counts for it.", values),
		durationField("coupon_grace", "Coupon grace", "How long after its expiration a code still earns.", values),
		{
			Name: "unique_codes", Label: "One publisher per code", Kind: "checkbox", Value: values.Get("unique_codes"),
			Hint: "No two publishers can have the same code on this offer at the same time.",
		},
	}
}

func postbackFields(values url.Values) []field {
	return []field{
		{
			Name: "postback_auth", Label: "Postbacks must carry", Kind: "select", Value: values.Get("postback_auth"),
			Choices: []choice{{"TOKEN", "The offer's token"}, {"HMAC", "A signature"}, {"OPEN", "Nothing: anybody may report a sale"}},
			Hint:    "Sales that came without proof wait as pending.",
		},
		{
			Name: "open_postback_max_amount", Label: "Greatest amount without a token", Value: values.Get("open_postback_max_amount"), Mode: "decimal",
			Hint: "If anybody may report a sale: greater amounts, and those in another currency, are refused unless they come with the token. Empty: no limit.",
			Next: &field{
				Name: "open_postback_max_amount_currency", Label: "Greatest amount: currency", Value: values.Get("open_postback_max_amount_currency"),
				Placeholder: "USD",
			},
		},
	}
}

// maxAmountOf reads the greatest amount without a token; nil for none. currency is taken if none was typed.
func maxAmountOf(values url.Values, currency string, errs formErrors) *couponv1.Money {
	const name = "open_postback_max_amount"
	text := trimmed(values, name)
	if text == "" {
		return nil
	}
	if typed := strings.ToUpper(trimmed(values, name+"_currency")); typed != "" {
		currency = typed
	}
	return amountOf(text, currency, name, errs)
}

// durationField is a length of time: a number and a unit.
func durationField(name, label, hint string, values url.Values) field {
	var units []choice
	for _, u := range format.Units() {
		units = append(units, choice{u.Name, u.Name})
	}
	return field{
		Name: name, Label: label, Value: values.Get(name), Hint: hint, Mode: "numeric",
		Next: &field{Name: name + "_unit", Label: label + ": unit", Kind: "select", Value: values.Get(name + "_unit"), Choices: units},
	}
}

func setDuration(values url.Values, name string, d time.Duration) {
	n, unit := format.InUnit(d)
	values.Set(name, strconv.FormatInt(n, 10))
	values.Set(name+"_unit", unit)
}

// durationOf reads a length of time; nil, for the default, where none was typed.
func durationOf(values url.Values, name string, errs formErrors) *durationpb.Duration {
	text := trimmed(values, name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		errs.add(name, "Write a whole number, such as 30.")
		return nil
	}
	for _, u := range format.Units() {
		if u.Name == values.Get(name+"_unit") {
			return durationpb.New(time.Duration(n) * u.Length)
		}
	}
	errs.add(name, "Choose a unit.")
	return nil
}

// trimmed returns a value without the spaces that copying brings along.
func trimmed(values url.Values, name string) string { return pasted.Trim(values.Get(name)) }

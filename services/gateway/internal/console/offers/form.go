package offers

import (
	"net/url"
	"strings"
	"unicode"

	"google.golang.org/protobuf/types/known/durationpb"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

type (
	offer    = couponv1.Offer
	property = ui.Property[offer]
	section  = ui.Section[offer]
)

// newOfferSchema is the form of a new offer: what an offer needs, no more.
func newOfferSchema() ui.Schema[offer] {
	return ui.Schema[offer]{
		{Properties: []property{name(), ui.Shown[offer](ui.IDField("offer_id", "Offer id")), landingPage()}},
		payout(),
		{Title: "Sales", Properties: []property{currency(), postbackAuth()}},
	}
}

// draftOffer is what the form of a new offer begins with.
func draftOffer() *offer { return &offer{PostbackAuth: couponv1.Offer_HMAC} }

// offerSchema is the form of an offer's settings.
func offerSchema() ui.Schema[offer] {
	return ui.Schema[offer]{
		{Title: "Offer", Properties: []property{
			name(),
			ui.Select(ui.Field{
				Name: "state", Label: "State",
				Choices: []ui.Choice{{Value: "ACTIVE", Label: "Active"}, {Value: "PAUSED", Label: "Paused"}, {Value: "ARCHIVED", Label: "Archived"}},
				Hint:    "While paused, visitors are redirected and sales are kept, but nothing is earned. Archived offers get no new coupons.",
			}, func(o *offer) *couponv1.Offer_State { return &o.State }),
			landingPage(),
			ui.Text(ui.Field{
				Name: "fallback_url", Label: "Fallback URL", Kind: "url",
				Hint: "Where visitors go whose code is unknown or not valid. Empty: to the landing page.",
			}, func(o *offer) *string { return &o.FallbackUrl }),
			forwardParameters(),
		}},
		payout(),
		{Title: "Revenue", Text: "What the advertiser owes for a sale.", Properties: []property{
			ui.Payout("revenue", "Revenue", "Not recorded", payoutCurrency, func(o *offer) **couponv1.Payout { return &o.Revenue }),
		}},
		{Title: "Sales", Properties: []property{
			currency(),
			ui.Select(ui.StatusField(), func(o *offer) *couponv1.Offer_ConversionStatus { return &o.DefaultConversionStatus }),
			payoutBase(),
		}},
		attribution(),
		postbacks(),
	}
}

func name() property {
	return ui.Text(ui.NameField("Offer name"), func(o *offer) *string { return &o.DisplayName })
}

func landingPage() property {
	return ui.Text(ui.Field{
		Name: "landing_page_url", Label: "Landing page URL", Kind: "url", IsRequired: true,
		Placeholder: "https://shop.example.com/?click={click_id}",
		Hint:        "Where visitors go. {click_id}, {coupon_code}, {pub_id} and other macros are filled in, and {query.NAME} with the parameter NAME of the link; without {click_id} clicks cannot be told apart.",
	}, func(o *offer) *string { return &o.LandingPageUrl })
}

func payout() section {
	return section{Title: "Payout", Text: "What a sale earns its publisher.", Properties: []property{
		ui.Payout("payout", "Payout", "No payout", payoutCurrency, func(o *offer) **couponv1.Payout { return &o.Payout }),
	}}
}

// currency is the currency of sales. It is stored in upper case.
func currency() property {
	p := ui.Text(ui.Field{
		Name: "currency_code", Label: "Currency", Placeholder: "USD",
		Hint: "Of sales that name none: three letters, such as USD or EUR.",
	}, func(o *offer) *string { return &o.CurrencyCode })
	p.Set = func(values url.Values, o *offer, _ ui.Errors) { o.CurrencyCode = typedCurrency(values) }
	return p
}

// payoutBase is the amount that percentage payouts and revenue are computed from.
func payoutBase() property {
	return ui.Select(ui.Field{
		Name: "payout_base", Label: "Percentages apply to",
		Choices: []ui.Choice{
			{Value: "AS_SENT", Label: "The amount as sent"},
			{Value: "BEFORE_DISCOUNT", Label: "The amount before the discount (amount sent plus discount)"},
			{Value: "AFTER_DISCOUNT", Label: "The amount after the discount (amount sent minus discount)"},
		},
		Hint: "For sales reported with a discount. Fixed payouts do not change.",
	}, func(o *offer) *couponv1.Offer_PayoutBase { return &o.PayoutBase })
}

func typedCurrency(values url.Values) string {
	return strings.ToUpper(ui.Trimmed(values, "currency_code"))
}

// payoutCurrency is the default currency of amounts.
func payoutCurrency(values url.Values) string { return format.OrElse(typedCurrency(values), "USD") }

func forwardParameters() property {
	return property{
		Path: "forward_parameters",
		Fields: func(values url.Values) []ui.Field {
			return []ui.Field{{
				Name: "forward_parameters", Label: "Pass on to these pages", Value: values.Get("forward_parameters"),
				Placeholder: strings.Join(trackinglink.DefaultForward(), ", "),
				Hint:        "Parameters of a link that are added to the page's URL, such as utm_*, gclid. Write none to pass on nothing. Empty: the defaults.",
			}}
		},
		Get: func(o *offer, values url.Values) {
			values.Set("forward_parameters", strings.Join(o.GetForwardParameters(), ", "))
		},
		Set: func(values url.Values, o *offer, _ ui.Errors) {
			o.ForwardParameters = strings.FieldsFunc(values.Get("forward_parameters"), isBetweenNames)
		},
	}
}

// isBetweenNames reports whether a character separates names in a list.
func isBetweenNames(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }

func attribution() section {
	return section{Title: "Attribution", Text: "What counts when a sale comes in.", Properties: []property{
		ui.Select(ui.PrecedenceField(), func(o *offer) *couponv1.Offer_Precedence { return &o.Precedence }),
		ui.Duration(ui.WindowField(), func(o *offer) **durationpb.Duration { return &o.ClickWindow }),
		ui.Duration(ui.GraceField(), func(o *offer) **durationpb.Duration { return &o.CouponGrace }),
		ui.Checkbox(ui.Field{
			Name: "unique_codes", Label: "One publisher per code",
			Hint: "No two publishers can have the same code on this offer at the same time.",
		}, (*offer).GetUniqueCodes, func(o *offer, is bool) { o.UniqueCodes = is }),
	}}
}

func postbacks() section {
	return section{Title: "Postbacks", Properties: []property{postbackAuth(), maxAmount()}}
}

// postbackAuth is how postbacks prove where they come from.
func postbackAuth() property {
	return ui.Select(ui.Field{
		Name: "postback_auth", Label: "Postbacks must carry",
		Choices: []ui.Choice{{Value: "HMAC", Label: "A signature"}, {Value: "TOKEN", Label: "The offer's token"}, {Value: "OPEN", Label: "Nothing: anybody may report a sale"}},
		Hint:    "A shop's own server can sign. A platform that only calls an address needs the token, which is part of it. Without either, sales stay pending.",
	}, func(o *offer) *couponv1.Offer_PostbackAuth { return &o.PostbackAuth })
}

// maxAmount is the greatest amount without a token: an amount and its currency. Empty is no limit.
func maxAmount() property {
	const name, unit = "open_postback_max_amount", "open_postback_max_amount_currency"
	return property{
		Path: name,
		Fields: func(values url.Values) []ui.Field {
			return []ui.Field{{
				Name: name, Label: "Greatest amount without a token", Value: values.Get(name), Mode: "decimal",
				Hint: "If anybody may report a sale: greater amounts, and those in another currency, are refused unless they come with the token. Empty: no limit.",
				Next: &ui.Field{Name: unit, Label: "Greatest amount: currency", Value: values.Get(unit), Placeholder: "USD"},
			}}
		},
		Get: func(o *offer, values url.Values) {
			if most := o.GetOpenPostbackMaxAmount(); most != nil {
				values.Set(name, format.Decimal(most.GetCurrencyCode(), most.GetUnits(), most.GetNanos()))
				values.Set(unit, most.GetCurrencyCode())
			}
		},
		Set: func(values url.Values, o *offer, errs ui.Errors) {
			if text := ui.Trimmed(values, name); text != "" {
				code := format.OrElse(strings.ToUpper(ui.Trimmed(values, unit)), payoutCurrency(values))
				o.OpenPostbackMaxAmount = ui.AmountOf(text, code, name, errs)
			}
		},
	}
}

// newOfferForm is the form of a new offer.
func newOfferForm(values url.Values) ui.Form {
	return ui.Form{
		ID: "offer-form", Action: ui.Href("offers", "new"), Save: "Create Offer", Cancel: ui.Href("offers"),
		Groups: newOfferSchema().Groups(values),
	}
}

// offerForm is the form of an offer's settings.
func offerForm(o *offer, values url.Values) ui.Form {
	href := ui.Href("offers", ui.IDOf(o.GetName()), "settings")
	return ui.Form{
		ID: "offer-form", Action: href, Save: "Save", Reload: href, Hidden: map[string]string{"etag": o.GetEtag()},
		Groups: offerSchema().Groups(values),
	}
}

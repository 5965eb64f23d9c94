package domain

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/apperr"
	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/pasted"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

const (
	day = 24 * time.Hour
	// MaxWindow is the longest click window and the longest coupon grace.
	MaxWindow = 366 * day
)

// DefaultOffer returns an offer with the default settings.
func DefaultOffer() Offer {
	return Offer{
		State:                   OfferActive,
		PostbackAuth:            AuthToken,
		Precedence:              CodeFirst,
		ClickWindow:             30 * day,
		DefaultConversionStatus: StartPending,
		PayoutBase:              AmountAsSent,
		CurrencyCode:            "USD",
	}
}

// CheckOffer returns an offer as it is stored: with its display name trimmed and its currencies in upper
// case. The error names every setting at fault. The id and the fields that the service sets are not checked.
func CheckOffer(o Offer) (Offer, error) {
	var found apperr.Findings
	o.DisplayName = pasted.Trim(o.DisplayName)
	found.Add(checkDisplayName(o.DisplayName))
	found.Add(checkURL("landing_page_url", o.LandingPageURL))
	if o.FallbackURL != "" {
		found.Add(checkURL("fallback_url", o.FallbackURL))
	}
	found.Add(checkChoice("state", o.State, OfferActive, OfferPaused, OfferArchived))
	found.Add(checkChoice("postback_auth", o.PostbackAuth, AuthToken, AuthOpen, AuthHMAC))
	found.Add(checkPrecedence("precedence", o.Precedence))
	found.Add(checkWindow("click_window", o.ClickWindow))
	found.Add(checkGrace("coupon_grace", o.CouponGrace))
	found.Add(checkStart("default_conversion_status", o.DefaultConversionStatus))

	found.Add(checkChoice("payout_base", o.PayoutBase, AmountAsSent, AmountBeforeDiscount, AmountAfterDiscount))

	var err error
	o.Payout, err = checkPayout("payout", o.Payout)
	found.Add(err)
	o.Revenue, err = checkPayout("revenue", o.Revenue)
	found.Add(err)
	o.OpenPostbackMaxAmount, err = checkAmount("open_postback_max_amount", o.OpenPostbackMaxAmount)
	found.Add(err)
	forward, err := trackinglink.CheckForward(o.Forwarded())
	if err != nil {
		found.Add(invalid("forward_parameters", "%v", err))
	}
	o.ForwardParameters = strings.Join(forward, ",")
	if o.CurrencyCode, err = money.ParseCurrency(o.CurrencyCode); err != nil {
		found.Add(invalid("currency_code", "%v", err))
	}
	return o, found.Err()
}

// Forwarded returns the names in ForwardParameters.
func (o Offer) Forwarded() []string {
	if o.ForwardParameters == "" {
		return trackinglink.DefaultForward()
	}
	return strings.Split(o.ForwardParameters, ",")
}

// checkURL returns what is wrong with a URL template.
func checkURL(field, template string) error {
	if template == "" {
		return invalid(field, "the URL is missing; write an http or https URL such as https://shop.example.com/?click={click_id}")
	}
	if err := trackinglink.CheckTemplate(template); err != nil {
		return invalid(field, "%v", err)
	}
	return nil
}

// CheckApproval returns an approval as it is stored. The error names every field at fault.
func CheckApproval(a Approval) (Approval, error) {
	var err error
	a.Payout, err = checkPayout("payout", a.Payout)
	return a, err
}

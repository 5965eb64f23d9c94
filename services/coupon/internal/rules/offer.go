package rules

import (
	"strings"
	"time"

	"github.com/couponlink/couponlink/services/internal/money"
	"github.com/couponlink/couponlink/services/internal/trackinglink"
)

const (
	day = 24 * time.Hour
	// TokenChars is the length of a postback token, in hexadecimal digits.
	TokenChars = 32
	// MaxWindow is the longest click window and the longest coupon grace.
	MaxWindow = 366 * day
)

// DefaultOffer returns an offer with the default of each setting and nothing else.
func DefaultOffer() Offer {
	return Offer{
		State:                   OfferActive,
		PostbackAuth:            AuthToken,
		Precedence:              CodeFirst,
		ClickWindow:             30 * day,
		DefaultConversionStatus: StartPending,
		CurrencyCode:            "USD",
	}
}

// DefaultPublisher returns a publisher with the default of each setting and nothing else.
func DefaultPublisher() Publisher { return Publisher{State: PublisherActive} }

// CheckOffer returns an offer as it may be stored: its display name trimmed, its currencies in
// upper case. The error names every setting at fault. The id and what the service itself sets are
// not looked at.
func CheckOffer(o Offer) (Offer, error) {
	var found findings
	o.DisplayName = strings.TrimSpace(o.DisplayName)
	found.add(checkDisplayName(o.DisplayName))
	found.add(checkURL("landing_page_url", o.LandingPageURL))
	if o.FallbackURL != "" {
		found.add(checkURL("fallback_url", o.FallbackURL))
	}
	found.add(checkChoice("state", o.State, OfferActive, OfferPaused, OfferArchived))
	found.add(checkChoice("postback_auth", o.PostbackAuth, AuthToken, AuthOpen))
	found.add(checkChoice("precedence", o.Precedence, CodeFirst, ClickFirst, OnlyIfClicked))
	found.add(checkDuration("click_window", o.ClickWindow, time.Second, MaxWindow, "from 1 second to 366 days"))
	found.add(checkDuration("coupon_grace", o.CouponGrace, 0, MaxWindow, "from 0 to 366 days"))
	found.add(checkChoice("default_conversion_status", o.DefaultConversionStatus, StartPending, StartApproved))

	var err error
	o.Payout, err = checkPayout(o.Payout)
	found.add(err)
	if o.CurrencyCode, err = money.ParseCurrency(o.CurrencyCode); err != nil {
		found.add(invalid("currency_code", "%v", err))
	}
	return o, found.err()
}

// checkURL says what is wrong with a URL template.
func checkURL(field, template string) error {
	if template == "" {
		return invalid(field, "the URL is missing; write an http or https URL such as https://shop.example.com/?click={click_id}")
	}
	if err := trackinglink.CheckTemplate(template); err != nil {
		return invalid(field, "%v", err)
	}
	return nil
}

// CheckPublisher returns a publisher as it may be stored: its display name trimmed. The error
// names every setting at fault.
func CheckPublisher(p Publisher) (Publisher, error) {
	var found findings
	p.DisplayName = strings.TrimSpace(p.DisplayName)
	found.add(checkDisplayName(p.DisplayName))
	found.add(checkChoice("state", p.State, PublisherActive, PublisherArchived))
	return p, found.err()
}

// IsToken says whether a text has the form of a postback token.
func IsToken(text string) bool {
	return len(text) == TokenChars && strings.Trim(text, "0123456789abcdef") == ""
}

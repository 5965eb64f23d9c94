package attribution_test

import "time"

// modelClick is a click as the model keeps it.
type modelClick struct {
	id        string
	offer     *worldOffer
	publisher string
	// coupon is the coupon of the clicked link, valid or not; linked says that it was valid then.
	coupon *worldCoupon
	linked bool
	// own is the publisher's own click id.
	own string
	at  time.Time
}

// flaw says why a coupon is not valid at a time, with a grace after its end; empty if it is.
func (w *world) flaw(c *worldCoupon, at time.Time, grace time.Duration) string {
	switch {
	case !c.enabled:
		return "DISABLED"
	case at.Before(c.from):
		return "NOT_STARTED"
	case !c.to.IsZero() && !at.Before(c.to.Add(grace)):
		return "EXPIRED"
	case !c.offer.active:
		return "OFFER_INACTIVE"
	case !w.approved[c.offer.id+"/"+c.publisher]:
		return "NOT_APPROVED"
	}
	return ""
}

// flawOfSale is flaw as of a sale.
func (w *world) flawOfSale(c *worldCoupon, at time.Time) string {
	grace := c.offer.grace
	if c.grace != nil {
		grace = *c.grace
	}
	return w.flaw(c, at, grace)
}

// click returns what a click of now through a link is worth: "Coupon expired, disabled or unknown: the
// click is kept with the reason, and earns no coupon attribution".
func (w *world) click(offer *worldOffer, publisher, code, own string) modelClick {
	click := modelClick{offer: offer, publisher: publisher, own: own, at: w.now}
	if code == "" {
		return click
	}
	var holders, valid []*worldCoupon
	for _, c := range w.having(offer, code) {
		if publisher != "" && c.publisher != publisher {
			continue
		}
		holders = append(holders, c)
		if w.flaw(c, w.now, 0) == "" {
			valid = append(valid, c)
		}
	}
	switch {
	case len(valid) == 1:
		click.coupon, click.linked = valid[0], true
	case len(holders) == 1:
		click.coupon = holders[0]
	}
	if click.coupon != nil {
		click.publisher = click.coupon.publisher
	}
	return click
}

// credit is who earned a sale, or why nobody did.
type credit struct {
	publisher string
	coupon    *worldCoupon
	method    string
	reason    string
	// click says that the click is the publisher's own.
	click bool
}

// claim is what a sale refers to.
type claim struct {
	offer     *worldOffer
	code      string
	publisher string
	clickID   string
	click     *modelClick
	at        time.Time
}

// attribute is "Attribution" of the design, with what decision 7 adds.
func (w *world) attribute(c claim) credit {
	if !c.offer.active {
		return credit{reason: "OFFER_INACTIVE"}
	}
	if c.code == "" && c.clickID == "" {
		return credit{reason: "NO_REFERENCE"}
	}
	clickFlaw := w.clickFlaw(c)
	clicked := c.click != nil && clickFlaw == ""
	coupon, codeFlaw := w.meant(c, clicked)
	precedence := c.offer.precedence
	if coupon != nil && coupon.precedence != "" {
		precedence = coupon.precedence
	}
	own := coupon != nil && clicked && c.click.publisher == coupon.publisher
	if coupon != nil && precedence == "ONLY_IF_CLICKED" && !own {
		coupon, codeFlaw = nil, "CLICK_REQUIRED"
	}
	switch {
	case clicked && (coupon == nil && codeFlaw != "AMBIGUOUS_CODE" || precedence == "CLICK_FIRST"):
		earned := credit{publisher: c.click.publisher, method: "CLICK", reason: codeFlaw, click: true}
		if c.click.linked {
			earned.coupon, earned.method = c.click.coupon, "COUPON_LINK"
		}
		return earned
	case coupon != nil:
		earned := credit{publisher: coupon.publisher, coupon: coupon, method: "COUPON_CODE", click: own}
		if own && c.click.coupon == coupon {
			earned.method = "COUPON_LINK"
		}
		return earned
	case codeFlaw != "":
		return credit{reason: codeFlaw}
	default:
		return credit{reason: clickFlaw}
	}
}

// clickFlaw says why a click does not count; empty: it does, or none was sent.
func (w *world) clickFlaw(c claim) string {
	if c.clickID == "" {
		return ""
	}
	if c.click == nil {
		return "UNKNOWN_CLICK"
	}
	window := c.offer.window
	if c.click.linked && c.click.coupon.window != 0 {
		window = c.click.coupon.window
	}
	switch {
	case c.click.offer != c.offer:
		return "OTHER_OFFER"
	case !w.approved[c.offer.id+"/"+c.click.publisher]:
		return "NOT_APPROVED"
	case c.click.at.After(c.at.Add(5 * time.Minute)):
		return "CLICK_AFTER_SALE"
	case c.at.After(c.click.at.Add(window)):
		return "CLICK_TOO_OLD"
	}
	return ""
}

// meant returns the one valid coupon that a code means, or why no coupon is meant.
func (w *world) meant(c claim, clicked bool) (*worldCoupon, string) {
	if c.code == "" {
		return nil, ""
	}
	onOffer := w.having(c.offer, c.code)
	if len(onOffer) == 0 && len(w.having(nil, c.code)) > 0 {
		return nil, "OTHER_OFFER"
	}
	var valid []*worldCoupon
	why := "UNKNOWN_CODE"
	for _, coupon := range onOffer {
		if c.publisher != "" && coupon.publisher != c.publisher {
			continue
		}
		flaw := w.flawOfSale(coupon, c.at)
		clickers := clicked && c.click.publisher == coupon.publisher
		switch {
		case flaw == "" && clickers:
			return coupon, "" // the click settles a shared code
		case flaw == "":
			valid = append(valid, coupon)
		case why == "UNKNOWN_CODE" || clickers:
			why = flaw
		}
	}
	switch len(valid) {
	case 0:
		return nil, why
	case 1:
		return valid[0], ""
	}
	return nil, "AMBIGUOUS_CODE"
}

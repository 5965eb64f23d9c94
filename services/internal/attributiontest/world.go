package attributiontest

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Apart returns the case with ids and codes that no other case has: ids begin with prefix, which has small letters and
// digits, and codes end with it, in any case. It fills in the names that the files leave out.
func (c Case) Apart(prefix string) Case {
	c.World, c.After = c.World.apart(prefix), c.After.apart(prefix)
	if c.Click != nil {
		click := *c.Click
		click.Offer, click.Publisher = offerID(prefix, click.Offer), id(prefix, click.Publisher)
		click.Code = spell(click.Code, prefix)
		c.Click = &click
	}
	c.Sale.More = slices.Clone(c.Sale.More)
	for i, code := range c.Sale.More {
		c.Sale.More[i] = spell(code, prefix)
	}
	c.Sale.Code, c.Sale.Publisher = spell(c.Sale.Code, prefix), id(prefix, c.Sale.Publisher)
	c.Want.Publisher, c.Want.Coupon = id(prefix, c.Want.Publisher), couponName(prefix, c.Want.Coupon)
	c.Want.Candidates = slices.Clone(c.Want.Candidates)
	for i, short := range c.Want.Candidates {
		c.Want.Candidates[i] = couponName(prefix, short)
	}
	if !c.Want.ClickValues || c.Want.Unique3 != ClickValues()["pub_unique3"] {
		c.Want.Unique3 = spell(c.Want.Unique3, prefix)
	}
	return c
}

func (w World) apart(prefix string) World {
	w.Offer.Name = offerID(prefix, "")
	w.Coupons = slices.Clone(w.Coupons)
	for i := range w.Coupons {
		coupon := &w.Coupons[i]
		coupon.Offer, coupon.Publisher = offerID(prefix, coupon.Offer), id(prefix, coupon.Publisher)
		coupon.Code = spell(coupon.Code, prefix)
	}
	w.Approvals, w.Publishers = renamed(w.Approvals, prefix), renamed(w.Publishers, prefix)
	return w
}

// offerID returns the id of the sale's offer, or of another one.
func offerID(prefix, name string) string {
	if name == "" {
		name = "offer"
	}
	return id(prefix, name)
}

func id(prefix, name string) string {
	if name == "" {
		return ""
	}
	return prefix + "-" + name
}

// spell makes a code one of the case's own. It keeps the spaces around it.
func spell(code, suffix string) string {
	text := strings.TrimRightFunc(code, unicode.IsSpace)
	if text == "" {
		return code
	}
	return text + suffix + code[len(text):]
}

// couponName returns the resource name of the coupon that a case calls `publisher.CODE`.
func couponName(prefix, short string) string {
	publisher, code, ok := strings.Cut(short, ".")
	if !ok {
		return short
	}
	return Coupon{Offer: offerID(prefix, ""), Publisher: id(prefix, publisher), Code: spell(code, prefix)}.Key()
}

func renamed(m map[string]string, prefix string) map[string]string {
	out := make(map[string]string, len(m))
	for name, value := range m {
		out[id(prefix, name)] = value
	}
	return out
}

// AfterClick returns the state when the sale is reported: the state before it, with the changes.
func (c Case) AfterClick() World {
	w := c.World
	w.Offer = w.Offer.with(c.After.Offer)
	w.Coupons = slices.Clone(w.Coupons)
	for _, change := range c.After.Coupons {
		i := slices.IndexFunc(w.Coupons, func(known Coupon) bool { return known.Key() == change.Key() })
		if i < 0 {
			w.Coupons = append(w.Coupons, change)
			continue
		}
		w.Coupons[i] = w.Coupons[i].with(change)
	}
	w.Approvals, w.Publishers = laid(w.Approvals, c.After.Approvals), laid(w.Publishers, c.After.Publishers)
	return w
}

func (o Offer) with(change Offer) Offer {
	lay(&o.State, change.State)
	lay(&o.Precedence, change.Precedence)
	lay(&o.ClickWindow, change.ClickWindow)
	lay(&o.CouponGrace, change.CouponGrace)
	return o
}

func (c Coupon) with(change Coupon) Coupon {
	lay(&c.Start, change.Start)
	lay(&c.Expire, change.Expire)
	lay(&c.Enabled, change.Enabled)
	lay(&c.Archived, change.Archived)
	lay(&c.Precedence, change.Precedence)
	lay(&c.ClickWindow, change.ClickWindow)
	lay(&c.CouponGrace, change.CouponGrace)
	return c
}

// lay sets *under to over, if over is set.
func lay[V comparable](under *V, over V) {
	var unset V
	if over != unset {
		*under = over
	}
}

// laid returns under with the entries of over added.
func laid(under, over map[string]string) map[string]string {
	out := maps.Clone(under)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}

// Parties returns the offers besides the sale's and all publishers, each in order. The publishers include those that
// only the click or the sale names.
func (c Case) Parties() (otherOffers, publishers []string) {
	offers, pubs := map[string]bool{}, map[string]bool{c.Sale.Publisher: true}
	for _, w := range []World{c.World, c.After} {
		for _, coupon := range w.Coupons {
			offers[coupon.Offer], pubs[coupon.Publisher] = true, true
		}
		for _, m := range []map[string]string{w.Approvals, w.Publishers} {
			for publisher := range m {
				pubs[publisher] = true
			}
		}
	}
	if c.Click != nil {
		offers[c.Click.Offer], pubs[c.Click.Publisher] = true, true
	}
	delete(offers, c.World.Offer.Name)
	delete(pubs, "")
	return slices.Sorted(maps.Keys(offers)), slices.Sorted(maps.Keys(pubs))
}

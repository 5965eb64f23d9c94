package ui

import (
	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/internal/resource"
)

// Entry is a line of the menu: a page, or a heading with pages beneath.
type Entry struct {
	Label string
	// Path is the page's, as in the route table; "" for a heading.
	Path  string
	Icon  string
	Below []Entry
}

// shown is a line of the menu as the layout shows it.
type shown struct {
	Label, Href, Icon string
	IsCurrent         bool
	Below             []shown
}

// Menu is the menu of this page: what there is, with this page's section lit.
func (p *Page) Menu() []shown { return p.entries(p.Entries) }

func (p *Page) entries(all []Entry) []shown {
	var lines []shown
	for _, e := range all {
		line := shown{Label: e.Label, Icon: e.Icon, Below: p.entries(e.Below)}
		if e.Below == nil && p.Has(e.Path) {
			line.Href, line.IsCurrent = Root+e.Path, e.Path == p.Section
		}
		if line.Href != "" || line.Below != nil {
			lines = append(lines, line)
		}
	}
	return lines
}

// ReportTitle is the heading of the report, also where other pages lead back to it.
const ReportTitle = "Conversion Report"

// OffersTabs are the tabs of the Offers section: Offers, and Coupons of all offers.
func (p *Page) OffersTabs(current string) []Tab {
	return p.TabsOf(current, "", "", []Link{{Label: "Offers", Href: "offers"}, {Label: "Coupons", Href: "coupons"}})
}

// OfferPage sets what the tabs of an Offer Detail page share: heading, breadcrumb, tabs. current is
// the tab's path in the route table.
func (p *Page) OfferPage(o *couponv1.Offer, current string) {
	id := IDOf(o.GetName())
	p.Title, p.Section = o.GetDisplayName(), "offers"
	p.Crumbs = []Link{{Label: "Offers", Href: Href("offers")}}
	p.Tabs = p.TabsOf(current, "offer", id, OfferTabs())
}

// OfferTabs are the tabs of an Offer Detail page, in order; those without a page do not show.
func OfferTabs() []Link {
	return []Link{
		{Label: "Coupons", Href: "offers/{offer}/coupons"},
		{Label: "Publishers", Href: "offers/{offer}/publishers"},
		{Label: "Settings", Href: "offers/{offer}/settings"},
		{Label: "Postback", Href: "offers/{offer}/postback"},
		{Label: "Scans", Href: "offers/{offer}/scans"},
	}
}

// Offer returns the offer that the address names.
func (p *Page) Offer() (*couponv1.Offer, error) {
	return p.Offers.GetOffer(p.Request.Context(), &couponv1.GetOfferRequest{Name: resource.Offer(p.Request.PathValue("offer"))})
}

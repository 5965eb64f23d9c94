package console

import (
	"net/url"
	"strconv"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

type overviewView struct {
	daysView
	// Publishers and Codes are the best.
	Publishers, Codes topList
	Attention         []attention
	// Silent are the blocks of Attention that are not available now.
	Silent []string
	// Steps are shown in an installation without sales.
	Steps []step
	// IsNew says that there is nothing to show but them.
	IsNew bool
}

// topList is a short list of the best.
type topList struct {
	IsSilent bool
	Rows     []topRow
}

type topRow struct {
	Name, Href, Sub     string
	IsCode              bool
	Clicks, Conversions int64
	Payouts             []string
}

// attention is something to look at.
type attention struct {
	// Tone is a badge's.
	Tone  string
	Count string
	Title string
	Text  string
	// Action leads on; nil where the page for it is not there.
	Action *link
}

// overviewOf makes the page of what the calls have answered.
func (p *page) overviewOf(o *overview) overviewView {
	view := overviewView{daysView: p.daysViewOf(o.days), Publishers: topPublishers(o), Codes: p.topCodes(o)}
	view.Attention, view.Silent = p.attentionOf(o)
	return view
}

func topPublishers(o *overview) topList {
	list := topList{IsSilent: o.byPublisher.err != nil}
	for _, row := range o.byPublisher.value.GetRows() {
		id := idOf(row.GetPublisher())
		if id == "" || len(list.Rows) == overviewTop {
			continue // what nobody is credited with is nobody's success
		}
		one := topRow{Name: orElse(o.publisherNames[id], id), Sub: id, Href: at("publishers", id)}
		list.Rows = append(list.Rows, one.with(row.GetFigures()))
	}
	return list
}

func (p *page) topCodes(o *overview) topList {
	list := topList{IsSilent: o.byCode.err != nil}
	for _, row := range o.byCode.value.GetRows() {
		code, offer, publisher := row.GetCouponCode(), idOf(row.GetOffer()), idOf(row.GetPublisher())
		if code == "" || publisher == "" || len(list.Rows) == overviewTop {
			continue
		}
		one := topRow{Name: code, IsCode: true, Sub: orElse(o.codesOfferNames[offer], offer)}
		if p.has("offers/{offer}/coupons/{coupon}") {
			one.Href = at("offers", offer, "coupons", publisher+"."+code)
		}
		list.Rows = append(list.Rows, one.with(row.GetFigures()))
	}
	return list
}

func (r topRow) with(f *trackingv1.Figures) topRow {
	r.Clicks, r.Conversions, r.Payouts = f.GetClicks(), f.GetConversions(), moneyOf(f.GetPayouts())
	return r
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// attentionOf returns what needs somebody's eye, the most urgent first, and what could not be asked for.
func (p *page) attentionOf(o *overview) (found []attention, silent []string) {
	note := func(err error, what string, one attention) {
		switch {
		case err != nil:
			silent = append(silent, what)
		case one.Count != "":
			found = append(found, one)
		}
	}
	note(o.dead.err, "deliveries", p.deadDeliveries(o))
	note(o.conflicts.err, "conflicts", p.waitingConflicts(o))
	note(o.byMethod.err, "unattributed sales", p.unattributedSales(o))
	note(o.leaked.err, "leaked codes", p.leakedCodes(o))
	note(o.expiring.err, "expiring coupons", p.expiringCoupons(o))
	return found, silent
}

// counted writes how many there are; empty: none.
func counted(n int64, hasMore bool) string {
	switch {
	case n == 0:
		return ""
	case hasMore:
		return format.Number(n) + "+"
	default:
		return format.Number(n)
	}
}

func plural(n int64, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

func (p *page) deadDeliveries(o *overview) attention {
	n := o.dead.value.GetReplayedCount()
	return attention{
		Tone: "bad", Count: counted(n, false), Title: plural(n, "delivery was given up", "deliveries were given up"),
		Text:   "Publishers' systems did not take them for three days. Mend the postback URL, then replay.",
		Action: p.linkWith("reports/deliveries", "Deliveries", url.Values{"state": {"DEAD"}}),
	}
}

func (p *page) waitingConflicts(o *overview) attention {
	n := int64(len(o.conflicts.value.GetConversions()))
	return attention{
		Tone: "bad", Count: counted(n, o.conflicts.value.GetNextPageToken() != ""), Title: plural(n, "conflict waits", "conflicts wait"),
		Text:   "A sale was reported again with another content. Take the new amount, or dismiss it.",
		Action: p.linkWith("reports/conversions", "Show them", url.Values{"filter": {"conflicted = true"}, "range": {"all_time"}}),
	}
}

// unattributedSales counts the sales without a method of attribution that nobody has rejected.
func (p *page) unattributedSales(o *overview) attention {
	var n int64
	for _, row := range o.byMethod.value.GetRows() {
		if row.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED && row.GetStatus() != trackingv1.Conversion_REJECTED {
			n += row.GetFigures().GetConversions()
		}
	}
	return attention{
		Tone: "wait", Count: counted(n, false), Title: plural(n, "sale is unattributed", "sales are unattributed"),
		Text:   "Nobody is credited with them. Each says why, and you can reassign it.",
		Action: p.linkWith("reports/conversions", "Show them", url.Values{"filter": {"outcome = UNATTRIBUTED AND status != REJECTED"}, "range": {"last_30_days"}}),
	}
}

func (p *page) leakedCodes(o *overview) attention {
	n := int64(len(o.leaked.value.GetLeakedCodes()))
	return attention{
		Tone: "wait", Count: counted(n, false), Title: plural(n, "code may have leaked", "codes may have leaked"),
		Text:   "Far more of its sales come without a click than before, as when a coupon site lists it.",
		Action: p.linkWith("reports/leaked-codes", "Leaked codes", nil),
	}
}

func (p *page) expiringCoupons(o *overview) attention {
	coupons := o.expiring.value.GetCoupons()
	n := int64(len(coupons))
	one := attention{
		Tone: "wait", Count: counted(n, o.expiring.value.GetNextPageToken() != ""),
		Title:  plural(n, "coupon expires", "coupons expire") + " within " + strconv.Itoa(expiringDays) + " days",
		Action: p.linkWith("coupons", "Show them", url.Values{"state": {"ACTIVE"}, "sort": {"expire_time"}}),
	}
	if n > 0 {
		one.Text = coupons[0].GetCode() + " is the next, on " + format.Date(coupons[0].GetExpireTime().AsTime(), p.zone) + ". Extend it if the campaign goes on."
	}
	return one
}

// linkWith is linkTo with a query.
func (p *page) linkWith(path, label string, query url.Values) *link {
	l := p.linkTo(path, label)
	if l != nil && len(query) > 0 {
		l.Href += "?" + query.Encode()
	}
	return l
}

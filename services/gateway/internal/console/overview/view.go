package overview

import (
	"net/url"
	"strconv"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
)

type overviewView struct {
	ui.DaysView
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
	Action *ui.Link
}

// overviewOf makes the page of what the calls have answered.
func overviewOf(p *ui.Page, o *overview) overviewView {
	view := overviewView{DaysView: p.DaysViewOf(o.days), Publishers: topPublishers(o), Codes: topCodes(p, o)}
	view.Attention, view.Silent = attentionOf(p, o)
	return view
}

func topPublishers(o *overview) topList {
	list := topList{IsSilent: o.byPublisher.Err != nil}
	for _, row := range o.byPublisher.Value.GetRows() {
		id := ui.IDOf(row.GetPublisher())
		if id == "" || len(list.Rows) == overviewTop {
			continue // without a publisher nobody succeeded
		}
		one := topRow{Name: format.OrElse(o.publisherNames[id], id), Sub: id, Href: ui.Href("publishers", id)}
		list.Rows = append(list.Rows, one.with(row.GetFigures()))
	}
	return list
}

func topCodes(p *ui.Page, o *overview) topList {
	list := topList{IsSilent: o.byCode.Err != nil}
	for _, row := range o.byCode.Value.GetRows() {
		code, offer, publisher := row.GetCouponCode(), ui.IDOf(row.GetOffer()), ui.IDOf(row.GetPublisher())
		if code == "" || publisher == "" || len(list.Rows) == overviewTop {
			continue
		}
		one := topRow{Name: code, IsCode: true, Sub: format.OrElse(o.codesOfferNames[offer], offer)}
		if p.Has("offers/{offer}/coupons/{coupon}") {
			one.Href = ui.Href("offers", offer, "coupons", publisher+"."+code)
		}
		list.Rows = append(list.Rows, one.with(row.GetFigures()))
	}
	return list
}

func (r topRow) with(f *trackingv1.Figures) topRow {
	r.Clicks, r.Conversions, r.Payouts = f.GetClicks(), f.GetConversions(), ui.MoneyOf(f.GetPayouts())
	return r
}

// attentionOf returns what needs somebody's eye, the most urgent first, and what could not be asked for.
func attentionOf(p *ui.Page, o *overview) (found []attention, silent []string) {
	note := func(err error, what string, one attention) {
		switch {
		case err != nil:
			silent = append(silent, what)
		case one.Count != "":
			found = append(found, one)
		}
	}
	note(o.dead.Err, "deliveries", deadDeliveries(p, o))
	note(o.conflicts.Err, "conflicts", waitingConflicts(p, o))
	note(o.byMethod.Err, "unattributed sales", unattributedSales(p, o))
	note(o.leaked.Err, "leaked codes", leakedCodes(p, o))
	note(o.expiring.Err, "expiring coupons", expiringCoupons(p, o))
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

func deadDeliveries(p *ui.Page, o *overview) attention {
	n := o.dead.Value.GetReplayedCount()
	return attention{
		Tone: "bad", Count: counted(n, false), Title: format.Plural(n, "delivery was given up", "deliveries were given up"),
		Text:   "Publishers' systems did not accept them for three days. Fix the postback URL, then replay.",
		Action: p.LinkWith("reports/deliveries", "Deliveries", url.Values{"state": {"DEAD"}}),
	}
}

func waitingConflicts(p *ui.Page, o *overview) attention {
	n := int64(len(o.conflicts.Value.GetConversions()))
	return attention{
		Tone: "bad", Count: counted(n, o.conflicts.Value.GetNextPageToken() != ""), Title: format.Plural(n, "conflict waits", "conflicts wait"),
		Text:   "A sale was reported again with different content. Accept the new amount, or dismiss it.",
		Action: p.LinkWith("reports/conversions", "Show them", url.Values{"filter": {"conflicted = true"}, "range": {"all_time"}}),
	}
}

// unattributedSales counts the sales without a method of attribution that nobody has rejected.
func unattributedSales(p *ui.Page, o *overview) attention {
	var n int64
	for _, row := range o.byMethod.Value.GetRows() {
		if row.GetMethod() == trackingv1.Conversion_METHOD_UNSPECIFIED && row.GetStatus() != trackingv1.Conversion_REJECTED {
			n += row.GetFigures().GetConversions()
		}
	}
	return attention{
		Tone: "wait", Count: counted(n, false), Title: format.Plural(n, "sale is unattributed", "sales are unattributed"),
		Text:   "Nobody is credited with them. Each says why, and you can reassign it.",
		Action: p.LinkWith("reports/conversions", "Show them", url.Values{"filter": {"outcome = UNATTRIBUTED AND status != REJECTED"}, "range": {"last_30_days"}}),
	}
}

func leakedCodes(p *ui.Page, o *overview) attention {
	n := int64(len(o.leaked.Value.GetLeakedCodes()))
	return attention{
		Tone: "wait", Count: counted(n, o.leaked.Value.GetNextPageToken() != ""), Title: format.Plural(n, "code may have leaked", "codes may have leaked"),
		Text:   "Far more of its sales come without a click than before, as when a coupon site lists it.",
		Action: p.LinkWith("reports/leaked-codes", "Leaked codes", nil),
	}
}

func expiringCoupons(p *ui.Page, o *overview) attention {
	coupons := o.expiring.Value.GetCoupons()
	n := int64(len(coupons))
	one := attention{
		Tone: "wait", Count: counted(n, o.expiring.Value.GetNextPageToken() != ""),
		Title:  format.Plural(n, "coupon expires", "coupons expire") + " within " + strconv.Itoa(expiringDays) + " days",
		Action: p.LinkWith("coupons", "Show them", url.Values{"state": {"ACTIVE"}, "sort": {"expire_time"}}),
	}
	if n > 0 {
		one.Text = coupons[0].GetCode() + " is the next, on " + format.Date(coupons[0].GetExpireTime().AsTime(), p.Zone) + ". Extend it if the campaign goes on."
	}
	return one
}

package coupons

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

const (
	allCouponsPath   = "coupons"
	offerCouponsPath = "offers/{offer}/coupons"
	// maxNoteChars is how much of an internal note a table shows.
	maxNoteChars = 48
)

func routes() []ui.Route {
	routes := []ui.Route{
		ui.Get("coupons/check", checkCoupon),
		ui.Post("coupons/bulk", changeSelected),
		ui.Get("coupons/archive", askArchive),
		ui.Post("coupons/archive", archiveSelected),
		ui.Get("coupons/extend", askExtend),
		ui.Post("coupons/extend", extendSelected),
		ui.Post("coupons/restore", restoreCoupons),
		ui.Get("offers/{offer}/coupons/{coupon}", showCoupon),
		ui.Post("offers/{offer}/coupons/{coupon}", saveCoupon),
		ui.Post("offers/{offer}/coupons/{coupon}/archive", archiveCoupon),
		ui.Post("offers/{offer}/coupons/{coupon}/release", releaseHeld),
		ui.Get("offers/{offer}/coupons/{coupon}/qr.png", couponPNG),
		ui.Get("offers/{offer}/coupons/{coupon}/qr.svg", couponSVG),
	}
	for _, path := range []string{allCouponsPath, offerCouponsPath} {
		upload := ui.Post(path+"/import", importCoupons)
		upload.TakesFiles = true
		routes = append(routes,
			ui.Get(path, listCoupons), ui.Get(path+"/export", exportCoupons),
			ui.Get(path+"/new", newCoupon), ui.Post(path+"/new", createCoupon),
			ui.Get(path+"/generate", askGenerate), ui.Post(path+"/generate", generateCoupons),
			ui.Get(path+"/import", askImport), upload,
		)
	}
	return routes
}

// scope is whose coupons a page is about: one offer's, or, without an offer, those of all.
type scope struct{ offer *couponv1.Offer }

// scopeOf returns the scope that the address names.
func scopeOf(p *ui.Page) (scope, error) {
	if p.Request.PathValue("offer") == "" {
		return scope{}, nil
	}
	o, err := p.Offer()
	return scope{o}, err
}

func (s scope) isAll() bool { return s.offer == nil }

// parent is the scope as the API names it.
func (s scope) parent() string {
	if s.isAll() {
		return "offers/-"
	}
	return s.offer.GetName()
}

// at returns the address of a page below the scope's coupons.
func (s scope) at(parts ...string) string {
	if s.isAll() {
		return ui.Href(append([]string{"coupons"}, parts...)...)
	}
	return ui.Href(append([]string{"offers", ui.IDOf(s.offer.GetName()), "coupons"}, parts...)...)
}

// below sets what the pages below the coupons share: heading and breadcrumb.
func (s scope) below(p *ui.Page, title string) {
	p.Title, p.Section = title, "offers"
	p.Crumbs = []ui.Link{{Label: "Offers", Href: ui.Href("offers")}}
	if !s.isAll() {
		p.Crumbs = append(p.Crumbs, ui.Link{Label: s.offer.GetDisplayName(), Href: s.at()})
	}
	p.Crumbs = append(p.Crumbs, ui.Link{Label: "Coupons", Href: s.at()})
}

type couponsView struct {
	Toolbar ui.Toolbar
	Table   ui.Table
	// Only says what the list is narrowed to, and All leads to the whole.
	Only, All string
	New       *newCouponView
}

// newCouponView is the coupon that was just saved, with its link.
type newCouponView struct {
	Code, Publisher, Link, QR, Scan string
	// Discount is what the code gives the shopper; "" if it is not set.
	Discount string
	// Shared warns of other publishers who have the same code on the offer.
	Shared string
}

func listCoupons(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	l := p.ListOf("-create_time", "code", "offer", "publisher", "start_time", "expire_time")
	var scope scope
	var resp *couponv1.ListCouponsResponse
	calls, ctx := errgroup.WithContext(r.Context())
	calls.Go(func() (err error) {
		scope, err = scopeOf(p)
		return err
	})
	calls.Go(func() error {
		filter, err := couponFilter(p, ctx, l)
		if err != nil {
			return err
		}
		parent := "offers/-"
		if id := r.PathValue("offer"); id != "" {
			parent = resource.Offer(id)
		}
		resp, err = p.Coupons().ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: parent, Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
		})
		return err
	})
	if err := calls.Wait(); err != nil {
		return err
	}
	return showCoupons(p, l, scope, resp)
}

// showCoupons answers with a page of coupons, and with what belongs to each.
func showCoupons(p *ui.Page, l ui.List, scope scope, resp *couponv1.ListCouponsResponse) error {
	more := moreOf(p, p.Request.Context(), resp.GetCoupons(), l)
	p.Title, p.Section, p.Tabs = "Coupons", "offers", p.OffersTabs(allCouponsPath)
	if !scope.isAll() {
		p.OfferPage(scope.offer, offerCouponsPath)
	}
	p.Actions = []ui.Link{
		{Label: "Import CSV", Href: scope.at("import")},
		{Label: "Generate", Href: scope.at("generate")},
		{Label: "Export", Href: exportHref(l, scope)},
		{Label: "+ Create Coupon", Href: scope.at("new"), IsPrimary: true},
	}
	view := couponsView{Toolbar: couponsToolbar(l), Table: couponsTable(p, l, scope, resp, more), New: newCouponOf(p, more)}
	if l.IsFiltered("offer", "publisher", "created") {
		view.Only, view.All = onlyText(l, more.names), l.Path
	}
	return p.Show("coupons", view)
}

// exportHref is where the coupons of the list are downloaded.
func exportHref(l ui.List, scope scope) string {
	values := l.Copy()
	for _, name := range []string{"page", "back", "new"} {
		values.Del(name)
	}
	return ui.List{Path: scope.at("export")}.Href(values)
}

// onlyText says what the list is narrowed to by its address.
func onlyText(l ui.List, called ui.Names) string {
	var parts []string
	if id := l.Get("publisher"); id != "" {
		parts = append(parts, "of "+called.Of(resource.Publisher(id)))
	}
	if id := l.Get("offer"); id != "" {
		parts = append(parts, "on "+called.Of(resource.Offer(id)))
	}
	if l.Get("created") != "" {
		parts = append(parts, "that were generated together")
	}
	return "Only coupons " + strings.Join(parts, " ") + "."
}

// couponFilter returns the filter that a list's address asks for. What is typed is the beginning of a code,
// words of a note, or whom and what the coupon is for.
func couponFilter(p *ui.Page, ctx context.Context, l ui.List) (string, error) {
	var parts []string
	if _, isState := couponv1.Coupon_State_value[l.Get("state")]; isState {
		parts = append(parts, "state = "+l.Get("state"))
	}
	for _, name := range []string{"offer", "publisher"} {
		if id := l.Get(name); id != "" {
			parts = append(parts, name+" = "+ui.Quoted(id))
		}
	}
	if moment := l.Get("created"); moment != "" {
		parts = append(parts, "create_time = "+ui.Quoted(moment))
	}
	typed, err := couponSearch(p, ctx, l.Get("q"))
	return ui.And(append(parts, typed)...), err
}

func couponSearch(p *ui.Page, ctx context.Context, typed string) (string, error) {
	if typed = ui.Searched(typed); typed == "" {
		return "", nil
	}
	var offers *couponv1.ListOffersResponse
	var publishers *couponv1.ListPublishersResponse
	calls, ctx := errgroup.WithContext(ctx)
	calls.Go(func() (err error) {
		offers, err = p.Offers.ListOffers(ctx, &couponv1.ListOffersRequest{Filter: ui.Search(typed), PageSize: ui.Picks})
		return err
	})
	calls.Go(func() (err error) {
		publishers, err = p.Publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{Filter: ui.Search(typed), PageSize: ui.Picks})
		return err
	})
	if err := calls.Wait(); err != nil {
		return "", err
	}
	beginning := strings.TrimSuffix(ui.Quoted(typed), `"`) + `*"`
	terms := []string{"code = " + beginning, ui.HasWords("internal_note", typed)}
	for _, o := range offers.GetOffers() {
		terms = append(terms, "offer = "+ui.Quoted(ui.IDOf(o.GetName())))
	}
	for _, o := range publishers.GetPublishers() {
		terms = append(terms, "publisher = "+ui.Quoted(ui.IDOf(o.GetName())))
	}
	return "(" + strings.Join(terms, " OR ") + ")", nil
}

func couponsToolbar(l ui.List) ui.Toolbar {
	kept := l.Kept()
	for _, name := range []string{"offer", "publisher", "created"} {
		if value := l.Get(name); value != "" {
			kept[name] = value
		}
	}
	return ui.Toolbar{
		Target: "coupons-table", Action: l.Path, Search: l.Get("q"), SearchLabel: "Search by code, publisher, offer or note", Kept: kept,
		Filters: []ui.Field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []ui.Choice{
				{Value: "", Label: "All states"},
				{Value: "ACTIVE", Label: "Active"},
				{Value: "SCHEDULED", Label: "Scheduled"},
				{Value: "EXPIRED", Label: "Expired"},
				{Value: "DISABLED", Label: "Disabled"},
				{Value: "ARCHIVED", Label: "Archived"},
			},
		}},
	}
}

// couponsTable is the table of coupons, the same on both tabs; an offer's own leaves out the offer.
func couponsTable(p *ui.Page, l ui.List, scope scope, resp *couponv1.ListCouponsResponse, more couponMore) ui.Table {
	t := ui.Table{
		ID: "coupons-table", Caption: "Coupons", Pager: l.Pager(resp.GetNextPageToken()),
		Bulk: &ui.Bulk{
			Action: ui.Href("coupons", "bulk") + "?back=" + url.QueryEscape(p.Path()),
			Do:     []ui.Choice{{Value: "disable", Label: "Disable"}, {Value: "enable", Label: "Enable"}, {Value: "extend", Label: "Extend dates"}, {Value: "archive", Label: "Archive"}},
		},
		Empty: emptyCoupons(l, scope),
	}
	t.Columns = append(t.Columns, l.Column("Code", "code"))
	if scope.isAll() {
		t.Columns = append(t.Columns, l.Column("Offer", "offer"))
	}
	t.Columns = append(t.Columns,
		l.Column("Publisher", "publisher"), ui.Column{Label: "State"}, l.Column("Start", "start_time"), l.Column("Expiration", "expire_time"),
		ui.Column{Label: "Discount"}, ui.Column{Label: "Usage limit"}, ui.Column{Label: "Tracking link"}, ui.Column{Label: "Clicks", IsNumber: true}, ui.Column{Label: "Conversions", IsNumber: true},
		ui.Column{Label: "Payout", IsNumber: true}, ui.Column{Label: "Note"})
	for _, c := range resp.GetCoupons() {
		t.Rows = append(t.Rows, couponRow(p, c, scope, more))
	}
	return t
}

func emptyCoupons(l ui.List, scope scope) ui.Empty {
	if l.IsFiltered("q", "state", "page", "offer", "publisher", "created") {
		return ui.Empty{
			Title: "No coupon matches", Text: "Search by the beginning of a code, or by words of a note or of the name of a publisher or an offer.",
			Action: &ui.Link{Label: "Show all coupons", Href: l.Path},
		}
	}
	return ui.Empty{
		Title: "No coupons yet", Text: "A coupon is a code for one publisher on one offer. It gives the shopper a discount, and tells you who drove the sale.",
		Action: &ui.Link{Label: "+ Create Coupon", Href: scope.at("new")},
	}
}

func couponRow(p *ui.Page, c *couponv1.Coupon, scope scope, more couponMore) ui.Row {
	r := ui.Row{Key: c.GetName(), Label: c.GetCode() + " of " + more.names.Of(c.GetPublisher()), IsNew: c.GetName() == more.newName}
	r.Cells = append(r.Cells, ui.Cell{Text: c.GetCode(), Href: couponHref(c)})
	if scope.isAll() {
		r.Cells = append(r.Cells, ui.Cell{Text: more.names.Of(c.GetOffer()), Href: ui.Href("offers", ui.IDOf(c.GetOffer()), "coupons")})
	}
	clicks, conversions, payout := more.figures.of(c)
	shared := ui.Cell{Text: c.GetTrackingLink(), IsCode: true, CanCopy: true, Links: []ui.Link{{Label: "QR", Href: couponHref(c) + "#qr"}}}
	if scan := scanHref(p, c.GetTrackingLink()); scan != "" {
		shared.Links = append(shared.Links, ui.Link{Label: "Scan", Href: scan})
	}
	end := ui.Cell{Text: "Never"}
	if c.GetExpireTime() != nil {
		end = ui.Cell{Time: lastMoment(c)}
	}
	note := c.GetInternalNote()
	if short := format.Shortened(note, maxNoteChars); short != note {
		note = strings.TrimSpace(short) + "…"
	}
	r.Cells = append(
		r.Cells, ui.Cell{Text: more.names.Of(c.GetPublisher()), Href: ui.Href("publishers", ui.IDOf(c.GetPublisher()))},
		ui.Cell{Badge: ui.StateBadge(c.GetState().String())}, ui.Cell{Time: c.GetStartTime().AsTime()}, end, ui.Cell{Text: discountText(c)}, ui.Cell{Text: limitText(c)}, shared,
		ui.Cell{Text: clicks}, ui.Cell{Text: conversions}, ui.Cell{Text: payout}, ui.Cell{Text: note})
	return r
}

// lastMoment is the last moment at which a coupon is valid: its expiration is given as the day that this
// lies in. Zero: it does not expire.
func lastMoment(c *couponv1.Coupon) time.Time {
	if c.GetExpireTime() == nil {
		return time.Time{}
	}
	return c.GetExpireTime().AsTime().Add(-time.Millisecond)
}

// couponHref is the address of a coupon's page.
func couponHref(c *couponv1.Coupon) string {
	return ui.Href("offers", ui.IDOf(c.GetOffer()), "coupons", ui.IDOf(c.GetName()))
}

// scanHref is where a link is scanned; empty: there is no Scan Tool.
func scanHref(p *ui.Page, trackingLink string) string {
	if !p.Has("tools/scan") || trackingLink == "" {
		return ""
	}
	return ui.ScanHref(trackingLink)
}

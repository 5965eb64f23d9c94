package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

const (
	allCouponsPath   = "coupons"
	offerCouponsPath = "offers/{offer}/coupons"
	// maxNoteChars is how much of an internal note a table shows.
	maxNoteChars = 48
)

func couponRoutes() []route {
	routes := []route{
		get("coupons/check", checkCoupon),
		post("coupons/bulk", changeSelected),
		get("coupons/archive", askArchive),
		post("coupons/archive", archiveSelected),
		get("coupons/extend", askExtend),
		post("coupons/extend", extendSelected),
		post("coupons/restore", restoreCoupons),
		get("offers/{offer}/coupons/{coupon}", showCoupon),
		post("offers/{offer}/coupons/{coupon}", saveCoupon),
		post("offers/{offer}/coupons/{coupon}/archive", archiveCoupon),
		get("offers/{offer}/coupons/{coupon}/qr.png", couponPNG),
		get("offers/{offer}/coupons/{coupon}/qr.svg", couponSVG),
	}
	for _, path := range []string{allCouponsPath, offerCouponsPath} {
		upload := post(path+"/import", importCoupons)
		upload.takesFiles = true
		routes = append(routes,
			get(path, listCoupons), get(path+"/export", exportCoupons),
			get(path+"/new", newCoupon), post(path+"/new", createCoupon),
			get(path+"/generate", askGenerate), post(path+"/generate", generateCoupons),
			get(path+"/import", askImport), upload,
		)
	}
	return routes
}

// couponService is the client of the coupons.
func (p *page) couponService() couponv1.CouponServiceClient {
	return couponv1.NewCouponServiceClient(p.coupon)
}

// couponScope is whose coupons a page is about: one offer's, or, without an offer, those of all.
type couponScope struct{ offer *couponv1.Offer }

// couponScope returns the scope that the address names.
func (p *page) couponScope() (couponScope, error) {
	if p.r.PathValue("offer") == "" {
		return couponScope{}, nil
	}
	o, err := p.offer()
	return couponScope{o}, err
}

func (s couponScope) isAll() bool { return s.offer == nil }

// parent is the scope as the API names it.
func (s couponScope) parent() string {
	if s.isAll() {
		return "offers/-"
	}
	return s.offer.GetName()
}

// at returns the address of a page below the scope's coupons.
func (s couponScope) at(parts ...string) string {
	if s.isAll() {
		return at(append([]string{"coupons"}, parts...)...)
	}
	return at(append([]string{"offers", idOf(s.offer.GetName()), "coupons"}, parts...)...)
}

// below sets what the pages below the coupons share: heading and breadcrumb.
func (s couponScope) below(p *page, title string) {
	p.Title, p.Section = title, "offers"
	p.Crumbs = []link{{Label: "Offers", Href: at("offers")}}
	if !s.isAll() {
		p.Crumbs = append(p.Crumbs, link{Label: s.offer.GetDisplayName(), Href: s.at()})
	}
	p.Crumbs = append(p.Crumbs, link{Label: "Coupons", Href: s.at()})
}

type couponsView struct {
	Toolbar toolbar
	Table   table
	// Only says what the list is narrowed to, and All leads to the whole.
	Only, All string
	New       *newCouponView
}

// newCouponView is the coupon that was just saved, with its link.
type newCouponView struct {
	Code, Publisher, Link, QR, Scan string
	// Shared warns of other publishers who have the same code on the offer.
	Shared string
}

func listCoupons(_ http.ResponseWriter, r *http.Request, p *page) error {
	l := p.listOf("-create_time", "code", "offer", "publisher", "start_time", "expire_time")
	var scope couponScope
	var resp *couponv1.ListCouponsResponse
	calls, ctx := errgroup.WithContext(r.Context())
	calls.Go(func() (err error) {
		scope, err = p.couponScope()
		return err
	})
	calls.Go(func() error {
		filter, err := p.couponFilter(ctx, l)
		if err != nil {
			return err
		}
		parent := "offers/-"
		if id := r.PathValue("offer"); id != "" {
			parent = "offers/" + id
		}
		resp, err = p.couponService().ListCoupons(ctx, &couponv1.ListCouponsRequest{
			Parent: parent, Filter: filter, OrderBy: l.OrderBy(), PageToken: l.PageToken(),
		})
		return err
	})
	if err := calls.Wait(); err != nil {
		return err
	}
	return p.showCoupons(l, scope, resp)
}

// showCoupons answers with a page of coupons, and with what belongs to each.
func (p *page) showCoupons(l list, scope couponScope, resp *couponv1.ListCouponsResponse) error {
	more := p.moreOf(p.r.Context(), resp.GetCoupons(), l)
	p.Title, p.Section, p.Tabs = "Coupons", "offers", p.offersTabs(allCouponsPath)
	if !scope.isAll() {
		p.offerPage(scope.offer, offerCouponsPath)
	}
	p.Actions = []link{
		{Label: "Import CSV", Href: scope.at("import")},
		{Label: "Generate", Href: scope.at("generate")},
		{Label: "Export", Href: l.exportHref(scope)},
		{Label: "+ Create Coupon", Href: scope.at("new"), IsPrimary: true},
	}
	view := couponsView{Toolbar: couponsToolbar(l), Table: p.couponsTable(l, scope, resp, more), New: p.newCouponOf(more)}
	if l.isFiltered("offer", "publisher", "created") {
		view.Only, view.All = onlyText(l, more.names), l.path
	}
	return p.show("coupons", view)
}

// exportHref is where the coupons of the list are downloaded.
func (l list) exportHref(scope couponScope) string {
	values := l.copy()
	for _, name := range []string{"page", "back", "new"} {
		values.Del(name)
	}
	return list{path: scope.at("export")}.href(values)
}

// onlyText says what the list is narrowed to by its address.
func onlyText(l list, called names) string {
	var parts []string
	if id := l.Get("publisher"); id != "" {
		parts = append(parts, "of "+called.of("publishers/"+id))
	}
	if id := l.Get("offer"); id != "" {
		parts = append(parts, "on "+called.of("offers/"+id))
	}
	if l.Get("created") != "" {
		parts = append(parts, "that were generated together")
	}
	return "Only coupons " + strings.Join(parts, " ") + "."
}

// couponFilter returns the filter that a list's address asks for. What is typed is the beginning of a code,
// words of a note, or whom and what the coupon is for.
func (p *page) couponFilter(ctx context.Context, l list) (string, error) {
	var parts []string
	if _, isState := couponv1.Coupon_State_value[l.Get("state")]; isState {
		parts = append(parts, "state = "+l.Get("state"))
	}
	for _, name := range []string{"offer", "publisher"} {
		if id := l.Get(name); id != "" {
			parts = append(parts, name+" = "+quoted(id))
		}
	}
	if moment := l.Get("created"); moment != "" {
		parts = append(parts, "create_time = "+quoted(moment))
	}
	typed, err := p.couponSearch(ctx, l.Get("q"))
	return and(append(parts, typed)...), err
}

func (p *page) couponSearch(ctx context.Context, typed string) (string, error) {
	if typed = searched(typed); typed == "" {
		return "", nil
	}
	var offers *couponv1.ListOffersResponse
	var publishers *couponv1.ListPublishersResponse
	calls, ctx := errgroup.WithContext(ctx)
	calls.Go(func() (err error) {
		offers, err = p.offers.ListOffers(ctx, &couponv1.ListOffersRequest{Filter: search(typed), PageSize: picks})
		return err
	})
	calls.Go(func() (err error) {
		publishers, err = p.publishers.ListPublishers(ctx, &couponv1.ListPublishersRequest{Filter: search(typed), PageSize: picks})
		return err
	})
	if err := calls.Wait(); err != nil {
		return "", err
	}
	beginning := strings.TrimSuffix(quoted(typed), `"`) + `*"`
	terms := []string{"code = " + beginning, hasWords("internal_note", typed)}
	for _, o := range offers.GetOffers() {
		terms = append(terms, "offer = "+quoted(idOf(o.GetName())))
	}
	for _, o := range publishers.GetPublishers() {
		terms = append(terms, "publisher = "+quoted(idOf(o.GetName())))
	}
	return "(" + strings.Join(terms, " OR ") + ")", nil
}

// shortened returns a text's first characters.
func shortened(text string, chars int) string {
	if runes := []rune(text); len(runes) > chars {
		return string(runes[:chars])
	}
	return text
}

func couponsToolbar(l list) toolbar {
	kept := l.Kept()
	for _, name := range []string{"offer", "publisher", "created"} {
		if value := l.Get(name); value != "" {
			kept[name] = value
		}
	}
	return toolbar{
		Target: "coupons-table", Action: l.path, Search: l.Get("q"), SearchLabel: "Search by code, publisher, offer or note", Kept: kept,
		Filters: []field{{
			Name: "state", Label: "State", Kind: "select", Value: l.Get("state"),
			Choices: []choice{
				{"", "All states"},
				{"ACTIVE", "Active"},
				{"SCHEDULED", "Scheduled"},
				{"EXPIRED", "Expired"},
				{"DISABLED", "Disabled"},
				{"ARCHIVED", "Archived"},
			},
		}},
	}
}

// couponsTable is the table of coupons, the same on both tabs; an offer's own leaves out the offer.
func (p *page) couponsTable(l list, scope couponScope, resp *couponv1.ListCouponsResponse, more couponMore) table {
	t := table{
		ID: "coupons-table", Caption: "Coupons", Pager: l.pager(resp.GetNextPageToken()),
		Bulk: &bulk{
			Action: at("coupons", "bulk") + "?back=" + url.QueryEscape(p.Path()),
			Do:     []choice{{"disable", "Disable"}, {"enable", "Enable"}, {"extend", "Extend dates"}, {"archive", "Archive"}},
		},
		Empty: emptyCoupons(l, scope),
	}
	t.Columns = append(t.Columns, l.column("Code", "code"))
	if scope.isAll() {
		t.Columns = append(t.Columns, l.column("Offer", "offer"))
	}
	t.Columns = append(t.Columns,
		l.column("Publisher", "publisher"), column{Label: "State"}, l.column("Start", "start_time"), l.column("Expiration", "expire_time"),
		column{Label: "Usage limit"}, column{Label: "Tracking link"}, column{Label: "Clicks", IsNumber: true}, column{Label: "Conversions", IsNumber: true},
		column{Label: "Payout", IsNumber: true}, column{Label: "Note"})
	for _, c := range resp.GetCoupons() {
		t.Rows = append(t.Rows, p.couponRow(c, scope, more))
	}
	return t
}

func emptyCoupons(l list, scope couponScope) empty {
	if l.isFiltered("q", "state", "page", "offer", "publisher", "created") {
		return empty{
			Title: "No coupon matches", Text: "Search by the beginning of a code, or by words of a note or of the name of a publisher or an offer.",
			Action: &link{Label: "Show all coupons", Href: l.path},
		}
	}
	return empty{
		Title: "No coupons yet", Text: "A coupon is a code for one publisher on one offer. It gives the shopper a discount, and tells you who drove the sale.",
		Action: &link{Label: "+ Create Coupon", Href: scope.at("new")},
	}
}

func (p *page) couponRow(c *couponv1.Coupon, scope couponScope, more couponMore) row {
	r := row{Key: c.GetName(), Label: c.GetCode() + " of " + more.names.of(c.GetPublisher()), IsNew: c.GetName() == more.newName}
	r.Cells = append(r.Cells, cell{Text: c.GetCode(), Href: couponHref(c)})
	if scope.isAll() {
		r.Cells = append(r.Cells, cell{Text: more.names.of(c.GetOffer()), Href: at("offers", idOf(c.GetOffer()), "coupons")})
	}
	clicks, conversions, payout := more.figures.of(c)
	shared := cell{Text: c.GetTrackingLink(), IsCode: true, CanCopy: true, Links: []link{{Label: "QR", Href: couponHref(c) + "#qr"}}}
	if scan := p.scanHref(c.GetTrackingLink()); scan != "" {
		shared.Links = append(shared.Links, link{Label: "Scan", Href: scan})
	}
	end := cell{Text: "Never"}
	if c.GetExpireTime() != nil {
		end = cell{Time: lastMoment(c)}
	}
	note := c.GetInternalNote()
	if short := shortened(note, maxNoteChars); short != note {
		note = strings.TrimSpace(short) + "…"
	}
	r.Cells = append(
		r.Cells, cell{Text: more.names.of(c.GetPublisher()), Href: at("publishers", idOf(c.GetPublisher()))},
		cell{Badge: stateBadge(c.GetState().String())}, cell{Time: c.GetStartTime().AsTime()}, end, cell{Text: limitText(c)}, shared,
		cell{Text: clicks}, cell{Text: conversions}, cell{Text: payout}, cell{Text: note})
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
	return at("offers", idOf(c.GetOffer()), "coupons", idOf(c.GetName()))
}

// scanHref is where a link is scanned; empty: there is no Scan Tool.
func (p *page) scanHref(trackingLink string) string {
	if !p.has("tools/scan") || trackingLink == "" {
		return ""
	}
	return scanHref(trackingLink)
}

// dayText is a day in a form.
func (p *page) dayText(t time.Time) string { return format.InputDate(t, p.zone) }

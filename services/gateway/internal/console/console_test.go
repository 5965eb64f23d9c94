package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/internal/grpcserve"
)

const (
	key     = "the-admin-key-of-the-tests"
	hostile = `<script>alert("x")</script>'"&`
)

// fake stands for the coupon service: one offer and one publisher with hostile names, and an error for
// every call where there is one.
type fake struct {
	couponv1.UnimplementedOfferServiceServer
	couponv1.UnimplementedPublisherServiceServer
	err       error
	offers    int
	nextToken string
	lastList  *couponv1.ListOffersRequest
	lastOffer *couponv1.Offer
	isTried   bool // the last offer was only validated
}

func (f *fake) GetOffer(_ context.Context, req *couponv1.GetOfferRequest) (*couponv1.Offer, error) {
	if req.GetName() != "offers/10" {
		return nil, status.Error(codes.NotFound, "there is no offer like that")
	}
	return offer(), nil
}

func (f *fake) ListOffers(_ context.Context, req *couponv1.ListOffersRequest) (*couponv1.ListOffersResponse, error) {
	f.lastList = proto.CloneOf(req)
	resp := &couponv1.ListOffersResponse{NextPageToken: f.nextToken}
	for range f.offers {
		resp.Offers = append(resp.Offers, offer())
	}
	return resp, f.err
}

func (f *fake) CreateOffer(_ context.Context, req *couponv1.CreateOfferRequest) (*couponv1.Offer, error) {
	f.take(req.GetOffer(), req.GetValidateOnly())
	return offer(), f.err
}

// take notes an offer that is stored or validated.
func (f *fake) take(o *couponv1.Offer, isTried bool) {
	if f.isTried = isTried; !isTried {
		f.lastOffer = proto.CloneOf(o)
	}
}

func (f *fake) UpdateOffer(_ context.Context, req *couponv1.UpdateOfferRequest) (*couponv1.Offer, error) {
	f.take(req.GetOffer(), req.GetValidateOnly())
	return offer(), f.err
}

func (f *fake) GetPublisher(context.Context, *couponv1.GetPublisherRequest) (*couponv1.Publisher, error) {
	return publisher(), f.err
}

// ListPublishers has one publisher, and one for each other that a filter names.
func (f *fake) ListPublishers(_ context.Context, req *couponv1.ListPublishersRequest) (*couponv1.ListPublishersResponse, error) {
	if len(req.GetFilter()) > 4096 {
		return nil, status.Error(codes.InvalidArgument, "filter: too long")
	}
	resp := &couponv1.ListPublishersResponse{Publishers: []*couponv1.Publisher{publisher()}}
	for _, named := range regexp.MustCompile(`name = "(p-[^"]+)"`).FindAllStringSubmatch(req.GetFilter(), -1) {
		resp.Publishers = append(resp.Publishers, &couponv1.Publisher{Name: "publishers/" + named[1], DisplayName: "Called " + named[1]})
	}
	return resp, f.err
}

func offer() *couponv1.Offer {
	return &couponv1.Offer{
		Name: "offers/10", DisplayName: hostile, LandingPageUrl: "https://shop.example.com/?c={click_id}", State: couponv1.Offer_ACTIVE, Etag: "e1",
		Payout:                &couponv1.Payout{Kind: &couponv1.Payout_Fixed{Fixed: &couponv1.Money{CurrencyCode: "EUR", Units: 1250, Nanos: 500_000_000}}},
		OpenPostbackMaxAmount: &couponv1.Money{CurrencyCode: "EUR", Units: 500, Nanos: 500_000_000},
	}
}

func publisher() *couponv1.Publisher {
	return &couponv1.Publisher{Name: "publishers/22", DisplayName: hostile, State: couponv1.Publisher_ACTIVE, Etag: "e1", PostbackUrl: "https://p.example.com/"}
}

// browser is a client that keeps cookies and does not follow redirects. It says of its forms, as browsers do,
// that they are from our own pages.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

type answer struct {
	status int
	header http.Header
	body   string
}

// open returns a browser before a console before a fake, not logged in. Times pass as clock says.
func open(t *testing.T, f *fake, change func(*console.Config)) *browser {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	server := grpcserve.New(grpcserve.Config{AdminKey: key, Log: log, Ready: func(context.Context) error { return nil }})
	couponv1.RegisterOfferServiceServer(server, f)
	couponv1.RegisterPublisherServiceServer(server, f)
	cfg := console.Config{Coupon: server.Local(), Tracking: server.Local(), AdminKey: key, Log: log}
	if change != nil {
		change(&cfg)
	}
	handler, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, handler)
}

func visit(t *testing.T, handler http.Handler) *browser {
	t.Helper()
	origin := httptest.NewServer(handler)
	t.Cleanup(origin.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, origin.URL, &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) do(method, path string, form url.Values, header ...string) answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method != http.MethodGet {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(content)}
}

func (b *browser) get(path string, header ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil, header...)
}

// post sends a form as a page of ours would.
func (b *browser) post(path string, values ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(values, 2) {
		form.Set(pair[0], pair[1])
	}
	return b.do(http.MethodPost, path, form)
}

func (b *browser) logIn() *browser {
	b.t.Helper()
	if a := b.do(http.MethodPost, "/console/login", url.Values{"key": {key}}); a.status != http.StatusSeeOther {
		b.t.Fatalf("login: status %d\n%s", a.status, a.body)
	}
	return b
}

// pages are all pages that GET has.
func pages() []string {
	return []string{
		"/console/offers", "/console/offers/new", "/console/offers/10/settings", "/console/publishers", "/console/publishers/new",
		"/console/publishers/22", "/console/settings", "/console/pick/offers?q=a", "/console/pick/publishers",
	}
}

func TestNoPageWithoutSession(t *testing.T) {
	b := open(t, &fake{offers: 1}, nil)
	for _, path := range pages() {
		a := b.get(path)
		if want := "/console/login?next=" + url.QueryEscape(path); a.status != http.StatusSeeOther || a.header.Get("Location") != want {
			t.Errorf("%s: status %d to %q, want 303 to %q", path, a.status, a.header.Get("Location"), want)
		}
		if a := b.get(path, "HX-Request", "true"); a.header.Get("HX-Redirect") != "/console/login" || a.body != "" {
			t.Errorf("%s by htmx: redirect %q, body %q", path, a.header.Get("HX-Redirect"), a.body)
		}
	}
	for _, path := range []string{"/console/logout", "/console/logout-everywhere", "/console/theme"} {
		if a := b.do(http.MethodPost, path, url.Values{}); a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/login" {
			t.Errorf("POST %s: status %d to %q", path, a.status, a.header.Get("Location"))
		}
	}
}

func TestEveryAnswerHasThePolicy(t *testing.T) {
	b := open(t, &fake{offers: 1}, nil)
	paths := append(pages(), "/console", "/console/", "/console/login", "/console/nothing", "/console/offers/nope/settings", "/console/assets/x/console.css", "/console/assets/x/none")
	check := func() {
		for _, path := range paths {
			policy := b.get(path).header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: the policy %q lacks %s", path, policy, part)
				}
			}
		}
	}
	check()
	b.logIn()
	check()
}

// inline is what the policy forbids, and browsers would only complain about.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>|hx-on|javascript:`)

func TestPagesShowHostileNamesAsText(t *testing.T) {
	b := open(t, &fake{offers: 2, nextToken: "t1"}, nil).logIn()
	for _, path := range append(pages(), "/console/offers?q="+url.QueryEscape(hostile), "/console/offers?page=t0&back=&sort="+url.QueryEscape(hostile)) {
		a := b.get(path)
		if a.status != http.StatusOK {
			t.Errorf("%s: status %d", path, a.status)
		}
		if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, `alert("x")`) {
			t.Errorf("%s shows a hostile name as it is:\n%s", path, a.body)
		}
		if found := inline.FindString(a.body); found != "" {
			t.Errorf("%s has %q inline", path, found)
		}
		if isWhole := !strings.HasPrefix(path, "/console/pick"); isWhole != strings.Contains(a.body, "</html>") {
			t.Errorf("%s: a whole page: %v", path, !isWhole)
		}
	}
}

func TestErrorsBecomePages(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		text   string
	}{
		{status.Error(codes.Unavailable, "secret address refused"), http.StatusServiceUnavailable, "Try again"},
		{status.Error(codes.Internal, "secret"), http.StatusInternalServerError, "Something went wrong"},
		{status.Error(codes.InvalidArgument, "the filter is wrong"), http.StatusBadRequest, "The filter is wrong."},
	} {
		b := open(t, &fake{err: c.err}, nil).logIn()
		a := b.get("/console/offers")
		if a.status != c.status || !strings.Contains(a.body, c.text) || strings.Contains(a.body, "secret") {
			t.Errorf("%v: status %d, want %d with %q:\n%s", c.err, a.status, c.status, c.text, a.body)
		}
		a = b.get("/console/offers", "HX-Request", "true", "HX-Target", "div#offers-table")
		if a.status != http.StatusOK || a.header.Get("HX-Reswap") != "none" || !strings.Contains(a.body, "toast-error") || strings.Contains(a.body, "<html") {
			t.Errorf("%v by htmx: status %d, HX-Reswap %q:\n%s", c.err, a.status, a.header.Get("HX-Reswap"), a.body)
		}
	}
	a := open(t, &fake{}, nil).logIn().get("/console/offers/nope/settings")
	if a.status != http.StatusNotFound || !strings.Contains(a.body, "There is no offer like that.") {
		t.Errorf("a missing offer: status %d\n%s", a.status, a.body)
	}
}

func TestListIsInItsAddress(t *testing.T) {
	f := &fake{offers: 1, nextToken: "t3"}
	b := open(t, f, nil).logIn()
	a := b.get("/console/offers?q=Shoes&state=PAUSED&sort=-create_time&page=t2&back=t1")
	if got := f.lastList; got.GetOrderBy() != "create_time desc" || got.GetPageToken() != "t2" ||
		!strings.Contains(got.GetFilter(), `display_name:"Shoes"`) || !strings.HasSuffix(got.GetFilter(), " AND state = PAUSED") {
		t.Errorf("asked for %v", got)
	}
	for _, link := range []string{
		"back=t1.t2&amp;page=t3&amp;q=Shoes&amp;sort=-create_time&amp;state=PAUSED", // Next
		"page=t1&amp;q=Shoes&amp;sort=-create_time&amp;state=PAUSED",                // Previous
		`"/console/offers?q=Shoes&amp;sort=-create_time&amp;state=PAUSED"`,          // First
	} {
		if !strings.Contains(a.body, link) {
			t.Errorf("there is no link with %s:\n%s", link, a.body)
		}
	}
	part := b.get("/console/offers?q=Shoes&state=", "HX-Request", "true", "HX-Target", "div#offers-table", "HX-Source", "form")
	if strings.Contains(part.body, "<html") || !strings.HasPrefix(part.body, `<div id="offers-table"`) || part.header.Get("HX-Replace-Url") != "/console/offers?q=Shoes" {
		t.Errorf("the table alone, address %q:\n%s", part.header.Get("HX-Replace-Url"), part.body)
	}
}

func TestRefusedFormKeepsWhatWasTyped(t *testing.T) {
	bad, err := status.New(codes.InvalidArgument, "display_name: too long").WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "offer.display_name", Description: "the display name is too long"}, {Field: "payout.fixed", Description: "no such currency"}, {Field: "elsewhere", Description: "something else"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{err: bad.Err()}
	b := open(t, f, nil).logIn()
	a := b.post("/console/offers/new", "display_name", hostile, "landing_page_url", "https://x.example.com/", "payout_kind", "fixed", "payout", "7.50", "payout_currency", "xxx")
	if a.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", a.status)
	}
	for _, want := range []string{
		`id="field-display_name-error">The display name is too long.`, `id="field-payout_kind-error">No such currency.`, "Something else.",
		`value="https://x.example.com/"`, `value="7.50"`, `value="&lt;script&gt;`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the form lacks %s:\n%s", want, a.body)
		}
	}
	if m := f.lastOffer.GetPayout().GetFixed(); m.GetUnits() != 7 || m.GetNanos() != 500_000_000 || m.GetCurrencyCode() != "XXX" {
		t.Errorf("the payout was sent as %v", m)
	}
	f.lastOffer = nil
	a = b.post("/console/offers/new", "display_name", "x", "payout_kind", "fixed", "payout", "much")
	if f.lastOffer != nil || !strings.Contains(a.body, "is not a decimal number") {
		t.Errorf("an amount that is no number was sent: %v\n%s", f.lastOffer, a.body)
	}
}

func TestGreatestAmountWithoutAToken(t *testing.T) {
	f := &fake{}
	b := open(t, f, nil).logIn()
	b.get("/console/offers/10/settings").holds(t, http.StatusOK, `name="open_postback_max_amount" value="500.50"`, `name="open_postback_max_amount_currency" value="EUR"`)
	b.post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount", "9.5", "currency_code", "eur")
	if m := f.lastOffer.GetOpenPostbackMaxAmount(); m.GetUnits() != 9 || m.GetNanos() != 500_000_000 || m.GetCurrencyCode() != "EUR" {
		t.Errorf("sent %v", m)
	}
	b.post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount", "9", "open_postback_max_amount_currency", "jpy")
	if m := f.lastOffer.GetOpenPostbackMaxAmount(); m.GetUnits() != 9 || m.GetCurrencyCode() != "JPY" {
		t.Errorf("sent %v", m)
	}
	b.post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount_currency", "jpy")
	if f.lastOffer.OpenPostbackMaxAmount != nil {
		t.Errorf("sent %v for no limit", f.lastOffer.GetOpenPostbackMaxAmount())
	}
}

func TestConflictKeepsBoth(t *testing.T) {
	f := &fake{err: status.Error(codes.Aborted, "the etag is old")}
	a := open(t, f, nil).logIn().post("/console/offers/10/settings", "etag", "e0", "display_name", "Mine", "state", "PAUSED", "landing_page_url", "https://shop.example.com/?c={click_id}")
	if f.lastOffer.GetEtag() != "e0" {
		t.Errorf("the etag went out as %q", f.lastOffer.GetEtag())
	}
	for _, want := range []string{"Somebody else has changed this", `value="Mine"`, "They have: &lt;script", "They have: Active", `name="etag" value="e1"`} {
		if a.status != http.StatusConflict || !strings.Contains(a.body, want) {
			t.Errorf("status %d; the form lacks %s:\n%s", a.status, want, a.body)
		}
	}
}

func TestToastAfterRedirectIsShownOnce(t *testing.T) {
	b := open(t, &fake{}, nil).logIn()
	a := b.post("/console/offers/10/state", "state", "ARCHIVED")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/offers/10/settings" {
		t.Fatalf("status %d to %q\n%s", a.status, a.header.Get("Location"), a.body)
	}
	const text, undo = "The offer is now Active.", `action="/console/offers/10/state"`
	if body := b.get("/console/offers/10/settings").body; !strings.Contains(body, text) || !strings.Contains(body, undo) {
		t.Errorf("no toast with Undo:\n%s", body)
	}
	if body := b.get("/console/offers/10/settings").body; strings.Contains(body, text) {
		t.Error("the toast is shown twice")
	}
}

func TestThemeIsKept(t *testing.T) {
	b := open(t, &fake{}, nil).logIn()
	if a := b.post("/console/theme", "theme", "dark", "back", "/console/offers?q=a"); a.header.Get("Location") != "/console/offers?q=a" {
		t.Errorf("back to %q", a.header.Get("Location"))
	}
	if body := b.get("/console/settings").body; !strings.Contains(body, `<html lang="en" data-theme="dark">`) {
		t.Error("the theme is not kept")
	}
}

func TestAssetsAreKeptUnderTheirHash(t *testing.T) {
	b := open(t, &fake{}, nil)
	found := regexp.MustCompile(`/console/assets/[0-9a-f]{16}/console\.css`).FindString(b.get("/console/login").body)
	if a := b.get(found); a.status != http.StatusOK || !strings.Contains(a.header.Get("Cache-Control"), "immutable") || a.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%q: status %d, %v", found, a.status, a.header)
	}
	if a := b.get("/console/assets/0000000000000000/console.css"); a.status != http.StatusOK || a.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("under another hash: status %d, %v", a.status, a.header)
	}
}

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

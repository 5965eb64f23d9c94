package offers_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

func TestListIsInItsAddress(t *testing.T) {
	f := &consoletest.Fake{Offers: 1, NextToken: "t3"}
	b := consoletest.Open(t, f, nil).LogIn()
	a := b.Get("/console/offers?q=Shoes&state=PAUSED&sort=-create_time&page=t2&back=t1")
	if got := f.LastList; got.GetOrderBy() != "create_time desc" || got.GetPageToken() != "t2" ||
		!strings.Contains(got.GetFilter(), `display_name:"Shoes"`) || !strings.HasSuffix(got.GetFilter(), " AND state = PAUSED") {
		t.Errorf("asked for %v", got)
	}
	for _, link := range []string{
		"back=t1.t2&amp;page=t3&amp;q=Shoes&amp;sort=-create_time&amp;state=PAUSED", // Next
		"page=t1&amp;q=Shoes&amp;sort=-create_time&amp;state=PAUSED",                // Previous
		`"/console/offers?q=Shoes&amp;sort=-create_time&amp;state=PAUSED"`,          // First
	} {
		if !strings.Contains(a.Body, link) {
			t.Errorf("there is no link with %s:\n%s", link, a.Body)
		}
	}
	part := b.Get("/console/offers?q=Shoes&state=", "HX-Request", "true", "HX-Target", "div#offers-table", "HX-Source", "form")
	if strings.Contains(part.Body, "<html") || !strings.HasPrefix(part.Body, `<div id="offers-table"`) || part.Header.Get("HX-Replace-Url") != "/console/offers?q=Shoes" {
		t.Errorf("the table alone, address %q:\n%s", part.Header.Get("HX-Replace-Url"), part.Body)
	}
}

func TestRefusedFormKeepsWhatWasTyped(t *testing.T) {
	bad, err := status.New(codes.InvalidArgument, "display_name: too long").WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "offer.display_name", Description: "the display name is too long"}, {Field: "payout.fixed", Description: "no such currency"}, {Field: "elsewhere", Description: "something else"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f := &consoletest.Fake{Err: bad.Err()}
	b := consoletest.Open(t, f, nil).LogIn()
	a := b.Post("/console/offers/new", "display_name", consoletest.Hostile, "landing_page_url", "https://x.example.com/", "payout_kind", "fixed", "payout", "7.50", "payout_currency", "xxx")
	if a.Status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", a.Status)
	}
	for _, want := range []string{
		`id="field-display_name-error">The display name is too long.`, `id="field-payout_kind-error">No such currency.`, "Something else.",
		`value="https://x.example.com/"`, `value="7.50"`, `value="&lt;script&gt;`,
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the form lacks %s:\n%s", want, a.Body)
		}
	}
	if m := f.LastOffer.GetPayout().GetFixed(); m.GetUnits() != 7 || m.GetNanos() != 500_000_000 || m.GetCurrencyCode() != "XXX" {
		t.Errorf("the payout was sent as %v", m)
	}
	f.LastOffer = nil
	a = b.Post("/console/offers/new", "display_name", "x", "payout_kind", "fixed", "payout", "much")
	if f.LastOffer != nil || !strings.Contains(a.Body, "is not a decimal number") {
		t.Errorf("an amount that is no number was sent: %v\n%s", f.LastOffer, a.Body)
	}
}

func TestGreatestAmountWithoutAToken(t *testing.T) {
	f := &consoletest.Fake{}
	b := consoletest.Open(t, f, nil).LogIn()
	b.Get("/console/offers/10/settings").Holds(t, http.StatusOK, `name="open_postback_max_amount" value="500.50"`, `name="open_postback_max_amount_currency" value="EUR"`)
	b.Post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount", "9.5", "currency_code", "eur")
	if m := f.LastOffer.GetOpenPostbackMaxAmount(); m.GetUnits() != 9 || m.GetNanos() != 500_000_000 || m.GetCurrencyCode() != "EUR" {
		t.Errorf("sent %v", m)
	}
	b.Post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount", "9", "open_postback_max_amount_currency", "jpy")
	if m := f.LastOffer.GetOpenPostbackMaxAmount(); m.GetUnits() != 9 || m.GetCurrencyCode() != "JPY" {
		t.Errorf("sent %v", m)
	}
	b.Post("/console/offers/10/settings", "display_name", "x", "open_postback_max_amount_currency", "jpy")
	if f.LastOffer.OpenPostbackMaxAmount != nil {
		t.Errorf("sent %v for no limit", f.LastOffer.GetOpenPostbackMaxAmount())
	}
}

func TestConflictKeepsBoth(t *testing.T) {
	f := &consoletest.Fake{Err: status.Error(codes.Aborted, "the etag is old")}
	a := consoletest.Open(t, f, nil).LogIn().Post("/console/offers/10/settings", "etag", "e0", "display_name", "Mine", "state", "PAUSED", "landing_page_url", "https://shop.example.com/?c={click_id}")
	if f.LastOffer.GetEtag() != "e0" {
		t.Errorf("the etag went out as %q", f.LastOffer.GetEtag())
	}
	for _, want := range []string{"Somebody else has changed this", `value="Mine"`, "They have: &lt;script", "They have: Active", `name="etag" value="e1"`} {
		if a.Status != http.StatusConflict || !strings.Contains(a.Body, want) {
			t.Errorf("status %d; the form lacks %s:\n%s", a.Status, want, a.Body)
		}
	}
}

package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console"
)

var keptField = regexp.MustCompile(`name="kept" value="([^"]+)"`)

// keptIn returns the form that a page keeps; "" if it keeps none.
func keptIn(a answer) string {
	found := keptField.FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// openTimed returns a browser whose session has ended, and the clock.
func openTimed(t *testing.T, f *fake) (*browser, *clock) {
	t.Helper()
	c := newClock()
	b := open(t, f, func(cfg *console.Config) { cfg.Now = c.Now }).logIn()
	c.now = c.now.Add(13 * time.Hour)
	return b, c
}

func newOfferValues() url.Values {
	return url.Values{
		"display_name": {"Typed " + hostile}, "landing_page_url": {"https://typed.example.com/"},
		"payout_kind": {"fixed"}, "payout": {"7.50"}, "payout_currency": {"EUR"},
	}
}

func TestFormOutlivesItsSession(t *testing.T) {
	f := &fake{}
	b, _ := openTimed(t, f)
	a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(), "Referer", b.base+"/console/offers/new?x=1")
	a.holds(t, http.StatusUnauthorized, "Your session had ended.", `name="key"`, "Drop it")
	kept := keptIn(a)
	if kept == "" || a.header.Get("Location") != "" || strings.Contains(a.header.Get("Set-Cookie"), "Typed") {
		t.Fatalf("the login page keeps %q, leads to %q", kept, a.header.Get("Location"))
	}
	a = b.do(http.MethodPost, "/console/login", url.Values{"key": {"wrong"}, "kept": {kept}})
	if a.holds(t, http.StatusUnprocessableEntity, "still kept"); keptIn(a) != kept {
		t.Error("after a wrong key the form is lost")
	}
	a = b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "kept": {kept}})
	a.holds(t, http.StatusUnprocessableEntity, "What you typed is below, and is not saved yet.", `value="Typed &lt;script&gt;`, `value="https://typed.example.com/"`,
		`value="7.50"`, `data-address="/console/offers/new?x=1"`, "data-unsaved", `action="/console/offers/new"`)
	if f.lastOffer != nil {
		t.Fatal("the form was stored by logging in")
	}
	if a := b.do(http.MethodPost, "/console/offers/new", newOfferValues()); a.status != http.StatusSeeOther || f.lastOffer == nil {
		t.Errorf("saving what was kept: status %d", a.status)
	}
}

func TestKeptFormsEnd(t *testing.T) {
	f := &fake{}
	b, c := openTimed(t, f)
	kept := keptIn(b.do(http.MethodPost, "/console/offers/new", newOfferValues()))
	logInWith := func(kept string) answer {
		return b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "kept": {kept}})
	}
	if a := logInWith("A" + kept[1:]); a.status != http.StatusSeeOther {
		t.Errorf("a form that we did not sign: status %d", a.status)
	}
	c.now = c.now.Add(time.Hour)
	if a := logInWith(kept); a.status != http.StatusSeeOther {
		t.Errorf("an hour later: status %d", a.status)
	}
	large := newOfferValues()
	large.Set("display_name", strings.Repeat("x", 300<<10))
	c.now = c.now.Add(13 * time.Hour)
	a := b.do(http.MethodPost, "/console/offers/new", large)
	if a.holds(t, http.StatusUnauthorized, "Log in to go on."); keptIn(a) != "" {
		t.Error("a form without bound is kept")
	}
}

// A button has no form to show again: its page says that nothing was done.
func TestButtonsOutliveNoSession(t *testing.T) {
	f := &fake{}
	b, _ := openTimed(t, f)
	a := b.do(http.MethodPost, "/console/offers/10/state", url.Values{"state": {"ARCHIVED"}}, "Referer", b.base+"/console/offers/10/settings")
	a = b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "kept": {keptIn(a)}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/offers/10/settings" || f.lastOffer != nil {
		t.Fatalf("status %d to %q", a.status, a.header.Get("Location"))
	}
	b.get("/console/offers/10/settings").holds(t, http.StatusOK, "Nothing was done. Do it again.")
	for _, own := range []string{"logout", "logout-everywhere", "theme"} {
		b := open(t, &fake{}, nil)
		if a := b.do(http.MethodPost, "/console/"+own, url.Values{}); a.status != http.StatusSeeOther || keptIn(a) != "" {
			t.Errorf("%s without a session: status %d", own, a.status)
		}
	}
}

// A form from an earlier session is saved: whoever sends it is logged in, and it is from our own page.
func TestFormOfAnEarlierSession(t *testing.T) {
	f := &fake{}
	b := open(t, f, nil).logIn()
	b.logIn()
	if a := b.do(http.MethodPost, "/console/offers/new", newOfferValues()); a.status != http.StatusSeeOther || f.lastOffer == nil {
		t.Errorf("status %d", a.status)
	}
}

// What another site may have filled in is never kept and never shown again by a login, also where a browser does
// not say where a form is from.
func TestFormsOfOtherSitesAreNotKept(t *testing.T) {
	f := &fake{}
	b, _ := openTimed(t, f)
	kept := keptIn(b.do(http.MethodPost, "/console/offers/new", newOfferValues()))
	if kept == "" {
		t.Fatal("our own form is not kept")
	}
	silent := []string{"Sec-Fetch-Site", ""}
	for name, header := range map[string][]string{
		"nothing said":       silent,
		"a foreign referrer": {"Sec-Fetch-Site", "", "Referer", "https://evil.example.com/console/offers/new"},
		"a spoilt referrer":  {"Sec-Fetch-Site", "", "Referer", "%"},
	} {
		a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(), header...)
		if a.holds(t, http.StatusUnauthorized, "Log in to go on."); keptIn(a) != "" || strings.Contains(a.body, "evil") {
			t.Errorf("%s: the form is kept", name)
		}
		a = b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "kept": {kept}}, header...)
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/" {
			t.Errorf("%s: a login shows a form again: status %d to %q", name, a.status, a.header.Get("Location"))
		}
		b.post("/console/logout")
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "", "Origin", b.base}, {"Sec-Fetch-Site", "", "Referer", b.base + "/console/offers/new"}} {
		if keptIn(b.do(http.MethodPost, "/console/offers/new", newOfferValues(), header...)) == "" {
			t.Errorf("our own form by %v is not kept", header[2])
		}
	}
	if f.lastOffer != nil || f.isTried {
		t.Error("a form was sent on")
	}
}

// A script's request for a part of a page leaves the page, and what is typed there, unchanged.
func TestPartsWithoutSession(t *testing.T) {
	b := open(t, &fake{offers: 1}, nil)
	part := func(path, page string) answer {
		return b.get(path, "HX-Request", "true", "HX-Current-URL", b.base+page)
	}
	a := part("/console/coupons/check?code=ABC", "/console/coupons/new")
	if a.holds(t, http.StatusOK, "Your session has ended. Log in again in another window"); a.header.Get("HX-Redirect") != "" || a.header.Get("HX-Reswap") != "none" {
		t.Errorf("the check leads to %q", a.header.Get("HX-Redirect"))
	}
	want := "/console/login?next=" + url.QueryEscape("/console/offers?q=shoes")
	if a := part("/console/offers?q=shoes", "/console/offers"); a.header.Get("HX-Redirect") != want {
		t.Errorf("searching a list leads to %q, want %q", a.header.Get("HX-Redirect"), want)
	}
}

// A script that asks what is wrong with a form learns it, and nothing is stored.
func TestReviewOfAForm(t *testing.T) {
	f := &fake{}
	b := open(t, f, nil).logIn()
	a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(), "Couponlink-Review", "1")
	if a.holds(t, http.StatusOK, `id="offer-form"`); f.lastOffer != nil || !f.isTried || strings.Contains(a.body, "field-bad") {
		t.Errorf("stored %v, tried %v", f.lastOffer, f.isTried)
	}
}

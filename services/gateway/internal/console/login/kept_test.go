package login_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/couponlink/couponlink/services/gateway/internal/console"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

var keptField = regexp.MustCompile(`name="kept" value="([^"]+)"`)

// keptIn returns the form that a page keeps; "" if it keeps none.
func keptIn(a consoletest.Answer) string {
	found := keptField.FindStringSubmatch(a.Body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// openTimed returns a browser whose session has ended, and the clock.
func openTimed(t *testing.T, f *consoletest.Fake) (*consoletest.Browser, *consoletest.Clock) {
	t.Helper()
	c := consoletest.NewClock()
	b := consoletest.Open(t, f, func(cfg *console.Config) { cfg.Now = c.Now }).LogIn()
	c.Time = c.Time.Add(13 * time.Hour)
	return b, c
}

func newOfferValues() url.Values {
	return url.Values{
		"display_name": {"Typed " + consoletest.Hostile}, "landing_page_url": {"https://typed.example.com/"},
		"payout_kind": {"fixed"}, "payout": {"7.50"}, "payout_currency": {"EUR"},
	}
}

func TestFormOutlivesItsSession(t *testing.T) {
	f := &consoletest.Fake{}
	b, _ := openTimed(t, f)
	a := b.Do(http.MethodPost, "/console/offers/new", newOfferValues(), "Referer", b.Base+"/console/offers/new?x=1")
	a.Holds(t, http.StatusUnauthorized, "Your session had ended.", `name="key"`, "Drop it")
	kept := keptIn(a)
	if kept == "" || a.Header.Get("Location") != "" || strings.Contains(a.Header.Get("Set-Cookie"), "Typed") {
		t.Fatalf("the login page keeps %q, leads to %q", kept, a.Header.Get("Location"))
	}
	a = b.Do(http.MethodPost, "/console/login", url.Values{"key": {"wrong"}, "kept": {kept}})
	if a.Holds(t, http.StatusUnprocessableEntity, "still kept"); keptIn(a) != kept {
		t.Error("after a wrong key the form is lost")
	}
	a = b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}, "kept": {kept}})
	a.Holds(t, http.StatusUnprocessableEntity, "What you typed is below, and is not saved yet.", `value="Typed &lt;script&gt;`, `value="https://typed.example.com/"`,
		`value="7.50"`, `data-address="/console/offers/new?x=1"`, "data-unsaved", `action="/console/offers/new"`)
	if f.LastOffer != nil {
		t.Fatal("the form was stored by logging in")
	}
	if a := b.Do(http.MethodPost, "/console/offers/new", newOfferValues()); a.Status != http.StatusSeeOther || f.LastOffer == nil {
		t.Errorf("saving what was kept: status %d", a.Status)
	}
}

func TestKeptFormsEnd(t *testing.T) {
	f := &consoletest.Fake{}
	b, c := openTimed(t, f)
	kept := keptIn(b.Do(http.MethodPost, "/console/offers/new", newOfferValues()))
	logInWith := func(kept string) consoletest.Answer {
		return b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}, "kept": {kept}})
	}
	forged := "A" + kept[1:]
	if kept[0] == 'A' {
		forged = "B" + kept[1:]
	}
	if a := logInWith(forged); a.Status != http.StatusSeeOther {
		t.Errorf("a form that we did not sign: status %d", a.Status)
	}
	c.Time = c.Time.Add(time.Hour)
	if a := logInWith(kept); a.Status != http.StatusSeeOther {
		t.Errorf("an hour later: status %d", a.Status)
	}
	large := newOfferValues()
	large.Set("display_name", strings.Repeat("x", 300<<10))
	c.Time = c.Time.Add(13 * time.Hour)
	a := b.Do(http.MethodPost, "/console/offers/new", large)
	if a.Holds(t, http.StatusUnauthorized, "Log in to continue."); keptIn(a) != "" {
		t.Error("a form without bound is kept")
	}
}

// A button has no form to show again: its page says that nothing was done.
func TestButtonsOutliveNoSession(t *testing.T) {
	f := &consoletest.Fake{}
	b, _ := openTimed(t, f)
	a := b.Do(http.MethodPost, "/console/offers/10/state", url.Values{"state": {"ARCHIVED"}}, "Referer", b.Base+"/console/offers/10/settings")
	a = b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}, "kept": {keptIn(a)}})
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/offers/10/settings" || f.LastOffer != nil {
		t.Fatalf("status %d to %q", a.Status, a.Header.Get("Location"))
	}
	b.Get("/console/offers/10/settings").Holds(t, http.StatusOK, "Nothing was done. Do it again.")
	for _, own := range []string{"logout", "logout-everywhere", "theme"} {
		b := consoletest.Open(t, &consoletest.Fake{}, nil)
		if a := b.Do(http.MethodPost, "/console/"+own, url.Values{}); a.Status != http.StatusSeeOther || keptIn(a) != "" {
			t.Errorf("%s without a session: status %d", own, a.Status)
		}
	}
}

// A form from an earlier session is saved: its sender is logged in, and it is from our own page.
func TestFormOfAnEarlierSession(t *testing.T) {
	f := &consoletest.Fake{}
	b := consoletest.Open(t, f, nil).LogIn()
	b.LogIn()
	if a := b.Do(http.MethodPost, "/console/offers/new", newOfferValues()); a.Status != http.StatusSeeOther || f.LastOffer == nil {
		t.Errorf("status %d", a.Status)
	}
}

// What another site may have filled in is never kept and never shown again by a login, also where a browser does
// not say where a form is from.
func TestFormsOfOtherSitesAreNotKept(t *testing.T) {
	f := &consoletest.Fake{}
	b, _ := openTimed(t, f)
	kept := keptIn(b.Do(http.MethodPost, "/console/offers/new", newOfferValues()))
	if kept == "" {
		t.Fatal("our own form is not kept")
	}
	silent := []string{"Sec-Fetch-Site", ""}
	for name, header := range map[string][]string{
		"nothing said":       silent,
		"a foreign referrer": {"Sec-Fetch-Site", "", "Referer", "https://evil.example.com/console/offers/new"},
		"a spoilt referrer":  {"Sec-Fetch-Site", "", "Referer", "%"},
	} {
		a := b.Do(http.MethodPost, "/console/offers/new", newOfferValues(), header...)
		if a.Holds(t, http.StatusUnauthorized, "Log in to continue."); keptIn(a) != "" || strings.Contains(a.Body, "evil") {
			t.Errorf("%s: the form is kept", name)
		}
		a = b.Do(http.MethodPost, "/console/login", url.Values{"key": {consoletest.Key}, "kept": {kept}}, header...)
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/console/" {
			t.Errorf("%s: a login shows a form again: status %d to %q", name, a.Status, a.Header.Get("Location"))
		}
		b.Post("/console/logout")
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "", "Origin", b.Base}, {"Sec-Fetch-Site", "", "Referer", b.Base + "/console/offers/new"}} {
		if keptIn(b.Do(http.MethodPost, "/console/offers/new", newOfferValues(), header...)) == "" {
			t.Errorf("our own form by %v is not kept", header[2])
		}
	}
	if f.LastOffer != nil || f.IsTried {
		t.Error("a form was sent on")
	}
}

// A script's request for a part of a page leaves the page, and what is typed there, unchanged.
func TestPartsWithoutSession(t *testing.T) {
	b := consoletest.Open(t, &consoletest.Fake{Offers: 1}, nil)
	part := func(path, page string) consoletest.Answer {
		return b.Get(path, "HX-Request", "true", "HX-Current-URL", b.Base+page)
	}
	a := part("/console/coupons/check?code=ABC", "/console/coupons/new")
	if a.Holds(t, http.StatusOK, "Your session has ended. Log in again in another window"); a.Header.Get("HX-Redirect") != "" || a.Header.Get("HX-Reswap") != "none" {
		t.Errorf("the check leads to %q", a.Header.Get("HX-Redirect"))
	}
	want := "/console/login?next=" + url.QueryEscape("/console/offers?q=shoes")
	if a := part("/console/offers?q=shoes", "/console/offers"); a.Header.Get("HX-Redirect") != want {
		t.Errorf("searching a list leads to %q, want %q", a.Header.Get("HX-Redirect"), want)
	}
}

// A script that asks what is wrong with a form learns it, and nothing is stored.
func TestReviewOfAForm(t *testing.T) {
	f := &consoletest.Fake{}
	b := consoletest.Open(t, f, nil).LogIn()
	a := b.Do(http.MethodPost, "/console/offers/new", newOfferValues(), "Couponlink-Review", "1")
	if a.Holds(t, http.StatusOK, `id="offer-form"`); f.LastOffer != nil || !f.IsTried || strings.Contains(a.Body, "field-bad") {
		t.Errorf("stored %v, tried %v", f.LastOffer, f.IsTried)
	}
}

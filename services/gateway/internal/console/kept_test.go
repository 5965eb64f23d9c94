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

// openTimed returns a browser whose session has ended, its forms' old token, and the clock.
func openTimed(t *testing.T, f *fake) (*browser, string, *clock) {
	t.Helper()
	c := newClock()
	b := open(t, f, func(cfg *console.Config) { cfg.Now = c.Now }).logIn()
	token := b.token()
	c.now = c.now.Add(13 * time.Hour)
	return b, token, c
}

func newOfferValues(token string) url.Values {
	return url.Values{
		"csrf": {token}, "display_name": {"Typed " + hostile}, "landing_page_url": {"https://typed.example.com/"},
		"payout_kind": {"fixed"}, "payout": {"7.50"}, "payout_currency": {"EUR"},
	}
}

func TestFormOutlivesItsSession(t *testing.T) {
	f := &fake{}
	b, token, _ := openTimed(t, f)
	a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(token), "Referer", b.base+"/console/offers/new?x=1")
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
	fresh := tokenField.FindStringSubmatch(a.body)
	if a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(fresh[1])); a.status != http.StatusSeeOther || f.lastOffer == nil {
		t.Errorf("saving what was kept: status %d", a.status)
	}
}

func TestKeptFormsEnd(t *testing.T) {
	f := &fake{}
	b, token, c := openTimed(t, f)
	kept := keptIn(b.do(http.MethodPost, "/console/offers/new", newOfferValues(token)))
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
	large := newOfferValues(token)
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
	b, token, _ := openTimed(t, f)
	a := b.do(http.MethodPost, "/console/offers/10/state", url.Values{"csrf": {token}, "state": {"ARCHIVED"}}, "Referer", b.base+"/console/offers/10/settings")
	a = b.do(http.MethodPost, "/console/login", url.Values{"key": {key}, "kept": {keptIn(a)}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/console/offers/10/settings" || f.lastOffer != nil {
		t.Fatalf("status %d to %q", a.status, a.header.Get("Location"))
	}
	b.get("/console/offers/10/settings").holds(t, http.StatusOK, "Nothing was done. Do it again.")
	for _, own := range []string{"logout", "logout-everywhere", "theme"} {
		b := open(t, &fake{}, nil)
		if a := b.do(http.MethodPost, "/console/"+own, url.Values{"csrf": {token}}); a.status != http.StatusSeeOther || keptIn(a) != "" {
			t.Errorf("%s without a session: status %d", own, a.status)
		}
	}
}

// A form from an earlier session is refused, and shown again on demand.
func TestFormOfAnEarlierSession(t *testing.T) {
	f := &fake{}
	b := open(t, f, nil).logIn()
	old := b.token()
	b.logIn()
	a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(old))
	a.holds(t, http.StatusForbidden, "This form is too old", "Show what I typed")
	a = b.post("/console/again", "kept", keptIn(a))
	a.holds(t, http.StatusUnprocessableEntity, "You have logged in again since this form was opened.", `value="https://typed.example.com/"`, `name="csrf" value="`+b.token()+`"`)
	if f.lastOffer != nil {
		t.Error("it was stored")
	}
	b.post("/console/again", "kept", "x").holds(t, http.StatusGone, "no longer kept")
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
	a := b.do(http.MethodPost, "/console/offers/new", newOfferValues(b.token()), "Couponlink-Review", "1")
	if a.holds(t, http.StatusOK, `id="offer-form"`); f.lastOffer != nil || !f.isTried || strings.Contains(a.body, "field-bad") {
		t.Errorf("stored %v, tried %v", f.lastOffer, f.isTried)
	}
}

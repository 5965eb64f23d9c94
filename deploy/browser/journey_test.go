package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// journey is the product's story, from an offer to the sale in the report, told by one kind of hand.
type journey struct {
	*tab
	product *product
	shop    *httptest.Server
	// name begins the names of its pictures.
	name string
}

func (s *suite) journeyByMouse(t *testing.T)    { s.newJourney(t, "mouse", mouse{}, true).tell() }
func (s *suite) journeyByKeyboard(t *testing.T) { s.newJourney(t, "keyboard", keyboard{}, true).tell() }

func (s *suite) journeyWithoutScripts(t *testing.T) {
	s.newJourney(t, "no-script", mouse{}, false).tell()
}

func (s *suite) newJourney(t *testing.T, name string, h hand, hasScripts bool) *journey {
	t.Helper()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Shop</title><h1>Running shoes</h1>")) // the visitor may be gone
	}))
	t.Cleanup(shop.Close)
	p := startProduct(t, s.binary, "COUPONLINK_ALLOWED_PRIVATE_HOSTS=127.0.0.1/32")
	j := &journey{tab: s.newTab(t, p.site), product: p, shop: shop, name: "journey-" + name}
	j.hand, j.isScriptless = h, !hasScripts
	if !hasScripts {
		call(j.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	return j
}

// tell goes through the steps in their order.
func (j *journey) tell() {
	j.t.Helper()
	j.logIn()
	j.createOffer()
	j.createPublisher()
	j.createCoupon()
	link := j.readLink()
	j.scan()
	j.sell(link)
	j.report()
	j.offerDetail()
}

func (j *journey) createOffer() {
	j.t.Helper()
	j.press(link("Offers"))
	j.press(button("+ Create Offer"))
	j.fill("Offer name", "Running shoes")
	j.fill("Offer id", "10")
	j.fill("Landing page URL", j.shop.URL+"/?cid={click_id}&promo={coupon_code}")
	j.choose("Postbacks must carry", "The offer's token")
	j.press(button("Create Offer"))
	j.see(heading("Running shoes"))
}

func (j *journey) createPublisher() {
	j.t.Helper()
	j.press(link("Publishers"))
	j.press(button("+ Create Publisher"))
	j.fill("Publisher name", "Mia Runs")
	j.fill("Publisher id", "22")
	j.press(button("Create Publisher"))
	j.see(heading("Mia Runs"))
}

// createCoupon follows the steps as the seed has them.
func (j *journey) createCoupon() {
	j.t.Helper()
	j.press(link("Offers"))
	j.press(link("Coupons").in(tabs()))
	j.press(button("+ Create Coupon"))
	if !j.isScriptless {
		j.fill("Coupon Code", "SALE_XYZ20")
		j.see(text("letters and digits"))
		j.takeSuggestion()
		j.pick("Offer", "Run", "Running shoes")
		j.pick("Publisher", "Mia", "Mia Runs")
		j.see(text("approved"))
	} else {
		j.fill("Coupon Code", "SALE_XYZ20")
		j.fill("Offer", "10")
		j.fill("Publisher", "22")
	}
	j.date("Start Date", "2026", "01", "15")
	j.date("Expiration Date", "2099", "12", "31")
	j.choose("Discount", "Percent")
	j.fill("Percent or amount", "20")
	j.fill("Minimum order", "50 EUR")
	j.fill("Internal Note", "autumn campaign")
	if j.isScriptless {
		j.expected = append(j.expected, "status of 422")
		j.press(button("Save"))
		j.see(text("letters and digits"))
		j.takeSuggestion()
	}
	j.audit("+ Create Coupon, filled in")
	j.screenshot(j.name + "-create-coupon")
	j.press(button("Save"))
	j.see(want{roles: []string{"StaticText"}, text: "SALEXYZ20"})
}

func (j *journey) takeSuggestion() {
	j.t.Helper()
	j.press(want{roles: []string{"button"}, text: "SALEXYZ20"})
	j.await("the code to be SALEXYZ20", func() (bool, string) {
		e := field("Coupon Code").find(j.tree())
		if e == nil {
			return false, "no field"
		}
		return e.value == "SALEXYZ20", e.value
	})
}

// readLink finds the row with its tracking link, and copies the link where scripts may.
func (j *journey) readLink() string {
	j.t.Helper()
	made := j.product.api(http.MethodGet, "/v1/offers/10/coupons/22.SALEXYZ20", "")
	address := made["trackingLink"].(string)
	inRow := row("SALEXYZ20")
	j.see(text(address).in(inRow))
	j.see(text("Running shoes").in(inRow))
	j.see(text("Mia Runs").in(inRow))
	j.see(text("autumn campaign").in(inRow))
	j.see(text("20 % off, from 50 EUR").in(inRow))
	if given := fmt.Sprint(made["discount"]); !strings.Contains(given, "percent:20 ") && !strings.Contains(given, "percent:20]") || !strings.Contains(given, "units:50") {
		j.t.Errorf("the coupon gives %s, want 20 percent from 50 EUR", given)
	}
	if start, end := fmt.Sprint(made["startTime"]), fmt.Sprint(made["expireTime"]); !strings.HasPrefix(start, "2026-01-15T00:00:00") || !strings.HasPrefix(end, "2100-01-01T00:00:00") {
		j.t.Errorf("the coupon is valid from %s to %s, want from the beginning of the one day to the end of the other", start, end)
	}
	if !j.isScriptless {
		j.copyLink(inRow, address)
	}
	j.audit("Coupons table")
	j.screenshot(j.name + "-coupons")
	return address
}

func (j *journey) copyLink(inRow want, address string) {
	j.t.Helper()
	_, err := chromedp.CallBrowser(j.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-read"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(j.ctx).BrowserContextID,
	})
	j.must("allowing to read the clipboard", err)
	j.press(button("Copy " + address).in(inRow))
	if got := eval[string](j.tab, `navigator.clipboard.readText()`); got != address {
		j.t.Errorf("Copy put %q into the clipboard, want %q", got, address)
	}
}

func (j *journey) scan() {
	j.t.Helper()
	j.press(button("Scan").in(row("SALEXYZ20")))
	j.see(heading("Scan Tool"))
	j.see(heading("This link works"))
	j.audit("Scan Tool, with a result")
	j.screenshot(j.name + "-scan")
}

// sell is what happens elsewhere: a shopper follows the link, and the advertiser reports two sales, the
// other one by another coupon.
func (j *journey) sell(trackingLink string) {
	j.t.Helper()
	status, location, err := j.product.request(http.MethodGet, strings.TrimPrefix(trackingLink, j.site), "")
	if err != nil || status != http.StatusFound || !strings.HasPrefix(location, j.shop.URL) || !strings.Contains(location, "promo=SALEXYZ20") {
		j.t.Fatalf("the tracking link answered %d %s %v", status, location, err)
	}
	j.product.api(http.MethodPost, "/v1/offers/10/coupons", `{"code": "SALEABC20", "publisher": "publishers/22"}`)
	token := j.product.api(http.MethodGet, "/v1/offers/10", "")["postbackToken"].(string)
	for code, order := range map[string]string{"SALEXYZ20": "A-1001", "SALEABC20": "B-2002"} {
		answer := j.product.api(http.MethodGet, "/postback?"+url.Values{
			"coupon_code": {code}, "transaction_id": {order}, "amount": {"59.90"}, "currency": {"USD"}, "token": {token},
		}.Encode(), "")
		if answer["outcome"] != "ATTRIBUTED" {
			j.t.Fatalf("the postback answered %v", answer)
		}
	}
}

// report finds the sale by its code, as the seed says: add the column, apply the filter.
func (j *journey) report() {
	j.t.Helper()
	j.press(link("Conversion Report"))
	j.see(row("A-1001"))
	j.see(row("B-2002"))
	if j.has(want{roles: []string{"columnheader"}, name: "Pub. Unique 3"}) {
		j.t.Error("the column Pub. Unique 3 is there before anybody added it")
	}
	j.press(button("Columns"))
	j.press(field("Pub. Unique 3"))
	j.press(button("Show these columns"))
	j.see(want{roles: []string{"columnheader"}, text: "Pub. Unique 3"})
	j.see(row("A-1001"))
	j.choose("Column", "Pub. Unique 3")
	j.fill("Value", "SALEXYZ20")
	j.press(button("Apply filter"))
	j.missing(row("B-2002"))
	j.see(text("SALEXYZ20").in(row("A-1001")))
	j.see(want{roles: []string{"columnheader"}, text: "Pub. Unique 3"})
	j.audit("Conversion Report, filtered")
	j.screenshot(j.name + "-report")
}

// offerDetail manages coupons of one offer from its own page.
func (j *journey) offerDetail() {
	j.t.Helper()
	j.press(link("Offers"))
	j.press(link("Running shoes").in(row("Running shoes")))
	j.press(link("Coupons").in(tabs()))
	j.see(heading("Running shoes"))
	j.see(row("SALEXYZ20"))
	j.see(row("SALEABC20"))
}

// tabs are the tabs of the page's heading.
func tabs() want { return want{roles: []string{"navigation"}, name: "Tabs"} }

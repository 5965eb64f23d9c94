package scan

import (
	"net/http"
	"net/url"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

func toolRoutes() []ui.Route {
	return []ui.Route{ui.Get("tools/scan", showScan), ui.Get("tools/scan/live", scanLive)}
}

// scanView is the Scan Tool: its form, and what was found, if a link was given.
type scanView struct {
	Form scanForm
	// Live and Wait are where the scan can be had: as it goes on, and as a whole page that waits for it,
	// for browsers without scripts. Both are empty unless the scan is still to be made.
	Live, Wait string
	// Result is nil until the scan is made.
	Result *scanResult
	// Failure says why there is no result.
	Failure string
}

// scanForm is who follows which link.
type scanForm struct{ URL, Device, Language ui.Field }

// showScan shows the Scan Tool. With a link it answers at once, and the page then has the scan told
// live, which may take half a minute; with `wait` in the address, the answer is the result.
func showScan(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	query := r.URL.Query()
	view := scanView{Form: scanFormOf(query)}
	p.Title, p.Section = "Scan Tool", "tools/scan"
	p.Lead = "Follows a link as a visitor would and shows what happens to the click and the code. It makes no click and no sale."
	if view.Form.URL.Value == "" {
		return p.Show("scan", view)
	}
	if !view.Form.check() {
		return p.ShowAs(http.StatusUnprocessableEntity, "scan", view)
	}
	if query.Get("wait") == "" {
		view.Live = ui.Href("tools", "scan", "live") + "?" + query.Encode()
		query.Set("wait", "1")
		view.Wait = ui.Href("tools", "scan") + "?" + query.Encode()
		return p.Show("scan", view)
	}
	found, err := trackingv1.NewScanServiceClient(p.Tracking).ScanLink(r.Context(), &trackingv1.ScanLinkRequest{
		Url: view.Form.URL.Value, Device: scanDevice(view.Form.Device.Value), Language: view.Form.Language.Value,
	})
	if err != nil && !view.Form.fail(p, err) {
		return err
	}
	if err == nil {
		view.Result = scanResultOf(p, view.Form.URL.Value, found)
	}
	return p.Show("scan", view)
}

func scanDevice(name string) trackingv1.ScanLinkRequest_Device {
	return trackingv1.ScanLinkRequest_Device(trackingv1.ScanLinkRequest_Device_value[name])
}

func scanFormOf(query url.Values) scanForm {
	return scanForm{
		URL: ui.Field{
			Name: "url", Label: "Link", Kind: "url", Value: pasted.Trim(query.Get("url")), IsRequired: true, Autofocus: query.Get("url") == "",
			Placeholder: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20", Hint: "A tracking link, its short form, or any other link.",
		},
		Device: deviceField(query.Get("device")), Language: languageField(query.Get("language")),
	}
}

func deviceField(value string) ui.Field {
	if value != "PHONE" {
		value = "DESKTOP"
	}
	return ui.Field{Name: "device", Label: "Device", Kind: "select", Value: value, Choices: []ui.Choice{{Value: "DESKTOP", Label: "Desktop"}, {Value: "PHONE", Label: "Phone"}}}
}

// languageField offers the languages that shops are mostly written in. Another, given in the address, is
// kept.
func languageField(value string) ui.Field {
	if value == "" {
		value = "en"
	}
	f := ui.Field{Name: "language", Label: "Language", Kind: "select", Value: value, Choices: []ui.Choice{
		{Value: "en", Label: "English"},
		{Value: "cs", Label: "Czech"},
		{Value: "da", Label: "Danish"},
		{Value: "nl", Label: "Dutch"},
		{Value: "fr", Label: "French"},
		{Value: "de", Label: "German"},
		{Value: "it", Label: "Italian"},
		{Value: "ja", Label: "Japanese"},
		{Value: "pl", Label: "Polish"},
		{Value: "pt", Label: "Portuguese"},
		{Value: "es", Label: "Spanish"},
		{Value: "sv", Label: "Swedish"},
		{Value: "uk", Label: "Ukrainian"},
	}}
	for _, c := range f.Choices {
		if c.Value == value {
			return f
		}
	}
	f.Choices = append(f.Choices, ui.Choice{Value: value, Label: value})
	return f
}

// check says what is wrong with the link before anything is asked, and whether nothing is.
func (f *scanForm) check() bool {
	u, err := url.Parse(f.URL.Value)
	switch {
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "":
		return true
	case !strings.Contains(f.URL.Value, ":/") && strings.Contains(f.URL.Value, "."):
		f.URL.Error = "Enter the whole link, with https:// in front."
	default:
		f.URL.Error = "This is not a link. A link looks like https://go.example.com/click?offer_id=10&pub_id=22."
	}
	return false
}

// fail says beside the fields what the service said against them, and whether it did.
func (f *scanForm) fail(p *ui.Page, err error) bool {
	errs, isAboutForm := p.ErrorsOf(err, "url", "device", "language")
	if isAboutForm {
		f.URL.Error, f.Device.Error, f.Language.Error = strings.TrimSpace(errs["url"]+" "+errs[""]), errs["device"], errs["language"]
	}
	return isAboutForm
}

package console

import (
	"net/http"
	"net/url"
	"strings"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/internal/pasted"
)

func scanRoutes() []route {
	return []route{get("tools/scan", showScan), get("tools/scan/live", scanLive)}
}

// scanHref returns the address that scans a link.
func scanHref(link string) string {
	return at("tools", "scan") + "?" + url.Values{"url": {link}}.Encode()
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
type scanForm struct{ URL, Device, Language field }

// showScan shows the Scan Tool. With a link it answers at once, and the page then has the scan told
// live, which may take half a minute; with `wait` in the address, the answer is the result.
func showScan(_ http.ResponseWriter, r *http.Request, p *page) error {
	query := r.URL.Query()
	view := scanView{Form: scanFormOf(query)}
	p.Title, p.Section = "Scan Tool", "tools/scan"
	p.Lead = "Follows a link as a visitor would and shows what becomes of the click and the code. It makes no click and no sale."
	if view.Form.URL.Value == "" {
		return p.show("scan", view)
	}
	if !view.Form.check() {
		return p.showAs(http.StatusUnprocessableEntity, "scan", view)
	}
	if query.Get("wait") == "" {
		view.Live = at("tools", "scan", "live") + "?" + query.Encode()
		query.Set("wait", "1")
		view.Wait = at("tools", "scan") + "?" + query.Encode()
		return p.show("scan", view)
	}
	found, err := trackingv1.NewScanServiceClient(p.tracking).ScanLink(r.Context(), &trackingv1.ScanLinkRequest{
		Url: view.Form.URL.Value, Device: scanDevice(view.Form.Device.Value), Language: view.Form.Language.Value,
	})
	if err != nil && !view.Form.fail(p, err) {
		return err
	}
	if err == nil {
		view.Result = p.scanResultOf(view.Form.URL.Value, found)
	}
	return p.show("scan", view)
}

func scanDevice(name string) trackingv1.ScanLinkRequest_Device {
	return trackingv1.ScanLinkRequest_Device(trackingv1.ScanLinkRequest_Device_value[name])
}

func scanFormOf(query url.Values) scanForm {
	return scanForm{
		URL: field{
			Name: "url", Label: "Link", Kind: "url", Value: pasted.Trim(query.Get("url")), IsRequired: true, Autofocus: query.Get("url") == "",
			Placeholder: "https://go.example.com/click?offer_id=10&pub_id=22&coupon_code=SALEXYZ20", Hint: "A tracking link, its short form, or any other link.",
		},
		Device: deviceField(query.Get("device")), Language: languageField(query.Get("language")),
	}
}

func deviceField(value string) field {
	if value != "PHONE" {
		value = "DESKTOP"
	}
	return field{Name: "device", Label: "Device", Kind: "select", Value: value, Choices: []choice{{"DESKTOP", "Desktop"}, {"PHONE", "Phone"}}}
}

// languageField offers the languages that shops are mostly written in. Another, given in the address, is
// kept.
func languageField(value string) field {
	if value == "" {
		value = "en"
	}
	f := field{Name: "language", Label: "Language", Kind: "select", Value: value, Choices: []choice{
		{"en", "English"},
		{"cs", "Czech"},
		{"da", "Danish"},
		{"nl", "Dutch"},
		{"fr", "French"},
		{"de", "German"},
		{"it", "Italian"},
		{"ja", "Japanese"},
		{"pl", "Polish"},
		{"pt", "Portuguese"},
		{"es", "Spanish"},
		{"sv", "Swedish"},
		{"uk", "Ukrainian"},
	}}
	for _, c := range f.Choices {
		if c.Value == value {
			return f
		}
	}
	f.Choices = append(f.Choices, choice{value, value})
	return f
}

// check says what is wrong with the link before anything is asked, and whether nothing is.
func (f *scanForm) check() bool {
	u, err := url.Parse(f.URL.Value)
	switch {
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "":
		return true
	case !strings.Contains(f.URL.Value, ":/") && strings.Contains(f.URL.Value, "."):
		f.URL.Error = "Write the whole link, with https:// in front."
	default:
		f.URL.Error = "This is no link. One looks like https://go.example.com/click?offer_id=10&pub_id=22."
	}
	return false
}

// fail says beside the fields what the service said against them, and whether it did.
func (f *scanForm) fail(p *page, err error) bool {
	errs, isAboutForm := p.errorsOf(err, "url", "device", "language")
	if isAboutForm {
		f.URL.Error, f.Device.Error, f.Language.Error = strings.TrimSpace(errs["url"]+" "+errs[""]), errs["device"], errs["language"]
	}
	return isAboutForm
}

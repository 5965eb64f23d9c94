package scan

import (
	"net/http"
	"strings"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
	"github.com/couponlink/couponlink/services/gateway/internal/console/ui"
	"github.com/couponlink/couponlink/services/internal/resource"
)

func offerRoutes() []ui.Route {
	return []ui.Route{
		ui.Get("offers/{offer}/scans", listOfferScans),
		ui.Post("offers/{offer}/scans", startOfferScan),
		ui.Get("offers/{offer}/scans/{scan}", showOfferScan),
		ui.Post("offers/{offer}/scans/{scan}/cancel", cancelOfferScan),
	}
}

type offerScansView struct {
	ID               string
	Device, Language ui.Field
	// Failure says why no scan was started.
	Failure string
	// Running is the scan that is under way; nil: none is.
	Running *ui.Link
	Table   ui.Table
}

func listOfferScans(_ http.ResponseWriter, _ *http.Request, p *ui.Page) error {
	return showOfferScans(p, http.StatusOK, "")
}

func showOfferScans(p *ui.Page, status int, failure string) error {
	o, err := p.Offer()
	if err != nil {
		return err
	}
	l := p.ListOf("create_time")
	id := ui.IDOf(o.GetName())
	resp, err := p.Scans().ListOfferScans(p.Request.Context(), &trackingv1.ListOfferScansRequest{Parent: o.GetName(), PageToken: l.PageToken()})
	if err != nil {
		return err
	}
	p.OfferPage(o, "offers/{offer}/scans")
	view := offerScansView{
		ID: id, Device: deviceField(p.Request.PostFormValue("device")), Language: languageField(p.Request.PostFormValue("language")),
		Failure: failure, Table: offerScansTable(p, l, id, resp),
	}
	if scans := resp.GetOfferScans(); len(scans) > 0 && scans[0].GetState() == trackingv1.OfferScan_RUNNING {
		view.Running = &ui.Link{Label: "Show it", Href: ui.Href("offers", id, "scans", ui.IDOf(scans[0].GetName()))}
	}
	return p.ShowAs(status, "offer-scans", view)
}

func offerScansTable(p *ui.Page, l ui.List, offer string, resp *trackingv1.ListOfferScansResponse) ui.Table {
	t := ui.Table{
		ID: "scans-table", Caption: "Scans of this offer's links", Pager: l.Pager(resp.GetNextPageToken()),
		Columns: []ui.Column{{Label: "Started"}, {Label: "State"}, {Label: "Device"}, {Label: "Links", IsNumber: true}, {Label: "With errors", IsNumber: true}, {Label: "With warnings", IsNumber: true}},
		Empty:   ui.Empty{Title: "No scans yet", Text: "A scan follows the tracking links of all coupons of this offer, one after the other, and says what to fix. Start one above."},
	}
	for _, scan := range resp.GetOfferScans() {
		id := ui.IDOf(scan.GetName())
		t.Rows = append(t.Rows, ui.Row{Key: id, Label: id, Cells: []ui.Cell{
			{Text: format.DateTime(scan.GetCreateTime().AsTime(), p.Zone), Href: ui.Href("offers", offer, "scans", id)},
			{Badge: scanStateBadge(scan.GetState())},
			{Text: deviceLabel(scan.GetDevice())},
			{Text: format.Number(int64(scan.GetScannedCount())) + " of " + format.Number(int64(scan.GetLinkCount()))},
			{Text: format.Number(int64(scan.GetErrorCount()))},
			{Text: format.Number(int64(scan.GetWarningCount()))},
		}})
	}
	return t
}

func scanStateBadge(state trackingv1.OfferScan_State) *ui.Badge {
	switch state {
	case trackingv1.OfferScan_RUNNING:
		return &ui.Badge{Text: "Running", Tone: "wait"}
	case trackingv1.OfferScan_DONE:
		return &ui.Badge{Text: "Done", Tone: "good"}
	case trackingv1.OfferScan_CANCELLED:
		return &ui.Badge{Text: "Cancelled", Tone: "quiet"}
	default:
		return &ui.Badge{Text: state.String(), Tone: "quiet"}
	}
}

func deviceLabel(device trackingv1.ScanLinkRequest_Device) string {
	if device == trackingv1.ScanLinkRequest_PHONE {
		return "Phone"
	}
	return "Desktop"
}

func startOfferScan(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	started, err := p.Scans().CreateOfferScan(r.Context(), &trackingv1.CreateOfferScanRequest{
		Parent:    resource.Offer(r.PathValue("offer")),
		OfferScan: &trackingv1.OfferScan{Device: scanDevice(r.PostFormValue("device")), Language: ui.Trimmed(r.PostForm, "language")},
	})
	if err == nil {
		p.GoTo(ui.Href("offers", r.PathValue("offer"), "scans", ui.IDOf(started.GetName())))
		return nil
	}
	errs, isAboutForm := p.ErrorsOf(err)
	if !isAboutForm {
		return err
	}
	return showOfferScans(p, http.StatusUnprocessableEntity, errs[""])
}

// offerScanView is a scan: how far it is, and what it has found.
type offerScanView struct {
	ID, Scan string
	State    *ui.Badge
	// IsRunning makes the page ask again every two seconds.
	IsRunning        bool
	Path, CancelPath string
	Scanned, Links   int32
	Counts           []scanCount
	Began, Ended     time.Time
	Device, Language string
	Results          []scannedLink
	// Only is the filter that is on: `` or `problems`.
	All, Problems ui.Link
	OnlyProblems  bool
	Pager         ui.Pager
}

type scanCount struct {
	N    int32
	Text string
}

// scannedLink is what was found about one link.
type scannedLink struct {
	Code, Publisher, Href, ScanHref string
	State                           *ui.Badge
	Problems                        []scanProblem
	Final                           string
	Hops                            int32
}

func showOfferScan(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	name := resource.Scan(r.PathValue("offer"), r.PathValue("scan"))
	scan, err := p.Scans().GetOfferScan(r.Context(), &trackingv1.GetOfferScanRequest{Name: name})
	if err != nil {
		return err
	}
	l := p.ListOf("coupon")
	view := offerScanOf(p, scan, l)
	if p.Fragment() == "scan-progress" {
		if !view.IsRunning {
			p.GoTo(r.URL.RequestURI()) // it has ended: show the whole page, with all results
			return nil
		}
		return p.Show("offer-scan", view)
	}
	var offer ui.Answered[*couponv1.Offer]
	if offer.Value, offer.Err = p.Offer(); offer.Err != nil {
		return offer.Err
	}
	filter := ""
	if view.OnlyProblems {
		filter = "ok = false"
	}
	resp, err := p.Scans().ListOfferScanResults(r.Context(), &trackingv1.ListOfferScanResultsRequest{Parent: name, Filter: filter, PageToken: l.PageToken()})
	if err != nil {
		return err
	}
	view.Pager = l.Pager(resp.GetNextPageToken())
	view.Results = scannedLinks(p, scan, resp.GetOfferScanResults())
	p.OfferPage(offer.Value, "offers/{offer}/scans")
	p.Crumbs = append(p.Crumbs, ui.Link{Label: offer.Value.GetDisplayName(), Href: ui.Href("offers", view.ID)}, ui.Link{Label: "Scans", Href: ui.Href("offers", view.ID, "scans")})
	p.Title = "Scan of " + format.DateTime(view.Began, p.Zone)
	return p.Show("offer-scan", view)
}

func offerScanOf(p *ui.Page, scan *trackingv1.OfferScan, l ui.List) offerScanView {
	offer, id := p.Request.PathValue("offer"), p.Request.PathValue("scan")
	view := offerScanView{
		ID: offer, Scan: id, State: scanStateBadge(scan.GetState()), IsRunning: scan.GetState() == trackingv1.OfferScan_RUNNING,
		Path: p.Request.URL.RequestURI(), CancelPath: ui.Href("offers", offer, "scans", id, "cancel"),
		Scanned: scan.GetScannedCount(), Links: scan.GetLinkCount(), Began: scan.GetCreateTime().AsTime(),
		Device: deviceLabel(scan.GetDevice()), Language: scan.GetLanguage(), OnlyProblems: l.Get("show") == "errors",
		All: ui.Link{Label: "All links", Href: l.With("show", "")}, Problems: ui.Link{Label: "Only with errors", Href: l.With("show", "errors")},
		Counts: []scanCount{
			{scan.GetErrorCount(), "with errors"},
			{scan.GetWarningCount(), "with warnings only"},
			{scan.GetScannedCount() - scan.GetErrorCount() - scan.GetWarningCount(), "without problems"},
		},
	}
	if t := scan.GetEndTime(); t != nil {
		view.Ended = t.AsTime()
	}
	return view
}

// scannedLinks are a page of results. Each leads to its own scan with all hops.
func scannedLinks(p *ui.Page, scan *trackingv1.OfferScan, results []*trackingv1.OfferScanResult) []scannedLink {
	var publishers []string
	for _, result := range results {
		publisher, _, _ := strings.Cut(ui.IDOf(result.GetCoupon()), ".")
		publishers = append(publishers, publisher)
	}
	called := p.PublisherNames(p.Request.Context(), publishers)
	var links []scannedLink
	for _, result := range results {
		publisher, code, _ := strings.Cut(ui.IDOf(result.GetCoupon()), ".")
		one := scannedLink{
			Code: code, Publisher: format.OrElse(called[publisher], publisher), Problems: scanProblems(result.GetProblems()), Final: format.HostOf(result.GetFinalUrl()), Hops: result.GetHopCount(),
			ScanHref: ui.ScanHref(result.GetTrackingLink()) + "&device=" + scan.GetDevice().String(), State: &ui.Badge{Text: "Works", Tone: "good"},
		}
		if p.Has("offers/{offer}/coupons/{coupon}") {
			one.Href = ui.Href("offers", p.Request.PathValue("offer"), "coupons", publisher+"."+code)
		}
		switch {
		case !result.GetOk():
			one.State = &ui.Badge{Text: "Error", Tone: "bad"}
		case len(one.Problems) > 0:
			one.State = &ui.Badge{Text: "Warning", Tone: "wait"}
		}
		links = append(links, one)
	}
	return links
}

func cancelOfferScan(_ http.ResponseWriter, r *http.Request, p *ui.Page) error {
	offer, scan := r.PathValue("offer"), r.PathValue("scan")
	ended, err := p.Scans().CancelOfferScan(r.Context(), &trackingv1.CancelOfferScanRequest{Name: resource.Scan(offer, scan)})
	if err != nil {
		return err
	}
	text := "The scan is cancelled. What it has found stays."
	if ended.GetState() == trackingv1.OfferScan_DONE {
		text = "The scan was done already."
	}
	return p.Done(ui.Href("offers", offer, "scans", scan), ui.Toast{Text: text})
}

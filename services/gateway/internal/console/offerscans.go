package console

import (
	"net/http"
	"strings"
	"time"

	couponv1 "github.com/couponlink/couponlink/gen/go/couponlink/coupon/v1"
	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/internal/format"
)

func offerScanRoutes() []route {
	return []route{
		get("offers/{offer}/scans", listOfferScans),
		post("offers/{offer}/scans", startOfferScan),
		get("offers/{offer}/scans/{scan}", showOfferScan),
		post("offers/{offer}/scans/{scan}/cancel", cancelOfferScan),
	}
}

type offerScansView struct {
	ID               string
	Device, Language field
	// Failure says why no scan was started.
	Failure string
	// Running is the scan that is under way; nil: none is.
	Running *link
	Table   table
}

func (p *page) scans() trackingv1.ScanServiceClient {
	return trackingv1.NewScanServiceClient(p.tracking)
}

func listOfferScans(_ http.ResponseWriter, _ *http.Request, p *page) error {
	return p.showOfferScans(http.StatusOK, "")
}

func (p *page) showOfferScans(status int, failure string) error {
	o, err := p.offer()
	if err != nil {
		return err
	}
	l := p.listOf("create_time")
	id := idOf(o.GetName())
	resp, err := p.scans().ListOfferScans(p.r.Context(), &trackingv1.ListOfferScansRequest{Parent: o.GetName(), PageToken: l.PageToken()})
	if err != nil {
		return err
	}
	p.offerPage(o, "offers/{offer}/scans")
	view := offerScansView{
		ID: id, Device: deviceField(p.r.PostFormValue("device")), Language: languageField(p.r.PostFormValue("language")),
		Failure: failure, Table: p.offerScansTable(l, id, resp),
	}
	if scans := resp.GetOfferScans(); len(scans) > 0 && scans[0].GetState() == trackingv1.OfferScan_RUNNING {
		view.Running = &link{Label: "Show it", Href: at("offers", id, "scans", idOf(scans[0].GetName()))}
	}
	return p.showAs(status, "offer-scans", view)
}

func (p *page) offerScansTable(l list, offer string, resp *trackingv1.ListOfferScansResponse) table {
	t := table{
		ID: "scans-table", Caption: "Scans of this offer's links", Pager: l.pager(resp.GetNextPageToken()),
		Columns: []column{{Label: "Started"}, {Label: "State"}, {Label: "Device"}, {Label: "Links", IsNumber: true}, {Label: "With errors", IsNumber: true}, {Label: "With warnings", IsNumber: true}},
		Empty:   empty{Title: "No scans yet", Text: "A scan follows the tracking links of all coupons of this offer, one after the other, and says what to mend. Start one above."},
	}
	for _, scan := range resp.GetOfferScans() {
		id := idOf(scan.GetName())
		t.Rows = append(t.Rows, row{Key: id, Label: id, Cells: []cell{
			{Text: format.DateTime(scan.GetCreateTime().AsTime(), p.zone), Href: at("offers", offer, "scans", id)},
			{Badge: scanStateBadge(scan.GetState())},
			{Text: deviceLabel(scan.GetDevice())},
			{Text: format.Number(int64(scan.GetScannedCount())) + " of " + format.Number(int64(scan.GetLinkCount()))},
			{Text: format.Number(int64(scan.GetErrorCount()))},
			{Text: format.Number(int64(scan.GetWarningCount()))},
		}})
	}
	return t
}

func scanStateBadge(state trackingv1.OfferScan_State) *badge {
	switch state {
	case trackingv1.OfferScan_RUNNING:
		return &badge{"Running", "wait"}
	case trackingv1.OfferScan_DONE:
		return &badge{"Done", "good"}
	case trackingv1.OfferScan_CANCELLED:
		return &badge{"Cancelled", "quiet"}
	default:
		return &badge{state.String(), "quiet"}
	}
}

func deviceLabel(device trackingv1.ScanLinkRequest_Device) string {
	if device == trackingv1.ScanLinkRequest_PHONE {
		return "Phone"
	}
	return "Desktop"
}

func startOfferScan(_ http.ResponseWriter, r *http.Request, p *page) error {
	started, err := p.scans().CreateOfferScan(r.Context(), &trackingv1.CreateOfferScanRequest{
		Parent:    "offers/" + r.PathValue("offer"),
		OfferScan: &trackingv1.OfferScan{Device: scanDevice(r.PostFormValue("device")), Language: trimmed(r.PostForm, "language")},
	})
	if err == nil {
		p.goTo(at("offers", r.PathValue("offer"), "scans", idOf(started.GetName())))
		return nil
	}
	errs, isAboutForm := p.errorsOf(err)
	if !isAboutForm {
		return err
	}
	return p.showOfferScans(http.StatusUnprocessableEntity, errs[""])
}

// offerScanView is a scan: how far it is, and what it has found.
type offerScanView struct {
	ID, Scan string
	State    *badge
	// IsRunning makes the page ask again every two seconds.
	IsRunning        bool
	Path, CancelPath string
	Scanned, Links   int32
	Counts           []scanCount
	Began, Ended     time.Time
	Device, Language string
	Results          []scannedLink
	// Only is the filter that is on: `` or `problems`.
	All, Problems link
	OnlyProblems  bool
	Pager         pager
}

type scanCount struct {
	N    int32
	Text string
}

// scannedLink is what was found about one link.
type scannedLink struct {
	Code, Publisher, Href, ScanHref string
	State                           *badge
	Problems                        []scanProblem
	Final                           string
	Hops                            int32
}

func showOfferScan(_ http.ResponseWriter, r *http.Request, p *page) error {
	name := "offers/" + r.PathValue("offer") + "/scans/" + r.PathValue("scan")
	scan, err := p.scans().GetOfferScan(r.Context(), &trackingv1.GetOfferScanRequest{Name: name})
	if err != nil {
		return err
	}
	l := p.listOf("coupon")
	view := p.offerScanOf(scan, l)
	if p.fragment() == "scan-progress" {
		if !view.IsRunning {
			p.goTo(r.URL.RequestURI()) // it has ended: the page anew, with all results
			return nil
		}
		return p.show("offer-scan", view)
	}
	var offer answered[*couponv1.Offer]
	if offer.value, offer.err = p.offer(); offer.err != nil {
		return offer.err
	}
	filter := ""
	if view.OnlyProblems {
		filter = "ok = false"
	}
	resp, err := p.scans().ListOfferScanResults(r.Context(), &trackingv1.ListOfferScanResultsRequest{Parent: name, Filter: filter, PageToken: l.PageToken()})
	if err != nil {
		return err
	}
	view.Pager = l.pager(resp.GetNextPageToken())
	view.Results = p.scannedLinks(scan, resp.GetOfferScanResults())
	p.offerPage(offer.value, "offers/{offer}/scans")
	p.Crumbs = append(p.Crumbs, link{Label: offer.value.GetDisplayName(), Href: at("offers", view.ID)}, link{Label: "Scans", Href: at("offers", view.ID, "scans")})
	p.Title = "Scan of " + format.DateTime(view.Began, p.zone)
	return p.show("offer-scan", view)
}

func (p *page) offerScanOf(scan *trackingv1.OfferScan, l list) offerScanView {
	offer, id := p.r.PathValue("offer"), p.r.PathValue("scan")
	view := offerScanView{
		ID: offer, Scan: id, State: scanStateBadge(scan.GetState()), IsRunning: scan.GetState() == trackingv1.OfferScan_RUNNING,
		Path: p.r.URL.RequestURI(), CancelPath: at("offers", offer, "scans", id, "cancel"),
		Scanned: scan.GetScannedCount(), Links: scan.GetLinkCount(), Began: scan.GetCreateTime().AsTime(),
		Device: deviceLabel(scan.GetDevice()), Language: scan.GetLanguage(), OnlyProblems: l.Get("show") == "errors",
		All: link{Label: "All links", Href: l.with("show", "")}, Problems: link{Label: "Only with errors", Href: l.with("show", "errors")},
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
func (p *page) scannedLinks(scan *trackingv1.OfferScan, results []*trackingv1.OfferScanResult) []scannedLink {
	var publishers []string
	for _, result := range results {
		publisher, _, _ := strings.Cut(idOf(result.GetCoupon()), ".")
		publishers = append(publishers, publisher)
	}
	called := p.publisherNames(p.r.Context(), publishers)
	var links []scannedLink
	for _, result := range results {
		publisher, code, _ := strings.Cut(idOf(result.GetCoupon()), ".")
		one := scannedLink{
			Code: code, Publisher: orElse(called[publisher], publisher), Problems: scanProblems(result.GetProblems()), Final: hostOf(result.GetFinalUrl()), Hops: result.GetHopCount(),
			ScanHref: scanHref(result.GetTrackingLink()) + "&device=" + scan.GetDevice().String(), State: &badge{"Works", "good"},
		}
		if p.has("offers/{offer}/coupons/{coupon}") {
			one.Href = at("offers", p.r.PathValue("offer"), "coupons", publisher+"."+code)
		}
		switch {
		case !result.GetOk():
			one.State = &badge{"Error", "bad"}
		case len(one.Problems) > 0:
			one.State = &badge{"Warning", "wait"}
		}
		links = append(links, one)
	}
	return links
}

func cancelOfferScan(_ http.ResponseWriter, r *http.Request, p *page) error {
	offer, scan := r.PathValue("offer"), r.PathValue("scan")
	ended, err := p.scans().CancelOfferScan(r.Context(), &trackingv1.CancelOfferScanRequest{Name: "offers/" + offer + "/scans/" + scan})
	if err != nil {
		return err
	}
	text := "The scan is cancelled. What it has found stays."
	if ended.GetState() == trackingv1.OfferScan_DONE {
		text = "The scan was done already."
	}
	return p.done(at("offers", offer, "scans", scan), toast{Text: text})
}

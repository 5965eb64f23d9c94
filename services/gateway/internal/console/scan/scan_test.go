package scan_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	trackingv1 "github.com/couponlink/couponlink/gen/go/couponlink/tracking/v1"
	"github.com/couponlink/couponlink/services/gateway/internal/console/consoletest"
)

// lostOnTheWay is a scan of three hops where the click id is lost at the last.
func lostOnTheWay() *trackingv1.ScanLinkResponse {
	has := func(click, code bool) []*trackingv1.ScanParameter {
		return []*trackingv1.ScanParameter{{Name: "click_id", Present: click}, {Name: "coupon_code", Present: code}}
	}
	return &trackingv1.ScanLinkResponse{
		Link: &trackingv1.ScannedLink{Offer: "offers/10", OfferActive: true, Publisher: "publishers/22", CouponCode: consoletest.Hostile, Reason: "NOT_STARTED"},
		Hops: []*trackingv1.ScanHop{
			{Url: "https://go.example.com/click?offer_id=10", HttpStatus: 302, Kind: trackingv1.ScanHop_HTTP, Location: "https://mid.example.com/?c=1", Parameters: has(false, true)},
			{Url: "https://mid.example.com/?c=1", HttpStatus: 301, Latency: durationpb.New(1250 * time.Millisecond), Kind: trackingv1.ScanHop_META_REFRESH, Location: "https://shop.example.com/", Cookies: []string{consoletest.Hostile}, Parameters: has(true, true)},
			{Url: "https://shop.example.com/" + consoletest.Hostile, HttpStatus: 200, Latency: durationpb.New(80 * time.Millisecond), Parameters: has(false, true)},
		},
		FinalUrl: "https://shop.example.com/" + consoletest.Hostile, ClickId: "c1", CouponCodeArrived: true,
		Problems: []*trackingv1.ScanProblem{
			{Severity: trackingv1.ScanProblem_ERROR, Reason: "CLICK_ID_LOST", Message: consoletest.Hostile, Mend: "Have the owner pass it on.", Hop: 2},
			{Severity: trackingv1.ScanProblem_WARNING, Reason: "SLOW_HOP", Message: "Slow.", Hop: 2},
		},
		Verdict: &trackingv1.ScanVerdict{Outcome: "UNATTRIBUTED", Reason: "EXPIRED", Message: "the code has expired"},
	}
}

const (
	scanQuery = "?device=PHONE&language=de&url=https%3A%2F%2Fgo.example.com%2Fclick%3Foffer_id%3D10"
	scanPath  = "/console/tools/scan" + scanQuery
	livePath  = "/console/tools/scan/live" + scanQuery
)

// foundOnTheWay is what pages say of lostOnTheWay.
var foundOnTheWay = []string{
	"This link does not work as it should", "1 problem loses sales or visitors, and there is 1 thing to look at.", "What to do: Have the owner pass it on.", `href="#hop-2"`,
	`<dt>Publisher</dt><dd><a href="/console/publishers/22">&lt;script&gt;`, // by its name
	"Click id made here", "Click id lost here", "1,250 ms", "redirects by a refresh in its HTML", "The code has expired.", ">Not started<", `href="/console/offers/10/scans"`, "Scan as a desktop browser",
	// The picture: the click id is made, goes on, and is lost; the code comes all the way.
	`<td class="lane lane-on"><span class="stop made">Made here</span></td><td class="lane lane-on"><span class="stop yes">Yes</span></td>`,
	`<td class="lane lane-from lane-on"><span class="stop yes">Yes</span></td><td class="lane lane-from lane-on"><span class="stop yes">Yes</span></td>`,
	`<td class="lane lane-from"><span class="stop no">Lost here</span></td><td class="lane lane-from"><span class="stop yes">Yes</span></td>`,
}

func TestScanAnswersAtOnceAndThenScans(t *testing.T) {
	d := &consoletest.Desk{Scanned: lostOnTheWay()}
	b := consoletest.OpenDesk(t, d)
	first := b.Get(scanPath)
	consoletest.Expect(t, first, []string{
		"Scanning…", `data-live="/console/tools/scan/live?device=PHONE&amp;`, `value="https://go.example.com/click?offer_id=10"`, `<option value="PHONE" selected>`, `<option value="de" selected>`,
		`<noscript><meta http-equiv="refresh" content="0; url=/console/tools/scan?device=PHONE&amp;language=de&amp;url=https%3A%2F%2Fgo.example.com%2Fclick%3Foffer_id%3D10&amp;wait=1"></noscript>`,
	}, nil)
	if len(consoletest.Called[*trackingv1.ScanLinkRequest](d)) != 0 {
		t.Error("the page waited for the scan")
	}
	consoletest.Expect(t, b.Get(scanPath+"&wait=1"), append([]string{"</html>"}, foundOnTheWay...), []string{"Scanning…", "noscript", "data-live"})
	b.Get(livePath)
	asked, live := consoletest.Called[*trackingv1.ScanLinkRequest](d), consoletest.Called[*trackingv1.StreamScanLinkRequest](d)
	if len(asked) != 1 || len(live) != 1 {
		t.Fatalf("asked for %v, and live for %v", asked, live)
	}
	for _, req := range []interface {
		GetUrl() string
		GetDevice() trackingv1.ScanLinkRequest_Device
		GetLanguage() string
	}{asked[0], live[0]} {
		if req.GetUrl() != "https://go.example.com/click?offer_id=10" || req.GetDevice() != trackingv1.ScanLinkRequest_PHONE || req.GetLanguage() != "de" {
			t.Errorf("asked for %v", req)
		}
	}
}

// eventsOf reads an answer of server-sent events as browsers do: the names, and the data of each.
func eventsOf(t *testing.T, body string) (names, data []string) {
	t.Helper()
	for event := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n\n") {
		lines := strings.Split(event, "\n")
		name, ok := strings.CutPrefix(lines[0], "event: ")
		if !ok {
			t.Fatalf("an event begins with %q", lines[0])
		}
		for i, line := range lines[1:] {
			if lines[i+1], ok = strings.CutPrefix(line, "data: "); !ok {
				t.Fatalf("a line of an event is %q", line)
			}
		}
		names, data = append(names, name), append(data, strings.Join(lines[1:], "\n"))
	}
	return names, data
}

func TestScanIsToldLive(t *testing.T) {
	b := consoletest.OpenDesk(t, &consoletest.Desk{Scanned: lostOnTheWay()})
	a := b.Get(livePath)
	if kind := a.Header.Get("Content-Type"); kind != "text/event-stream; charset=utf-8" {
		t.Errorf("the answer is %q", kind)
	}
	names, data := eventsOf(t, a.Body)
	if got := strings.Join(names, " "); got != "hop hop hop end" {
		t.Fatalf("told are %s", got)
	}
	for i, want := range []string{`data-next="https://mid.example.com/?c=1"`, "1,250 ms", "Click id lost here"} {
		if !strings.HasPrefix(data[i], `<li id="hop-`) || !strings.Contains(data[i], want) || strings.Contains(data[i], "<script>") {
			t.Errorf("hop %d is told as %s, want %s in it", i+1, data[i], want)
		}
	}
	a.Body = data[3]
	consoletest.Expect(t, a, foundOnTheWay, []string{"<html", "Scanning…"})
}

func TestScanOfAGoodLinkAndOfAStrangersLink(t *testing.T) {
	d := &consoletest.Desk{Scanned: &trackingv1.ScanLinkResponse{Ok: true, Hops: []*trackingv1.ScanHop{{Url: "https://x.example.com/", HttpStatus: 200}}, FinalUrl: "https://x.example.com/"}}
	consoletest.Expect(t, consoletest.OpenDesk(t, d).Get(scanPath+"&wait=1"), []string{"This link works", "Nothing to fix was found.", "not a tracking link of this installation"}, []string{"What to fix", "Parameters at each hop"})
}

func TestScanSaysWhatIsWrong(t *testing.T) {
	b := consoletest.OpenDesk(t, &consoletest.Desk{})
	consoletest.Expect(t, b.Get("/console/tools/scan"), []string{"Which link?"}, []string{"Scanning…"})
	for typed, want := range map[string]string{"go.example.com/click": "with https:// in front", consoletest.Hostile: "This is not a link.", "javascript:alert(1)": "This is not a link."} {
		a := b.Get("/console/tools/scan?" + url.Values{"url": {typed}}.Encode())
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) || strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, "Scanning…") {
			t.Errorf("%q: status %d, want %q:\n%s", typed, a.Status, want, a.Body)
		}
	}
	refused := consoletest.OpenDesk(t, &consoletest.Desk{Refusal: status.Error(codes.InvalidArgument, "url: has a user name in it; leave it out")})
	consoletest.Expect(t, refused.Get(livePath), []string{"event: end", "leave it out", `role="alert"`}, []string{"event: hop"})
	consoletest.Expect(t, refused.Get(scanPath+"&wait=1"), []string{"leave it out", `aria-invalid="true"`}, []string{"data-live"})
	if a := refused.Get("/console/tools/scan/live?url=shop"); a.Status != http.StatusBadRequest {
		t.Errorf("no link: status %d", a.Status)
	}
	silent := consoletest.OpenDesk(t, &consoletest.Desk{Silent: map[string]bool{"ScanLink": true, "StreamScanLink": true}})
	consoletest.Expect(t, silent.Get(livePath), []string{"event: end", "Not reachable right now"}, []string{"event: hop", "secret address"})
	if a := silent.Get(scanPath + "&wait=1"); a.Status != http.StatusServiceUnavailable {
		t.Errorf("without scripts: status %d", a.Status)
	}
}

func running() *trackingv1.OfferScan {
	return &trackingv1.OfferScan{
		Name: "offers/10/scans/s1", State: trackingv1.OfferScan_RUNNING, Device: trackingv1.ScanLinkRequest_PHONE, Language: "de",
		LinkCount: 40, ScannedCount: 12, ErrorCount: 3, WarningCount: 2, CreateTime: timestamppb.New(consoletest.NewClock().Time),
	}
}

func TestOfferScan(t *testing.T) {
	d := &consoletest.Desk{OfferScan: running()}
	b := consoletest.OpenDesk(t, d)
	consoletest.Expect(t, b.Get("/console/offers/10/scans"), []string{"12 of 40", "Running", `href="/console/offers/10/scans/s1"`, "under way"}, []string{"Start the scan"})
	if a := b.Post("/console/offers/10/scans", "device", "PHONE", "language", "de"); a.Header.Get("Location") != "/console/offers/10/scans/s1" {
		t.Errorf("started: status %d to %q", a.Status, a.Header.Get("Location"))
	}
	if reqs := consoletest.Called[*trackingv1.CreateOfferScanRequest](d); len(reqs) != 1 || reqs[0].GetParent() != "offers/10" || reqs[0].GetOfferScan().GetLanguage() != "de" || reqs[0].GetOfferScan().GetDevice() != trackingv1.ScanLinkRequest_PHONE {
		t.Errorf("started by %v", reqs)
	}
	consoletest.Expect(t, b.Get("/console/offers/10/scans/s1?show=errors"), []string{
		`hx-trigger="every 2s"`, "12 of 40 links", "<strong>3</strong> with errors", "<strong>7</strong> without problems", "SALEXYZ20", "Mend it.", "Cancel the scan",
	}, nil)
	if reqs := consoletest.Called[*trackingv1.ListOfferScanResultsRequest](d); len(reqs) != 1 || reqs[0].GetFilter() != "ok = false" || reqs[0].GetParent() != "offers/10/scans/s1" {
		t.Errorf("results by %v", reqs)
	}
	part := b.Get("/console/offers/10/scans/s1", "HX-Request", "true", "HX-Target", "div#scan-progress")
	consoletest.Expect(t, part, []string{`hx-trigger="every 2s"`}, []string{"<html", "SALEXYZ20"})
	if a := b.Post("/console/offers/10/scans/s1/cancel"); a.Header.Get("Location") != "/console/offers/10/scans/s1" {
		t.Errorf("cancelled: status %d to %q", a.Status, a.Header.Get("Location"))
	}
	if reqs := consoletest.Called[*trackingv1.CancelOfferScanRequest](d); len(reqs) != 1 || reqs[0].GetName() != "offers/10/scans/s1" {
		t.Errorf("cancelled by %v", reqs)
	}
	if a := b.Do(http.MethodPost, "/console/offers/10/scans", url.Values{"device": {"PHONE"}}, "Sec-Fetch-Site", "cross-site"); a.Status != http.StatusForbidden {
		t.Errorf("started from another site: status %d", a.Status)
	}
}

func TestOfferScanEnds(t *testing.T) {
	ended := running()
	ended.State, ended.EndTime = trackingv1.OfferScan_DONE, timestamppb.New(consoletest.NewClock().Time)
	b := consoletest.OpenDesk(t, &consoletest.Desk{OfferScan: ended})
	if a := b.Get("/console/offers/10/scans/s1", "HX-Request", "true", "HX-Target", "div#scan-progress"); a.Header.Get("HX-Redirect") != "/console/offers/10/scans/s1" {
		t.Errorf("the page is not shown anew: %v", a.Header)
	}
	consoletest.Expect(t, b.Get("/console/offers/10/scans/s1"), []string{"Done"}, []string{"hx-trigger", "Cancel the scan"})
	consoletest.Expect(t, b.Get("/console/offers/10/scans"), []string{"Start the scan"}, nil)
}

func TestOfferScanIsRefusedWithWords(t *testing.T) {
	d := &consoletest.Desk{OfferScan: running()}
	b := consoletest.OpenDesk(t, d)
	d.Refusal = status.Error(codes.FailedPrecondition, "another scan of offer 10 is running")
	a := b.Do(http.MethodPost, "/console/offers/10/scans", url.Values{})
	if a.Status != http.StatusConflict && a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "nother scan of offer 10 is running.") {
		t.Errorf("status %d:\n%s", a.Status, a.Body)
	}
}
